package plain

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/schema"
)

func TestMain(m *testing.M) { backend.Main(m) }

// engine is a SpiceDB that holds one world after another.
type engine struct {
	client *spice.Client
	holds  spice.Relationships
}

func startEngine(t *testing.T) *engine {
	t.Helper()
	ctx := context.Background()
	conn, closeEngine, err := backend.New(t).OpenEngine(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closeEngine()) })
	e := &engine{client: spice.NewClient(conn)}
	_, err = e.client.WriteSchema(ctx, schema.Text)
	require.NoError(t, err)
	return e
}

// load makes the engine hold the world and nothing else.
func (e *engine) load(ctx context.Context, w *World) error {
	folded := fold(w)
	changes := spice.Diff(e.holds, folded)
	if _, err := e.client.Apply(ctx, changes); err != nil {
		return err
	}
	e.holds = folded
	return nil
}

// ask is the engine's answers, in the order of the questions.
func (e *engine) ask(ctx context.Context, w *World, questions []Question) ([]bool, error) {
	asked := make([]spice.Question, len(questions))
	for i, q := range questions {
		asked[i] = spice.Question{Subject: q.Subject, Permission: string(q.Action), Resource: q.Resource, Context: conditions(w, q)}
	}
	answers, err := e.client.CheckAll(ctx, spice.Newest, asked)
	if err != nil {
		return nil, err
	}
	allowed := make([]bool, len(answers))
	for i, a := range answers {
		if a.Err != nil {
			return nil, a.Err
		}
		allowed[i] = a.Allowed
	}
	return allowed, nil
}

// conditions is what a gateway fills in for the engine's caveats.
func conditions(w *World, q Question) map[string]any {
	limits := map[string]any{}
	for name, value := range q.Request.Values {
		if value >= 0 { // a gateway sends no others (F1)
			limits["max_"+name] = value
		}
	}
	filled := map[string]any{
		schema.ParamTime:   q.Request.Now.UTC().Format(time.RFC3339Nano),
		schema.ParamValues: limits,
	}
	if q.Request.Link != "" {
		filled[schema.ParamLink] = LinkDigest(q.Request.Link)
	}
	if _, err := netip.ParseAddr(q.Request.IP); err == nil {
		filled[schema.ParamIP] = q.Request.IP
	}
	if e, err := access.ParseEmail(q.Request.Email); err == nil {
		filled[schema.ParamEmailDomain] = e.Domain()
	}
	if u, known := w.user(access.UserID(q.Subject.ID)); known && q.Subject.Type == access.TypeUser && u.Verified() != "" {
		filled[schema.ParamEmailDomain] = u.Verified().Domain()
	}
	return filled
}

// fold is the relationships that the world implies.
func fold(w *World) spice.Relationships {
	rs := spice.FoldPlatform()
	rs = append(rs, foldEach(w.Users, spice.FoldUser)...)
	rs = append(rs, foldEach(w.PlatformGrants, spice.FoldPlatformGrant)...)
	rs = append(rs, foldEach(w.Organizations, spice.FoldOrganization)...)
	rs = append(rs, foldEach(w.Memberships, spice.FoldMembership)...)
	rs = append(rs, foldEach(w.Teams, spice.FoldTeam)...)
	rs = append(rs, foldEach(w.TeamMemberships, spice.FoldTeamMembership)...)
	rs = append(rs, foldEach(w.Nestings, spice.FoldTeamNesting)...)
	rs = append(rs, foldEach(w.Assignments, spice.FoldRoleAssignment)...)
	rs = append(rs, foldEach(w.GroupMemberships, func(m access.GroupMembership) spice.Relationships {
		if w.ListedOnly(m) {
			return nil
		}
		return spice.FoldGroupMembership(m)
	})...)
	rs = append(rs, foldEach(w.Chatbots, func(c access.Chatbot) spice.Relationships {
		s := spice.ChatbotState{Chatbot: c}
		for _, row := range w.Rows {
			s.HasRows = s.HasRows || row.Chatbot == c.ID
		}
		for _, p := range w.Policies {
			if p.Chatbot == c.ID {
				s.Policy = p
			}
		}
		return spice.FoldChatbot(s)
	})...)
	rs = append(rs, foldEach(w.Shares, spice.FoldShare)...)
	rs = append(rs, foldEach(w.Rows, func(r access.Row) spice.Relationships {
		c, _ := w.chatbot(r.Chatbot)
		return spice.FoldRow(r, w.roleIn(r.User, c.Organization), w.hasPlatformRole(r.User, access.SiteAdmin))
	})...)
	rs = append(rs, foldEach(w.Resources, spice.FoldResource)...)
	rs = append(rs, foldEach(w.Features, spice.FoldFeature)...)
	return append(rs, foldEach(w.APIKeys, spice.FoldAPIKey)...)
}

func foldEach[F any](facts []F, one func(F) spice.Relationships) spice.Relationships {
	var rs spice.Relationships
	for _, f := range facts {
		rs = append(rs, one(f)...)
	}
	return rs
}
