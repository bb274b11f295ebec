package bulk

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
	"github.com/grantway/grantway/schema"
)

// ordinary makes a random world one that changes can lead to: the generator also has users without a type, tombstones with an address,
// lists in any order, and shares with addresses outside of an organization that shares with nobody outside.
func ordinary(w *plain.World) {
	limited := map[access.OrganizationID]bool{}
	for i, o := range w.Organizations {
		limited[o.ID] = !o.OutsideSharing
		w.Organizations[i].Name = "Name of " + string(o.ID)
		if i%2 == 0 {
			w.Organizations[i].AllowedIPs = []string{"10.1.2.3/32", "127.0.0.0/8"}
		}
	}
	for i, u := range w.Users {
		switch {
		case u.Deleted:
			w.Users[i] = access.User{ID: u.ID, Type: access.External, Deleted: true}
		case u.Type == "":
			w.Users[i].Type = access.External
		}
		if i%3 == 0 && !u.Deleted {
			w.Users[i].Organization = w.Organizations[0].ID
		}
	}
	for _, r := range w.Resources {
		slices.SortFunc(r.Allowed, func(a, b access.Principal) int { return strings.Compare(a.String(), b.String()) })
	}
	for i, b := range w.Chatbots {
		if b.PublicMode == access.AudienceNone {
			w.Chatbots[i].LinkDigest = ""
		}
	}
	for i, k := range w.APIKeys {
		w.APIKeys[i].Name, w.APIKeys[i].CreatedBy, w.APIKeys[i].CreatedAt = "key "+string(k.ID), "user:"+string(w.Users[0].ID), plain.Era
		w.APIKeys[i].CreatorLostDeploy = i%2 == 0
		slices.Sort(k.AllowedIPs)
	}
	w.Shares = slices.DeleteFunc(w.Shares, func(s access.Share) bool {
		i := slices.IndexFunc(w.Chatbots, func(b access.Chatbot) bool { return b.ID == s.Chatbot })
		return limited[w.Chatbots[i].Organization] && s.Principal.Kind == access.PrincipalEmail
	})
}

// put writes a world into a store, past every rule.
func put(tx *store.Tx, w *plain.World) error {
	return firstOf(
		each(w.Users, tx.PutUser), each(w.PlatformGrants, tx.PutPlatformGrant), each(w.Organizations, tx.PutOrganization),
		each(w.Memberships, tx.PutMembership), each(w.Teams, tx.PutTeam), each(w.TeamMemberships, tx.PutTeamMembership),
		each(w.Nestings, tx.PutTeamNesting), each(w.Roles, tx.PutRole), each(w.Assignments, tx.PutRoleAssignment), each(w.Groups, tx.PutGroup),
		each(w.GroupMemberships, tx.PutGroupMembership), each(w.Chatbots, tx.PutChatbot), each(w.Shares, tx.PutShare), each(w.Rows, tx.PutRow),
		each(w.Policies, tx.PutPolicy), each(w.Resources, tx.PutResource), each(w.Features, tx.PutFeature),
	)
}

func each[T any](facts []T, put func(T) error) error {
	for _, f := range facts {
		if err := put(f); err != nil {
			return fmt.Errorf("%+v: %w", f, err)
		}
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// seeds are as many seeds of random worlds as a run has; GRANTWAY_TEST_SEED asks for one.
func seeds(t *testing.T, n int) []uint64 {
	if text := os.Getenv("GRANTWAY_TEST_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		return []uint64{seed}
	}
	all := make([]uint64, n)
	for i := range all {
		all[i] = rand.Uint64()
	}
	return all
}

func TestAnExportIsTakenBack(t *testing.T) {
	for _, seed := range seeds(t, 5) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w := plain.Generate(rand.New(rand.NewPCG(seed, 0)), plain.Size{Users: 10, Organizations: 4, Chatbots: 8})
			ordinary(w)
			hashKey := secret.NewHashKey()
			from, to := newEnvWith(t, hashKey), newEnvWith(t, hashKey)
			from.now, to.now = plain.Era, plain.Era
			require.NoError(t, from.db.Update(t.Context(), func(tx *store.Tx) error { return put(tx, w) }))
			held := from.hands(w)

			everything := from.export("")
			sum := to.takes(root, "everything.jsonl", string(everything))
			for _, secret := range held.secrets() {
				require.NotContains(t, string(everything), secret)
			}
			for _, kind := range []string{"account_key", "request", "invitation"} {
				assert.Contains(t, string(everything), `{"kind":"`+kind+`"`)
			}
			lines := int64(bytes.Count(everything, []byte("\n")))
			assert.Equal(t, Summary{Rows: lines, Written: sum.Written, Unchanged: lines - sum.Written, ZedToken: sum.ZedToken}, sum)
			sameLines(t, string(everything), string(to.export("")))
			to.agrees()
			held.workAt(from, to)

			again := to.takes(root, "everything.jsonl", string(everything))
			assert.Equal(t, Summary{Rows: lines, Unchanged: lines}, again)

			// The other forms say less, and what they say is so already.
			said := to.takes(root, "facts.relationships", string(to.export("format=relationships")))
			assert.Zero(t, said.Written)
			assert.Positive(t, said.Unchanged)
			said = to.takes(root, unzip(t, to.export("format=csv"))...)
			assert.Zero(t, said.Written)
			assert.Positive(t, said.Unchanged)

			// Under another hash key the same facts hold, and no secret is known.
			other := newEnv(t)
			other.now = plain.Era
			other.takes(root, "everything.jsonl", string(everything))
			sameLines(t, string(everything), string(other.export("")))
			other.agrees()
			held.failAt(other)
		})
	}
}

