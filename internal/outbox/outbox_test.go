package outbox_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/kit"
	"github.com/grantway/grantway/schema"
)

var (
	root  = access.Actor{Key: "root", Access: access.KeyFull, Address: "127.0.0.1"}
	noon  = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	bob   = access.Principal{Kind: access.PrincipalUser, ID: "bob"}
	asked = spice.Question{
		Subject: access.Subject{Type: access.TypeUser, ID: "bob"}, Permission: "interact", Resource: access.Object{Type: "chatbot", ID: "helper"},
		Context: map[string]any{schema.ParamTime: time.Now().UTC().Format(time.RFC3339)},
	}
)

// installation is a data directory that is opened and closed again.
type installation struct {
	t   *testing.T
	dir string
}

// running is an open installation.
type running struct {
	*sharing.Service
	engine  *spice.Client
	conn    grpc.ClientConnInterface
	db      *store.DB
	carrier *outbox.Carrier
}

func runningKit(k *kit.Kit) running {
	return running{Service: k.Service, engine: k.Engine, conn: k.Wire, db: k.Store, carrier: k.Carrier}
}

// place is where the installation keeps its data.
func (i installation) place() *backend.Place {
	return &backend.Place{Mode: backend.Embedded, Data: i.dir}
}

func (i installation) open(t *testing.T, do func(running)) error {
	k, err := kit.Open(context.Background(), kit.Config{Place: i.place()})
	if err != nil {
		return err
	}
	defer func() { require.NoError(t, k.Close()) }()
	do(runningKit(k))
	return nil
}

func (r running) found(t *testing.T) {
	ctx := context.Background()
	for _, u := range []access.UserID{"olga", "bob"} {
		_, err := r.PutUser(ctx, root, u, sharing.UserPatch{})
		require.NoError(t, err)
	}
	_, err := r.PutOrganization(ctx, root, "acme", sharing.OrganizationPatch{Owner: access.Some[access.UserID]("olga")})
	require.NoError(t, err)
	_, err = r.PutChatbot(ctx, root, "helper",
		sharing.ChatbotPatch{Organization: access.Some[access.OrganizationID]("acme"), Owner: access.Some[access.UserID]("olga")})
	require.NoError(t, err)
}

func (r running) share(t *testing.T) {
	_, err := r.PutShare(context.Background(), root, "helper", bob, sharing.SharePatch{Access: access.Some(access.UseOnly)})
	require.NoError(t, err)
}

func (r running) unshare(t *testing.T) {
	_, err := r.DeleteShare(context.Background(), root, "helper", bob)
	require.NoError(t, err)
}

func (r running) mayInteract(t *testing.T) bool {
	a, err := r.engine.Check(context.Background(), spice.Newest, asked)
	require.NoError(t, err)
	return a.Allowed
}

func copyFile(t *testing.T, from, to string) {
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, data, 0o600))
}

func TestAnEngineThatWasLostIsBuiltAnew(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) { r.found(t); r.share(t) }))
	require.NoError(t, os.Remove(filepath.Join(i.dir, "engine.db")))
	require.NoError(t, i.open(t, func(r running) { require.True(t, r.mayInteract(t)) }))
}

func TestAnOlderCopyOfTheEngineBringsNoRevokedGrantBack(t *testing.T) {
	i := installation{t, t.TempDir()}
	engine, copied := filepath.Join(i.dir, "engine.db"), filepath.Join(i.dir, "copy.db")
	require.NoError(t, i.open(t, func(r running) { r.found(t); r.share(t) }))
	copyFile(t, engine, copied)
	require.NoError(t, i.open(t, func(r running) { require.True(t, r.mayInteract(t)); r.unshare(t) }))
	copyFile(t, copied, engine)
	require.NoError(t, i.open(t, func(r running) { require.False(t, r.mayInteract(t)) }))
}

func TestAnOlderCopyOfTheStoreIsWhatHolds(t *testing.T) {
	i := installation{t, t.TempDir()}
	kept, copied := filepath.Join(i.dir, "store.db"), filepath.Join(i.dir, "copy.db")
	require.NoError(t, i.open(t, func(r running) { r.found(t) }))
	copyFile(t, kept, copied)
	require.NoError(t, i.open(t, func(r running) { r.share(t) }))
	copyFile(t, copied, kept)
	require.NoError(t, i.open(t, func(r running) { require.False(t, r.mayInteract(t)) }))
}

func TestAnEngineThatWentAnotherWayIsMendedAlsoAfterAsManyChanges(t *testing.T) {
	mine, other := installation{t, t.TempDir()}, installation{t, t.TempDir()}
	require.NoError(t, mine.open(t, func(r running) { r.found(t) }))
	for _, name := range []string{"store.db", "engine.db"} {
		copyFile(t, filepath.Join(mine.dir, name), filepath.Join(other.dir, name))
	}
	require.NoError(t, other.open(t, func(r running) { r.share(t) }))
	require.NoError(t, mine.open(t, func(r running) {
		_, err := r.PutUser(context.Background(), root, "dee", sharing.UserPatch{Type: access.Some(access.Internal)})
		require.NoError(t, err)
	}))
	copyFile(t, filepath.Join(other.dir, "engine.db"), filepath.Join(mine.dir, "engine.db"))
	require.NoError(t, mine.open(t, func(r running) { require.False(t, r.mayInteract(t)) }))
}

func TestWhatACrashLeftInTheOutboxIsCarriedBeforeAnythingElse(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		r.commit(t, nil, shareOf("bob"))
		require.False(t, r.mayInteract(t), "committed and not yet carried")
	}))
	require.NoError(t, i.open(t, func(r running) { require.True(t, r.mayInteract(t)) }))
}

func TestAnEngineOfAnotherInstallationIsRefused(t *testing.T) {
	mine, other := installation{t, t.TempDir()}, installation{t, t.TempDir()}
	require.NoError(t, mine.open(t, func(r running) { r.found(t); r.share(t) }))
	require.NoError(t, other.open(t, func(r running) { r.found(t) }))
	copyFile(t, filepath.Join(other.dir, "engine.db"), filepath.Join(mine.dir, "engine.db"))
	err := mine.open(t, func(running) { t.Fatal("opened") })
	require.Equal(t, access.KindConflict, access.KindOf(err))
	require.ErrorContains(t, err, "another installation")
}
