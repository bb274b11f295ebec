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
	Objects(ctx context.Context, f spice.Freshness, of access.Object, relation string, limit uint32) ([]access.Object, error)
	Resources(ctx context.Context, f spice.Freshness, q spice.Question, each func(id string) error) error
	Subjects(ctx context.Context, f spice.Freshness, x *spice.Extension, q spice.Question, each func(id string) error) error
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
	Organization(id access.OrganizationID) (access.Organization, bool, error)
	// Resource gives a document, an MCP server or a metric.
	Resource(t access.Type, id string) (access.Resource, bool, error)
	// ResourceIDs lists a chatbot's documents, MCP servers or metrics by ID, at most limit of those after the one named.
	ResourceIDs(t access.Type, of access.ChatbotID, after string, limit int) ([]string, error)
	Feature(chatbot access.ChatbotID, name string) (access.Feature, bool, error)
	Features(chatbot access.ChatbotID, after string, limit int) ([]access.Feature, error)

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
	// Fresh says how fresh the state has to be that the engine answers from: it includes what this server has answered, and if newest is true what any
	// has. Nil asks for the newest state always.
	Fresh     func(ctx context.Context, newest bool) (spice.Freshness, error)
	Extension *spice.Extension      // or nil
	Recording Recording             // which decisions are recorded (H3); "" is none
	Recorder  Recorder              // that takes them; needed unless none are
	Metrics   prometheus.Registerer // where decisions are counted, or nil
	Now       func() time.Time      // nil means time.Now
}

// Service answers. It is safe for concurrent use.
type Service struct {
	engine      Engine
	directory   Directory
	keyOfSecret func(ctx context.Context, secret string, newest bool) (access.KeyID, bool, error)
	fresh       func(ctx context.Context, newest bool) (spice.Freshness, error)
	extension   *spice.Extension
	recording   Recording
	recorder    Recorder
	figures     *figures
	now         func() time.Time
}

// New makes the service.
func New(c Config) *Service {
	s := &Service{
		engine: c.Engine, directory: c.Directory, keyOfSecret: c.KeyOfSecret, fresh: c.Fresh, extension: c.Extension,
		recording: c.Recording, recorder: c.Recorder, figures: newFigures(c.Metrics), now: c.Now,
	}
	if s.keyOfSecret == nil {
		s.keyOfSecret = func(context.Context, string, bool) (access.KeyID, bool, error) { return "", false, nil }
	}
	if s.fresh == nil {
		s.fresh = func(context.Context, bool) (spice.Freshness, error) { return spice.Newest, nil }
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}
