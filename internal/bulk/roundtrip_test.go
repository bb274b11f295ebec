package bulk

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
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
	"github.com/grantway/grantway/internal/testenv/worlds"
	"github.com/grantway/grantway/schema"
)

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
			worlds.Ordinary(w)
			hashKey := secret.NewHashKey()
			from, to := newEnvWith(t, hashKey), newEnvWith(t, hashKey)
			from.now, to.now = plain.Era, plain.Era
			require.NoError(t, from.db.Update(t.Context(), func(tx *store.Tx) error { return worlds.Put(tx, w) }))
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
			assert.Equal(t, Summary{Rows: lines, Kinds: kindsOf(everything), Written: sum.Written, Unchanged: lines - sum.Written, ZedToken: sum.ZedToken}, sum)
			sameLines(t, string(everything), string(to.export("")))
			to.agrees()
			held.workAt(from, to)

			again := to.takes(root, "everything.jsonl", string(everything))
			assert.Equal(t, Summary{Rows: lines, Kinds: sum.Kinds, Unchanged: lines}, again)

			// The other forms say less, and what they say is so already.
			said := to.takes(root, "facts.relationships", string(to.export("format=relationships")))
			assert.Zero(t, said.Written)
			assert.Positive(t, said.Unchanged)
			said = to.takes(root, unzip(t, to.export("format=csv"))...)
			assert.Zero(t, said.Written)
			assert.Positive(t, said.Unchanged)

			// Under another hash key no secret would be known: it says so and writes nothing. Where that is wanted, the same facts hold.
			other := newEnv(t)
			other.now = plain.Era
			refused := other.post(t.Context(), root, "", "everything.jsonl", string(everything))
			require.True(t, refused.sum.Refused)
			require.Len(t, refused.rejects, 1)
			assert.Contains(t, refused.rejects[0].Reason, "a hash key that this server does not have")
			require.Empty(t, other.export(""))
			unknown := other.post(t.Context(), root, "skip_invalid=true", "everything.jsonl", string(everything))
			assert.EqualValues(t, 1, unknown.sum.Rejected)
			sameLines(t, withoutHashKey(everything), withoutHashKey(other.export("")))
			other.agrees()
			held.failAt(other)
		})
	}
}

// kindsOf counts the lines of an export by their kinds.
func kindsOf(everything []byte) counted {
	kinds := counted{}
	for line := range strings.Lines(string(everything)) {
		kind, _, _ := strings.Cut(strings.TrimPrefix(line, `{"kind":"`), `"`)
		kinds[sharing.Kind(kind)]++
	}
	return kinds
}

// withoutHashKey is an export without the line that says under which key its digests were made.
func withoutHashKey(everything []byte) string {
	return regexp.MustCompile(`(?m)^\{"kind":"hash_key".*\n`).ReplaceAllString(string(everything), "")
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
	require.NoError(e.t, e.db.View(e.t.Context(), func(tx *store.Tx) error {
		return sharing.Project(tx, func(rs spice.Relationships) error {
			for _, r := range rs {
				implied = append(implied, protojson.Format(r))
				types[r.GetResource().GetObjectType()] = true
			}
			return nil
		})
	}))
	for typ := range types {
		require.NoError(e.t, e.engine.ReadAll(e.t.Context(), spice.Newest, typ, func(r *v1.Relationship) error {
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

// G8: gates that are full, with IDs of the greatest length that JSON has to escape, are exported on one line, and read again.
func TestG8FullGatesFitOnALine(t *testing.T) {
	longest := func(n int) string { return strings.Repeat(`"`, access.MaxIDBytes-5) + fmt.Sprintf("%05d", n) }
	row := &sharing.PolicyRow{Chatbot: "b"}
	for n := range sharing.MaxGateEntries {
		row.EmailDomains = append(row.EmailDomains, longest(n))
		row.Entities = append(row.Entities, access.OrganizationID(longest(n)))
		row.AllowedRoles, row.RequiredRoles = append(row.AllowedRoles, longest(n)), append(row.RequiredRoles, longest(n))
		row.AllowedUsers, row.DeniedUsers = append(row.AllowedUsers, access.UserID(longest(n))), append(row.DeniedUsers, access.UserID(longest(n)))
	}
	line, err := encode(row)
	require.NoError(t, err)
	require.Equal(t, sharing.Row(row), first(t, JSONL, line))
}
