package bulk

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/kit"
	"github.com/grantway/grantway/schema"
)

// env is a store, an engine, the use cases and imports over them.
type env struct {
	*sharing.Service
	t      testing.TB
	db     *store.DB
	engine *spice.Client
	bulk   *Bulk
	dir    string
	now    time.Time

	hasher *secret.Hasher
	asked  atomic.Int64 // questions to the engine by the use cases
}

// countedEngine is the engine, and counts the questions.
type countedEngine struct {
	sharing.Engine
	asked *atomic.Int64
}

func (c countedEngine) CheckAll(ctx context.Context, f spice.Freshness, qs []spice.Question) ([]spice.Answer, error) {
	c.asked.Add(int64(len(qs)))
	return c.Engine.CheckAll(ctx, f, qs)
}

// root is the unconfined full key that acts for itself.
var root = access.Actor{Key: "root", Access: access.KeyFull, Address: "127.0.0.1", RequestID: "test"}

// as is that key acting for a user.
func as(u access.UserID) access.Actor {
	a := root
	a.User = u
	return a
}

// presents makes an account key, and gives the actor that presents it.
func (e *env) presents(level access.KeyAccess, org access.OrganizationID) access.Actor {
	e.t.Helper()
	return e.presentsOf(root, level, org)
}

func newEnv(t testing.TB) *env {
	t.Helper()
	return newEnvWith(t, secret.NewHashKey())
}

// newEnvWith is newEnv with the hash key.
func newEnvWith(t testing.TB, hashKey string) *env {
	t.Helper()
	out := &env{t: t, dir: filepath.Join(t.TempDir(), "imports"), now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	k := kit.New(t, kit.Config{HashKeys: hashKey, Sharing: func(c *sharing.Config) {
		c.Engine, c.Now = countedEngine{c.Engine, &out.asked}, func() time.Time { return out.now }
	}})
	out.Service, out.db, out.engine, out.hasher = k.Service, k.Store, k.Engine, k.Secrets
	var err error
	out.bulk, err = New(Config{Sharing: out.Service, Dir: out.dir, Log: slog.Default()})
	require.NoError(t, err)
	return out
}

// counted is how many rows there are of each kind.
type counted = map[sharing.Kind]int64

// outcome is all that an import answered.
type outcome struct {
	status  int
	events  []Event
	rejects []Reject
	sum     *Summary
	problem *problem.Problem
}

// post sends files, given as name and content in turn, with the query.
func (e *env) post(ctx context.Context, actor access.Actor, query string, files ...string) outcome {
	e.t.Helper()
	body, into := io.Pipe()
	form := multipart.NewWriter(into)
	go func() {
		for pair := range slices.Chunk(files, 2) {
			part, err := form.CreateFormFile("file", pair[0])
			if err == nil {
				_, err = io.Copy(part, strings.NewReader(pair[1]))
			}
			if err != nil {
				return // the server has refused the rest
			}
		}
		into.CloseWithError(form.Close())
	}()
	defer body.Close()
	return e.postBody(ctx, actor, query, form.FormDataContentType(), body)
}

func (e *env) postBody(ctx context.Context, actor access.Actor, query, contentType string, body io.Reader) outcome {
	e.t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/imports?"+query, body)
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	e.bulk.Import(w, r, actor)
	out := outcome{status: w.Code}
	if w.Code != http.StatusOK {
		require.Equal(e.t, problem.ContentType, w.Header().Get("Content-Type"))
		require.NoError(e.t, json.Unmarshal(w.Body.Bytes(), &out.problem))
		return out
	}
	lines := bufio.NewScanner(w.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		require.Nil(e.t, out.sum, "nothing follows the summary")
		require.Nil(e.t, out.problem, "nothing follows the problem")
		var line struct {
			Event
			Reject  *Reject          `json:"reject"`
			Summary *Summary         `json:"summary"`
			Error   *problem.Problem `json:"error"`
		}
		require.NoError(e.t, json.Unmarshal(lines.Bytes(), &line))
		switch {
		case line.Phase != "":
			out.events = append(out.events, line.Event)
		case line.Reject != nil:
			out.rejects = append(out.rejects, *line.Reject)
		default:
			out.sum, out.problem = line.Summary, line.Error
		}
	}
	require.NoError(e.t, lines.Err())
	require.True(e.t, out.sum != nil || out.problem != nil, "the stream ends with a summary or a problem")
	entries, err := filepath.Glob(filepath.Join(e.dir, "*"))
	require.NoError(e.t, err)
	require.Empty(e.t, entries, "the staging is removed")
	return out
}

// takes imports files and demands that all of it is written.
func (e *env) takes(actor access.Actor, files ...string) Summary {
	e.t.Helper()
	got := e.post(e.t.Context(), actor, "", files...)
	require.Equal(e.t, http.StatusOK, got.status)
	require.Nil(e.t, got.problem)
	require.Empty(e.t, got.rejects)
	require.NotNil(e.t, got.sum)
	return *got.sum
}

// export is the export as root, in the format that the query names.
func (e *env) export(query string) []byte {
	e.t.Helper()
	r := httptest.NewRequestWithContext(e.t.Context(), http.MethodGet, "/v1/export?"+query, nil)
	w := httptest.NewRecorder()
	e.bulk.Export(w, r, root)
	require.Equal(e.t, http.StatusOK, w.Code, w.Body)
	return bytes.Clone(w.Body.Bytes())
}

// can asks the engine.
func (e *env) can(user access.UserID, action access.Action, o access.Object) bool {
	e.t.Helper()
	a, err := e.engine.Check(e.t.Context(), spice.Newest, spice.Question{
		Subject: access.Subject{Type: access.TypeUser, ID: string(user)}, Permission: string(action), Resource: o,
		Context: map[string]any{schema.ParamTime: e.now.Format(time.RFC3339Nano)},
	})
	require.NoError(e.t, err)
	require.NoError(e.t, a.Err)
	return a.Allowed
}

// refusals are the entries of the record about what was refused.
func (e *env) refusals() []access.Record {
	e.t.Helper()
	var refusals []access.Record
	require.NoError(e.t, e.db.View(e.t.Context(), func(tx *store.Tx) error {
		all, err := tx.Records(store.RecordFilter{}, store.RecordPlace{}, 0)
		for _, r := range all {
			if r.Outcome == access.Refused {
				refusals = append(refusals, r)
			}
		}
		return err
	}))
	return refusals
}
