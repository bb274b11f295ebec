// Package plain implements the access model a second time, as plainly as possible: facts in slices, rules in loops, one comment for each rule.
//
// Tests compare the engine with it. It therefore shares nothing with the schema and the folding except the domain's vocabulary, and it is neither
// fast nor part of any server. Decide answers a question about a World; Generate creates random worlds that the write rules allow; Questions
// lists everything that can be asked about one.
package plain

import "github.com/grantway/grantway/internal/access"

// World is all the facts there are at one moment.
type World struct {
	Users            []access.User
	PlatformGrants   []access.PlatformGrant
	Organizations    []access.Organization
	Memberships      []access.Membership
	Teams            []access.Team
	TeamMemberships  []access.TeamMembership
	Nestings         []access.TeamNesting
	Roles            []access.Role
	Assignments      []access.RoleAssignment
	Groups           []access.Group
	GroupMemberships []access.GroupMembership
	Chatbots         []access.Chatbot
	Shares           []access.Share
	Rows             []access.Row
	Policies         []access.Policy
	Resources        []access.Resource
	Features         []access.Feature
	APIKeys          []access.APIKey
	Requests         []access.Request // which decide nothing (S4–S9)
}
