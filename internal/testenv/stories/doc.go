// Package stories tells the access pages of the five products, and what goes on around them, as stories of people against a whole server. It holds tests
// only, and must not reach past the API.
package stories
