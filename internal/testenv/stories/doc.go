// Package stories tells the access pages of the five products, and related situations, as stories of people who use a whole server. It contains
// only tests, which must not bypass the API.
package stories
