package sharing_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/kit"
	"github.com/grantway/grantway/schema"
)

// env is an installation whose clock the test sets.
type env struct {
	*sharing.Service
	t       testing.TB
	ctx     context.Context
	place   *backend.Place
	db      *store.DB
	engine  *spice.Client
	carrier *outbox.Carrier
	wire    *kit.Wire
	now     time.Time
	clock   func() time.Time // says now
	close   func()

	retention time.Duration // of the record, from the next start on

	hashKeys string // the current one first
}

// root is the unconfined full key that acts for itself.
var root = access.Actor{Key: "root", Access: access.KeyFull, Address: "127.0.0.1"}

// as is that key acting for a user.
func as(u access.UserID) access.Actor {
	a := root
	a.User = u
	return a
}

func newEnv(t testing.TB) *env {
	t.Helper()
	return newEnvOn(t, "")
}

// newEnvOn is newEnv on the store at the URI, or on a file for "".
func newEnvOn(t testing.TB, uri string) *env {
	t.Helper()
	e := &env{t: t, ctx: context.Background(), place: backend.In(t, backend.Embedded), now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), hashKeys: secret.NewHashKey()}
	e.place.Datastore = uri
	e.clock = func() time.Time { return e.now }
	e.open()
	t.Cleanup(func() { e.close() })
	return e
}

// open starts what a server starts, at the env's place.
func (e *env) open() {
	e.t.Helper()
	e.join(nil)
}

// join is open with an engine that runs already, as one gateway of several does.
func (e *env) join(engine grpc.ClientConnInterface) {
	e.t.Helper()
	k, err := kit.Open(e.ctx, kit.Config{Place: e.place, Engine: engine, HashKeys: e.hashKeys, Sharing: func(c *sharing.Config) {
		c.Mails, c.RecordRetention, c.Now = true, e.retention, e.clock
	}})
	require.NoError(e.t, err)
	e.Service, e.db, e.engine, e.carrier, e.wire = k.Service, k.Store, k.Engine, k.Carrier, k.Wire
	e.close = func() { require.NoError(e.t, k.Close()) }
}

// implied is every relationship that the facts imply.
func (e *env) implied() spice.Relationships {
	e.t.Helper()
	var all spice.Relationships
	require.NoError(e.t, e.db.View(e.ctx, func(tx *store.Tx) error {
		return sharing.Project(tx, func(rs spice.Relationships) error {
			all = append(all, rs...)
			return nil
		})
	}))
	return all
}

// held is every relationship that the engine holds.
func (e *env) held() spice.Relationships {
	e.t.Helper()
	var all spice.Relationships
	for _, t := range schema.Resources {
		require.NoError(e.t, e.engine.ReadAll(e.ctx, spice.Newest, t, func(r *v1.Relationship) error {
			if r.GetRelation() != schema.RelApplied {
				all = append(all, r)
			}
			return nil
		}))
	}
	return all
}
