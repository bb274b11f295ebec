package sharing_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
	"github.com/grantway/grantway/schema"
)

// TestRandomChangesLeaveAWorldThatTheModelAllows makes hundreds of random changes by random actors. After each, an actor who lacked the right
// by the plain reading of the model must have been refused; after every few, the engine must hold exactly what the facts imply, decide
// every question like the plain reading, and the invariants of the model must hold.
func TestRandomChangesLeaveAWorldThatTheModelAllows(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("GRANTWAY_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("GRANTWAY_SEED=%d", seed)
	rounds, changes := 12, 40
	if testing.Short() {
		rounds = 4
	}
	m := &mess{env: newEnv(t), rng: rand.New(rand.NewPCG(seed, 1))}
	m.found()
	decisions, trues := 0, 0
	for range rounds {
		for range changes {
			m.change()
		}
		w := m.world()
		m.invariants(w)
		require.Empty(t, spice.Diff(m.held(), m.implied()), "the engine does not hold what the facts imply")
		m.replays()
		d, y := m.compare(w)
		decisions, trues = decisions+d, trues+y
	}
	t.Logf("%d changes done, %d refused; %d decisions agree, %d of them true", m.done, m.refused, decisions, trues)
	if os.Getenv("GRANTWAY_LOG") != "" {
		t.Log("\n" + strings.Join(m.log, "\n"))
	}
	require.Greater(t, m.done, m.refused, "most changes were refused: the test hardly tests")
}

// mess makes random changes.
type mess struct {
	*env
	rng           *rand.Rand
	done, refused int
	log           []string
}

var (
	users  = []access.UserID{"ann", "bob", "cy", "dee", "eve", "fay@x.org", "gus|1"}
	orgs   = []access.OrganizationID{"acme", "globex"}
	teams  = []access.TeamID{"blue", "red", "green"}
	roles  = []access.RoleID{"vip", "tier1"}
	groups = []access.GroupID{"friends"}
	bots   = []access.ChatbotID{"helper", "hr/bot", "sales bot"}
)

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

func address(u access.UserID) access.Email {
	return access.Email(spice.Encode(string(u)) + "@acme.com")
}

// found sets up two organizations with people, so that the random changes have something to work on.
func (m *mess) found() {
	for i, u := range users {
		typ := access.External
		if i%2 == 0 {
			typ = access.Internal
		}
		_, err := m.PutUser(m.ctx, root, u, userPatch(typ, address(u)))
		require.NoError(m.t, err)
	}
	for i, o := range orgs {
		m.populate(o, users[i])
	}
	for i, b := range bots {
		_, err := m.PutChatbot(m.ctx, root, b, sharing.ChatbotPatch{Organization: access.Some(orgs[i%2]), Owner: access.Some(users[i%2])})
		require.NoError(m.t, err)
	}
}

// populate founds an organization and gives most people a role in it.
func (m *mess) populate(org access.OrganizationID, owner access.UserID) {
	_, err := m.PutOrganization(m.ctx, root, org, orgPatch(owner))
	require.NoError(m.t, err)
	for _, u := range users {
		if u == owner || m.rng.IntN(4) == 0 {
			continue
		}
		_, err := m.PutMember(m.ctx, root, org, u, pick(m.rng, access.OrgRoles), "")
		require.NoError(m.t, err)
	}
}

// compare asks everything about the chatbots and what hangs on them.
func (m *mess) compare(w *plain.World) (decisions, trues int) {
	var qs []spice.Question
	var want []bool
	var asked []plain.Question
	for _, q := range plain.Questions(w, m.rng, m.now) {
		q.Request.Now = m.now
		qs = append(qs, spice.Question{Subject: q.Subject, Permission: string(q.Action), Resource: q.Resource, Context: conditions(w, q)})
		asked = append(asked, q)
		want = append(want, plain.Decide(w, q))
	}
	for start := 0; start < len(qs); start += 500 {
		end := min(start+500, len(qs))
		answers, err := m.engine.CheckAll(m.ctx, spice.Newest, qs[start:end])
		require.NoError(m.t, err)
		for i, a := range answers {
			n := start + i
			if a.Err != nil {
				require.False(m.t, want[n], "%+v: %v", asked[n], a.Err)
				continue
			}
			if a.Allowed != want[n] {
				m.t.Fatalf("%+v: the engine says %v, the model %v; the last changes were\n%s", asked[n], a.Allowed, want[n], lines(m.log))
			}
			decisions++
			if want[n] {
				trues++
			}
		}
	}
	return decisions, trues
}

func conditions(w *plain.World, q plain.Question) map[string]any {
	c := map[string]any{schema.ParamTime: q.Request.Now.UTC().Format(time.RFC3339Nano), schema.ParamValues: values(q.Request.Values)}
	if q.Request.Link != "" {
		c[schema.ParamLink] = plain.LinkDigest(q.Request.Link)
	}
	if e, err := access.ParseEmail(q.Request.Email); err == nil {
		c[schema.ParamEmailDomain] = e.Domain()
	}
	for _, u := range w.Users {
		if q.Subject.Type == access.TypeUser && string(u.ID) == q.Subject.ID && u.Verified() != "" {
			c[schema.ParamEmailDomain] = u.Verified().Domain()
		}
	}
	return c
}

func values(sent map[string]float64) map[string]any {
	out := map[string]any{}
	for name, v := range sent {
		out["max_"+name] = v
	}
	return out
}

// invariants checks what must hold of the facts after every change.
func (m *mess) invariants(w *plain.World) {
	role := map[string]access.OrgRole{}
	owners := map[access.OrganizationID]int{}
	for _, x := range w.Memberships {
		role[string(x.Organization)+"/"+string(x.User)] = x.Role
		if x.Role == access.OrgOwner {
			owners[x.Organization]++
		}
	}
	state := map[access.ChatbotID]access.Chatbot{}
	for _, o := range w.Organizations {
		require.Positive(m.t, owners[o.ID], "O1: %s has no owner", o.ID)
	}
	for _, b := range w.Chatbots {
		state[b.ID] = b
		r := role[string(b.Organization)+"/"+string(b.Owner)]
		require.Contains(m.t, []access.OrgRole{access.OrgOwner, access.OrgAdmin, access.OrgMember}, r, "A1: the owner of %s", b.ID)
	}
	for _, s := range w.Shares {
		require.NotEqual(m.t, access.OwnerOnly, state[s.Chatbot].Visibility, "V1: %v", s)
		require.NotEqual(m.t, string(state[s.Chatbot].Owner), s.Principal.ID, "S2: %v", s)
	}
	for _, r := range w.Rows {
		require.NotEqual(m.t, state[r.Chatbot].Owner, r.User, "M3: %v", r)
		require.NotEmpty(m.t, role[string(state[r.Chatbot].Organization)+"/"+string(r.User)], "M7: %v", r)
	}
	team := map[access.TeamID]access.OrganizationID{}
	for _, x := range w.Teams {
		team[x.ID] = x.Organization
	}
	for _, x := range w.TeamMemberships {
		require.NotEmpty(m.t, role[string(team[x.Team])+"/"+string(x.User)], "T1: %v", x)
	}
	gone := map[access.UserID]bool{}
	internal := map[access.UserID]bool{}
	for _, u := range w.Users {
		gone[u.ID], internal[u.ID] = u.Gone(), u.Type == access.Internal
	}
	for _, g := range w.PlatformGrants {
		require.True(m.t, internal[g.User] && !gone[g.User], "P4, N2: %v", g)
	}
	for _, x := range w.Memberships {
		require.False(m.t, gone[x.User], "N2: %v", x)
	}
}

// world reads all facts from the store.
func (m *mess) world() *plain.World {
	m.t.Helper()
	w := &plain.World{}
	require.NoError(m.t, m.db.View(m.ctx, func(tx *store.Tx) error { return readWorld(tx, w) }))
	return w
}

func lines(log []string) string {
	out := ""
	for _, l := range log[max(0, len(log)-60):] {
		out += fmt.Sprintln(l)
	}
	return out
}
