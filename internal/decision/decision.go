// Package decision answers every question about access: one, many at once, the searches for subjects, resources and actions, why an answer
// is as it is, and who has what through what.
//
// It owns who may ask what (C6, C7, B3), which values a question carries to the engine (C2), and what an answer says besides yes and no.
// It changes nothing, and it grants nothing by itself: the facts tell who a subject is and what belongs where, and whether something is
// allowed is for the engine to say.
package decision

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// Engine takes the decisions; *spice.Client is one.
type Engine interface {
	Check(ctx context.Context, f spice.Freshness, q spice.Question) (spice.Answer, error)
	CheckAll(ctx context.Context, f spice.Freshness, qs []spice.Question) ([]spice.Answer, error)
	Trace(ctx context.Context, f spice.Freshness, q spice.Question) (spice.Trace, error)
	Resources(ctx context.Context, f spice.Freshness, q spice.Question, each func(id string) error) error
	Subjects(ctx context.Context, f spice.Freshness, q spice.Question, each func(id string) error) error
}

// Directory gives a look at the facts as they are at one moment; FromStore makes one of the store.
type Directory interface {
	View(ctx context.Context, fn func(Facts) error) error
	// Recall is View for every question: it may call fn again, and give facts from memory, which are not to be changed. They include every change that
	// this server has answered, and, if newest is true, those of the others.
	Recall(ctx context.Context, newest bool, fn func(Facts) error) error
}

// Facts are what a decision needs to know beside the engine's answer.
type Facts interface {
	// User gives the user, tombstones included.
	User(id access.UserID) (access.User, bool, error)
	// ActiveUsers lists by ID the users who are neither deleted nor inactive: all of them, or, where of is given, those with a role or their
	// home in that organization. It gives at most limit of those after the one named.
	ActiveUsers(of access.OrganizationID, after access.UserID, limit int) ([]access.UserID, error)
	// OrganizationOf gives the organization that the object belongs to, and false if there is none or no such object.
	OrganizationOf(o access.Object) (access.OrganizationID, bool, error)
	// Resource gives a document, an MCP server or a metric.
	Resource(t access.Type, id string) (access.Resource, bool, error)
	// ResourceIDs lists a chatbot's documents, MCP servers or metrics by ID, at most limit of those after the one named.
	ResourceIDs(t access.Type, of access.ChatbotID, after string, limit int) ([]string, error)
	Feature(chatbot access.ChatbotID, name string) (access.Feature, bool, error)

	Belongings
	ChatbotFacts
}

// Belongings are where a user belongs, as an explanation names it. *store.Tx says more about each.
type Belongings interface {
	PlatformGrants(user access.UserID) ([]access.PlatformRole, error)
	Memberships(user access.UserID) ([]access.Membership, error)
	TeamMembership(team access.TeamID, user access.UserID) (access.TeamMembership, bool, error)
	TeamsOf(user access.UserID) ([]access.TeamMembership, error)
	OuterTeams(inner access.TeamID) ([]access.TeamID, error)
	RolesOf(user access.UserID) ([]access.RoleID, error)
	GroupsOf(member access.Principal) ([]access.GroupID, error)
}

// ChatbotFacts are what decides about one chatbot, and the lists by which those with a part in it are found.
type ChatbotFacts interface {
	Chatbot(id access.ChatbotID) (access.Chatbot, bool, error)
	Share(chatbot access.ChatbotID, p access.Principal) (access.Share, bool, error)
	Row(chatbot access.ChatbotID, user access.UserID) (access.Row, bool, error)
	Policy(chatbot access.ChatbotID) (access.Policy, bool, error)

	Shares(chatbot access.ChatbotID, after string, limit int) ([]access.Share, error)
	Members(org access.OrganizationID, after access.UserID, limit int) ([]access.Membership, error)
	TeamMembers(team access.TeamID, after access.UserID, limit int) ([]access.TeamMembership, error)
	InnerTeams(outer access.TeamID) ([]access.TeamID, error)
	RoleAssignees(role access.RoleID, after access.UserID, limit int) ([]access.UserID, error)
	GroupMembers(group access.GroupID, after string, limit int) ([]access.Principal, error)
	UserByVerifiedEmail(email access.Email) (access.User, bool, error)
	AllPlatformGrants() ([]access.PlatformGrant, error)
}

// Config is what a Service needs.
type Config struct {
	Engine    Engine
	Directory Directory
	// KeyOfSecret gives the ID of the chatbot's API key with that secret, and false for a secret that is nobody's. What other servers have changed it
	// has to know at once only if newest is true. Nil knows no key.
	KeyOfSecret func(ctx context.Context, secret string, newest bool) (access.KeyID, bool, error)
	// LastChange is the token of the last change that this server applied, or "" when it has applied none since its start (C3). Nil asks for
	// the newest state always, which suits an engine that nobody else writes to: SpiceDB reads its whole schema again for each question
	// whose token is that of its newest state, since the tokens of relationships do not carry the schema's hash.
	LastChange func() spice.Token
	Extension  *spice.Extension      // or nil
	Recording  Recording             // which decisions are recorded (H3); "" is none
	Recorder   Recorder              // that takes them; needed unless none are
	Metrics    prometheus.Registerer // where decisions are counted, or nil
	Now        func() time.Time      // nil means time.Now
}

// Service answers. It is safe for concurrent use.
type Service struct {
	engine      Engine
	directory   Directory
	keyOfSecret func(ctx context.Context, secret string, newest bool) (access.KeyID, bool, error)
	lastChange  func() spice.Token
	extension   *spice.Extension
	recording   Recording
	recorder    Recorder
	figures     *figures
	now         func() time.Time
}

// New makes the service.
func New(c Config) *Service {
	s := &Service{
		engine: c.Engine, directory: c.Directory, keyOfSecret: c.KeyOfSecret, lastChange: c.LastChange, extension: c.Extension,
		recording: c.Recording, recorder: c.Recorder, figures: newFigures(c.Metrics), now: c.Now,
	}
	if s.keyOfSecret == nil {
		s.keyOfSecret = func(context.Context, string, bool) (access.KeyID, bool, error) { return "", false, nil }
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// freshness is as old as the answers may be: every one includes the last change of this server, and those that a caller names by their
// tokens (C3). The engine takes one token a question; where there is another one than ours, the newest state includes both.
func (s *Service) freshness(reqs []Request) spice.Freshness {
	if s.lastChange == nil {
		return spice.Newest
	}
	last := s.lastChange()
	for _, r := range reqs {
		if r.Newest || r.Token != "" && r.Token != last {
			return spice.Newest
		}
	}
	if last == "" {
		return spice.Newest // before its first change a server does not know what was answered before its start
	}
	return spice.AtLeast(last)
}
