package sharing_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/spice/embedded"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// env is a store, an engine and the use cases over them.
type env struct {
	*sharing.Service
	t      testing.TB
	ctx    context.Context
	db     *store.DB
	engine *spice.Client
	now    time.Time
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
	ctx := context.Background()
	dir := t.TempDir()
	db, err := store.Open(ctx, filepath.Join(dir, "store.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	e, err := embedded.Start(ctx, embedded.Config{Path: filepath.Join(dir, "engine.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	client := spice.NewClient(e.Conn())
	require.NoError(t, outbox.Claim(ctx, db, client))
	_, err = client.WriteSchema(ctx, schema.Text)
	require.NoError(t, err)
	carrier, err := outbox.Open(ctx, db, client, sharing.Projection(db), slog.Default())
	require.NoError(t, err)
	var hasher *secret.Hasher
	require.NoError(t, db.Update(ctx, func(tx *store.Tx) (err error) {
		hasher, err = secret.Ensure(tx)
		return err
	}))
	out := &env{t: t, ctx: ctx, db: db, engine: client, now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	out.Service = sharing.New(sharing.Config{
		Store: db, Engine: client, Outbox: carrier, Secrets: hasher,
		Now: func() time.Time { return out.now }, Log: slog.Default(),
	})
	return out
}

// implied is every relationship that the facts imply.
func (e *env) implied() spice.Relationships {
	e.t.Helper()
	var all spice.Relationships
	require.NoError(e.t, sharing.Projection(e.db)(e.ctx, func(rs spice.Relationships) error {
		all = append(all, rs...)
		return nil
	}))
	return all
}

// held is every relationship that the engine holds.
func (e *env) held() spice.Relationships {
	e.t.Helper()
	var all spice.Relationships
	for _, t := range schema.Resources {
		require.NoError(e.t, e.engine.ReadAll(e.ctx, t, func(r *v1.Relationship) error {
			if r.GetRelation() != schema.RelApplied {
				all = append(all, r)
			}
			return nil
		}))
	}
	return all
}
