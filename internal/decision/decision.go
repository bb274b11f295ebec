// Package decision answers every question about access: single decisions, batches, searches for subjects, resources and actions, explanations,
// and reviews of who has access through what.
//
// It owns who can ask which questions (C6, C7, B3), which values of a request reach the engine (C2), and what an answer contains besides allowed
// or denied. It must not change facts, and it never grants by itself: facts say who a subject is and where a resource belongs, and the engine
// decides.
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

// Directory provides views of the facts; FromStore makes one from the store.
type Directory interface {
	View(ctx context.Context, fn func(Facts) error) error
	// Recall is View for decisions: it may call fn again, and can return facts from a cache, which must not be modified. They include every change
	// that this server has answered, and, if newest is true, those of other servers.
	Recall(ctx context.Context, newest bool, fn func(Facts) error) error
}

// Facts are the facts that a decision needs in addition to the engine's answer.
type Facts interface {
	// User returns the user, tombstones included.
	User(id access.UserID) (access.User, bool, error)
	// ActiveUsers lists, by ID, the users who are neither deleted nor inactive: all of them, or, if of is set, those with a role or their home in
	// that organization. It returns at most limit users after the given one.
	ActiveUsers(of access.OrganizationID, after access.UserID, limit int) ([]access.UserID, error)
	// OrganizationOf returns the object's organization, and false if the object or its organization does not exist.
	OrganizationOf(o access.Object) (access.OrganizationID, bool, error)
	Organization(id access.OrganizationID) (access.Organization, bool, error)
	// Resource returns a document, an MCP server or a metric.
	Resource(t access.Type, id string) (access.Resource, bool, error)
	// ResourceIDs lists a chatbot's documents, MCP servers or metrics by ID: at most limit of those after the given one.
	ResourceIDs(t access.Type, of access.ChatbotID, after string, limit int) ([]string, error)
	Feature(chatbot access.ChatbotID, name string) (access.Feature, bool, error)
	Features(chatbot access.ChatbotID, after string, limit int) ([]access.Feature, error)

	Belongings
	ChatbotFacts
}

// Belongings are the places where a user belongs, as an explanation names them. *store.Tx documents each.
type Belongings interface {
	PlatformGrants(user access.UserID) ([]access.PlatformRole, error)
	Memberships(user access.UserID) ([]access.Membership, error)
	TeamMembership(team access.TeamID, user access.UserID) (access.TeamMembership, bool, error)
	TeamsOf(user access.UserID) ([]access.TeamMembership, error)
	OuterTeams(inner access.TeamID) ([]access.TeamID, error)
	RolesOf(user access.UserID) ([]access.RoleID, error)
	GroupsOf(member access.Principal) ([]access.GroupID, error)
}

// ChatbotFacts are the facts that decide about one chatbot, and the lists that find the users connected with it.
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
	// KeyOfSecret returns the ID of the chatbot's API key with that secret, and false for an unknown secret. Only if newest is true does it have to
	// know the changes of other servers. If nil, no key is known.
	KeyOfSecret func(ctx context.Context, secret string, newest bool) (access.KeyID, bool, error)
	// Fresh returns the freshness that the engine's state needs: it includes everything this server has answered, and if newest is true everything
	// any server has. If nil, every decision uses the newest state.
	Fresh     func(ctx context.Context, newest bool) (spice.Freshness, error)
	Extension *spice.Extension      // or nil
	Recording Recording             // which decisions are recorded (H3); "" is none
	Recorder  Recorder              // records them; required unless none are recorded
	Metrics   prometheus.Registerer // metrics, or nil
	Now       func() time.Time      // nil means time.Now
}

// Service answers questions. It is safe for concurrent use.
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