// sameLines demands that two texts are equal, and shows the first lines that are not.
func sameLines(t testing.TB, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		require.Equal(t, w[i], g[i], "line %d", i+1)
	}
	require.Len(t, g, len(w))
}

// agrees demands that the engine holds exactly what the facts imply.
func (e *env) agrees() {
	e.t.Helper()
	var implied, held []string
	types := map[string]bool{}
	require.NoError(e.t, sharing.Projection(e.db)(e.t.Context(), func(rs spice.Relationships) error {
		for _, r := range rs {
			implied = append(implied, protojson.Format(r))
			types[r.GetResource().GetObjectType()] = true
		}
		return nil
	}))
	for typ := range types {
		require.NoError(e.t, e.engine.ReadAll(e.t.Context(), typ, func(r *v1.Relationship) error {
			if r.GetRelation() != schema.RelApplied { // the mark of the outbox
				held = append(held, protojson.Format(r))
			}
			return nil
		}))
	}
	slices.Sort(implied)
	slices.Sort(held)
	assert.Equal(e.t, slices.Compact(implied), held)
}

// unzip gives names and contents of the files in an archive, in turn.
func unzip(t *testing.T, data []byte) []string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var files []string
	for _, f := range archive.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		files = append(files, filepath.Base(f.Name), string(text))
	}
	return files
}

func TestRelationshipsNeverGiveMoreThanWasExported(t *testing.T) {
	e, to := newEnv(t), newEnv(t)
	e.takes(root, "m.csv", memberFile, "b.csv", "chatbot,organization,owner,visibility\nopen,acme,bob,\nclosed,acme,bob,owner_only\ngated,acme,bob,\nrowed,acme,bob,\n",
		"s.csv", "chatbot,principal,access,expires_at\nopen,user:gina,read_only,2031-01-01T00:00:00Z\ngated,everyone,use_only,\nrowed,everyone,use_only,\n",
		"x.jsonl", `{"kind":"policy","chatbot":"gated","user_types":["internal"]}
{"kind":"row","chatbot":"rowed","user":"carla","actions":[]}
{"kind":"role","role":"wide"}
{"kind":"role_assignment","role":"wide","user":"gina"}
{"kind":"user","user":"carla","type":"internal"}
{"kind":"platform_role","role":"site_admin","user":"carla"}
`)
	text := string(e.export("format=relationships"))
	_, facts, _ := strings.Cut(text, "JSON Lines to move everything.\n")
	assert.Equal(t, `organization:acme#member@user:bob
organization:acme#client@user:carla
organization:acme#owner@user:olga
organization:globex#owner@user:gina
// site_admin of user:carla is left out: it needs an internal user, and users' types are left out
// role:wide is left out: it is platform-wide
// chatbot:closed is left out: its visibility is owner_only
// chatbot:gated is left out: it has gates
chatbot:open#organization@organization:acme
chatbot:open#owner@user:bob
chatbot:open#read_only@user:gina[expiration:2031-01-01T00:00:00Z]
// chatbot:rowed is left out: it has rows
`, facts)
	to.takes(root, "facts.zed", text)
	assert.Equal(t, facts[:0]+strings.Join(slices.DeleteFunc(strings.SplitAfter(facts, "\n"), func(l string) bool { return strings.HasPrefix(l, "//") }), ""),
		strings.SplitN(string(to.export("format=relationships")), "JSON Lines to move everything.\n", 2)[1])
	got, _, err := to.Shares(t.Context(), root, "open", sharing.Page{Limit: 9})
	require.NoError(t, err)
	assert.Equal(t, []access.Share{{
		Chatbot: "open", Principal: access.Principal{Kind: access.PrincipalUser, ID: "gina"}, Level: access.ReadOnly,
		ExpiresAt: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC),
	}}, got)
}
