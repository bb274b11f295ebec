package bulk

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

var errTouched = errors.New("the body was read")

// TestWhoCouldChangeNothingImportsNothing: who has nothing that an import could change is refused before a byte of the body is read or put on the disk.
func TestWhoCouldChangeNothingImportsNothing(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile+"acme,ada,admin,,,\nacme,tess,client,,,\nacme,rob,client,,,\n", "b.csv", botFile, "t.csv", teamFile+"support,acme,tess,admin\n",
		"r.csv", "chatbot,user,actions\nhelper,rob,read+update\n", "more.jsonl", `{"kind":"user","user":"stranger"}
{"kind":"user","user":"reader"}
{"kind":"user","user":"writer"}
{"kind":"user","user":"late"}
{"kind":"user","user":"sita","type":"internal"}
{"kind":"user","user":"conny","type":"internal"}
{"kind":"platform_role","role":"site_admin","user":"sita"}
{"kind":"platform_role","role":"content_admin","user":"conny"}
{"kind":"share","chatbot":"helper","principal":"everyone","access":"read_only"}
{"kind":"share","chatbot":"helper","principal":"user:reader","access":"read_only"}
{"kind":"share","chatbot":"helper","principal":"user:writer","access":"read_write"}
{"kind":"share","chatbot":"helper","principal":"user:late","access":"read_write","expires_at":"2030-01-02T03:05:00Z"}
`)
	for name, actor := range map[string]access.Actor{
		"an owner": as("olga"), "an admin": as("ada"), "a member": as("bob"), "a client who administers a team": as("tess"),
		"a client with a row": as("rob"), "a site admin": as("sita"), "a guest with read_write": as("writer"), "a guest whose share has not expired": as("late"),
		"a confined key": e.presents(access.KeyReadWrite, "acme"), "a key": e.presents(access.KeyReadWrite, ""), "the root key": root,
	} {
		for _, query := range []string{"", "dry_run=true"} {
			assert.Equal(t, http.StatusOK, e.post(t.Context(), actor, query, "f.csv", "role,user\n").status, "%s, %s", name, query)
		}
	}
	e.now = e.now.Add(time.Hour)
	for name, actor := range map[string]access.Actor{
		"nobody": as("stranger"), "a client": as("carla"), "a guest with read_only": as("reader"), "a guest whose share has expired": as("late"),
		"a content admin": as("conny"),
	} {
		for _, query := range []string{"format=csv", "format=csv&dry_run=true"} {
			untouched := iotest.ErrReader(errTouched)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/imports?"+query, io.NopCloser(untouched))
			w := httptest.NewRecorder()
			e.bulk.Import(w, r, actor)
			assert.Equal(t, http.StatusForbidden, w.Code, "%s, %s: %s", name, query, w.Body)
			assert.NotContains(t, w.Body.String(), errTouched.Error())
			left, err := filepath.Glob(filepath.Join(e.dir, "*"))
			require.NoError(t, err)
			assert.Empty(t, left)
		}
	}
	assert.Len(t, e.refusals(), 5, "each is in the record, and equal ones of a caller are one entry")
}
