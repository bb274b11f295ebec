// Package decisiontest runs the decision service for tests, on the real store and on the real engine that GRANTWAY_TEST_MODE names, in temporary
// files.
//
// It writes the facts of a World to both: folded into relationships for the engine, and as they are for the store. It checks no rules; each test
// chooses its facts.
package decisiontest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// Noon is the initial time of an Env's clock.
var Noon = plain.Era

// Env is an engine, a store, and a clock that stands still until it is set.
type Env struct {
	Engine *spice.Client

	t      testing.TB
	held   spice.Relationships
	stores int

	mu    sync.Mutex
	db    *store.DB
	now   time.Time
	token spice.Token
	keys  map[string]access.KeyID
}

// Start makes an Env without facts.
func Start(t testing.TB) *Env {
	t.Helper()
	conn, closeEngine, err := backend.New(t).OpenEngine(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closeEngine()) })
	e := &Env{Engine: spice.NewClient(conn), t: t, now: Noon, keys: map[string]access.KeyID{}}
	e.Install(nil)
	e.Load(&plain.World{})
	return e
}

// Install gives the engine the schema and the relationships of an extension, or only the built-in schema for nil.
func (e *Env) Install(x *spice.Extension) {
	e.t.Helper()
	token, err := e.Engine.Install(context.Background(), x)
	require.NoError(e.t, err)
	e.applied(token)
}

// Service answers from the facts of the World that was loaded last.
func (e *Env) Service(x *spice.Extension) *decision.Service {
	return decision.New(decision.Config{
		Engine: e.Engine, Directory: e, Extension: x, Now: e.clock,
		KeyOfSecret: func(_ context.Context, secret string, _ bool) (access.KeyID, bool, error) {
			e.mu.Lock()
			defer e.mu.Unlock()
			id, ok := e.keys[secret]
			return id, ok, nil
		},
	})
}

// View looks at the facts of the World that was loaded last.
func (e *Env) View(ctx context.Context, fn func(decision.Facts) error) error {
	return e.directory().View(ctx, fn)
}

// Recall does the same, from the cache if possible.
func (e *Env) Recall(ctx context.Context, newest bool, fn func(decision.Facts) error) error {
	return e.directory().Recall(ctx, newest, fn)
}

func (e *Env) directory() decision.Directory {
	e.mu.Lock()
	defer e.mu.Unlock()
	return decision.FromStore(e.db)
}

// Set sets the clock.
func (e *Env) Set(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = now
}

func (e *Env) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// Fresh is the state that includes the last change.
func (e *Env) Fresh(context.Context, bool) (spice.Freshness, error) {
	return spice.AtLeast(e.Token()), nil
}

// Token is the token of the last change.
func (e *Env) Token() spice.Token {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.token
}

func (e *Env) applied(token spice.Token) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if token != "" {
		e.token = token
	}
}

// Secret is the secret of a chatbot's API key in an Env.
func Secret(id access.KeyID) string { return fmt.Sprintf("the secret of %s", id) }

// Load replaces all facts with those of the world. It can be called again, with another or a changed world.
func (e *Env) Load(w *plain.World) {
	e.t.Helper()
	require.NoError(e.t, e.load(w))
}

func (e *Env) load(w *plain.World) error {
	folded := Fold(w)
	token, err := e.Engine.Apply(context.Background(), spice.Diff(e.held, folded))
	if err != nil {
		return err
	}
	e.held = folded
	e.applied(token)
	return e.put(w)
}

// Forget replaces the facts in the store only, as when a change is committed but has not reached the engine.
func (e *Env) Forget(w *plain.World) {
	e.t.Helper()
	require.NoError(e.t, e.put(w))
}

func (e *Env) put(w *plain.World) error {
	e.stores++
	db, err := store.Open(context.Background(), filepath.Join(e.t.TempDir(), fmt.Sprintf("store%d.db", e.stores)))
	if err != nil {
		return err
	}
	e.t.Cleanup(func() { require.NoError(e.t, db.Close()) })
	if err := db.Update(context.Background(), func(tx *store.Tx) error { return put(tx, w) }); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.db = db
	clear(e.keys)
	for _, k := range w.APIKeys {
		e.keys[Secret(k.ID)] = k.ID
	}
	return nil
}

// put writes the facts that a decision and its explanation look up.
func put(tx *store.Tx, w *plain.World) error {
	return errors.Join(
		each(w.Users, tx.PutUser),
		each(w.Organizations, tx.PutOrganization),
		each(w.PlatformGrants, tx.PutPlatformGrant),
		each(w.Memberships, tx.PutMembership),
		each(w.Teams, tx.PutTeam),
		each(w.TeamMemberships, tx.PutTeamMembership),
		each(w.Nestings, tx.PutTeamNesting),
		each(w.Roles, tx.PutRole),
		each(w.Assignments, tx.PutRoleAssignment),
		each(w.Groups, tx.PutGroup),
		each(w.GroupMemberships, tx.PutGroupMembership),
		each(w.Chatbots, tx.PutChatbot),
		each(w.Shares, tx.PutShare),
		each(w.Rows, tx.PutRow),
		each(w.Policies, tx.PutPolicy),
		each(w.Resources, tx.PutResource),
		each(w.Features, tx.PutFeature),
	)
}

func each[F any](facts []F, put func(F) error) error {
	for _, f := range facts {
		if err := put(f); err != nil {
			return err
		}
	}
	return nil
}
