package sharing_test

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/testenv/postgres"
	network "github.com/grantway/grantway/internal/testenv/wire"
	"github.com/grantway/grantway/schema"
)

// another is a second gateway on the same store and engine.
func (e *env) another() *env {
	e.t.Helper()
	second := *e
	second.join(e.wire.ClientConnInterface)
	e.t.Cleanup(second.close)
	return &second
}

// together runs fn of each gateway at the same time.
func together(gateways []*env, fn func(*env)) {
	var all sync.WaitGroup
	for _, g := range gateways {
		all.Go(func() { fn(g) })
	}
	all.Wait()
}

func TestFiftyCallersOfTwoGatewaysLeaveOneStory(t *testing.T) {
	h := newHistoryIn(t, newEnvOn(t, postgres.Database(t)))
	h.fifty(h.env, h.another())
}

// Each change of a history goes through another gateway than the one before, and is judged by what that one has done.
func TestRandomHistoriesThroughTwoGatewaysGoAsTheModelSays(t *testing.T) {
	h := newHistoryIn(t, newEnvOn(t, postgres.Database(t)))
	first, second := h.Service, h.another().Service
	for n := range number(t, "GRANTWAY_CHANGES", defaultChanges) / 5 {
		if h.Service = first; n%2 == 1 {
			h.Service = second
		}
		h.step()
	}
	h.whole()
}

// What was answered through one gateway is judged by the other one, and seen by a decision that carries its token (C3).
func TestC3AChangeThroughOneGatewayIsKnownToTheOther(t *testing.T) {
	e := acmeOn(t, postgres.Database(t))
	second := e.another()
	for range 5 {
		r, err := e.PutShare(e.ctx, as("mia"), "helper", who("user:otto"), sharing.SharePatch{Access: access.Some(access.ReadWrite)})
		require.NoError(t, err)
		require.True(t, second.mayAt(spice.AtLeast(r.Token), "otto", access.ManageAccess, chatbot("helper")))
		require.NoError(t, second.share(as("otto"), "helper", "user:max", access.UseOnly))
		_, err = second.DeleteShare(e.ctx, as("mia"), "helper", who("user:otto"))
		require.NoError(t, err)
		e.refused(e.share(as("otto"), "helper", "user:max", access.ReadOnly), access.KindNotFound, "")
	}
}

// A gateway whose connection breaks when it commits does not know whether it has. Its caller is told so, and if it has, another gateway carries the
// change before anything else is judged.
func TestAChangeWhoseCommitWasNotAnsweredIsAnErrorAndNotLost(t *testing.T) {
	uri := postgres.Database(t)
	e := acmeOn(t, uri)
	for _, committed := range []bool{true, false} {
		u, err := url.Parse(uri)
		require.NoError(t, err)
		line := network.New(t, u.Host)
		u.Host = line.Address()
		there, place := *e, *e.place
		place.Datastore = u.String()
		there.place = &place
		far := there.another()
		user := access.UserID("otto")
		if !committed {
			user = "gus"
		}
		far.wire.Cut = func(string) error { // the engine judges, within the transaction
			line.CutAt("commit\x00", committed)
			far.wire.Cut = nil
			return nil
		}
		_, err = far.PutShare(e.ctx, as("mia"), "helper", who("user:"+string(user)), sharing.SharePatch{Access: access.Some(access.ReadWrite)})
		require.Equal(t, access.KindUnavailable, access.KindOf(err))
		far.wire.Cut = nil
		require.NoError(t, e.share(as("mia"), "helper", "user:max", access.UseOnly))
		require.Equal(t, committed, e.may(user, access.ManageAccess, chatbot("helper")))
		require.Zero(t, e.waiting())
	}
}

// What time brings about happens once, however many gateways look after it at the same time.
func TestUpkeepOfTwoGatewaysDoesEverythingOnce(t *testing.T) {
	t.Parallel()
	e := newEnvOn(t, postgres.Database(t))
	e.retention = 90 * 24 * time.Hour
	e.close()
	e.open()
	e.acme()
	_, err := e.Invite(e.ctx, as("olga"), "acme", sharing.NewInvitation{Email: "new@acme.test", Role: access.OrgMember})
	require.NoError(t, err)
	require.NoError(t, e.share(as("mia"), "helper", "organization:globex", access.UseOnly))
	gateways := []*env{e, e.another()}
	given := make(chan access.MailID, 20)
	together(gateways, func(g *env) {
		for _, l := range g.claimed() {
			given <- l.ID
		}
	})
	require.Len(t, given, 2, "the invitation, and the request to gus: each is sent by one of them")

	e.now = e.now.Add(31 * 24 * time.Hour)
	before := len(e.records())
	for range 2 {
		together(gateways, func(g *env) { require.NoError(t, g.Upkeep(g.ctx)) })
	}
	did := map[string]int{}
	for _, r := range e.records()[before:] {
		did[r.Action+" "+string(r.Organization)]++
	}
	require.Equal(t, map[string]int{"invitation.expire acme": 1, "request.expire acme": 1, "request.expire globex": 1}, did)
	require.Equal(t, []access.NotificationKind{access.NotifyRequestDecided}, e.told("mia"))

	e.now = e.now.Add(70 * 24 * time.Hour)
	together(gateways, func(g *env) { require.NoError(t, g.Upkeep(g.ctx)) })
	pruned := 0
	for _, r := range e.records() {
		if r.Action == "record.prune" {
			pruned++
		}
	}
	require.Equal(t, 1, pruned)
}

// picky is an engine that refuses what changes a share, while it is on.
type picky struct {
	grpc.ClientConnInterface
	on bool
}

func (p *picky) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if w, ok := args.(*v1.WriteRelationshipsRequest); ok && p.on && len(w.GetUpdates()) > 2 { // the other two are the mark
		return status.Error(codes.InvalidArgument, "not today")
	}
	return p.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

// TestC3WhatWasParkedIsAnsweredWhenEveryGatewayKnowsIt lowers a share while the engine refuses that: nobody is told that it is lowered before it is, also who
// asks for the same again; and once it is, every gateway knows.
func TestC3WhatWasParkedIsAnsweredWhenEveryGatewayKnowsIt(t *testing.T) {
	e := acmeOn(t, postgres.Database(t))
	second := e.another()
	engine := &picky{ClientConnInterface: e.wire.ClientConnInterface}
	e.wire.ClientConnInterface = engine
	lowered := func(l access.Level) error {
		_, err := e.PutShare(e.ctx, root, "helper", who("user:max"), sharing.SharePatch{Access: access.Some(l)})
		return err
	}
	may := func() bool {
		_, err := second.carrier.Fresh(access.Asked(e.ctx, time.Now()), true)
		require.NoError(t, err)
		a, err := second.engine.Check(e.ctx, spice.Exactly(second.carrier.Last()), spice.Question{
			Subject: access.Subject{Type: access.TypeUser, ID: "max"}, Permission: "read", Resource: access.Object{Type: access.TypeChatbot, ID: "helper"},
			Context: map[string]any{schema.ParamTime: time.Now().UTC().Format(time.RFC3339)},
		})
		require.NoError(t, err)
		return a.Allowed
	}
	require.NoError(t, lowered(access.ReadWrite))
	require.True(t, may())
	engine.on = true
	for range 2 {
		require.Equal(t, access.KindUnavailable, access.KindOf(lowered(access.UseOnly)))
		require.True(t, may())
	}
	engine.on = false
	require.NoError(t, e.carrier.Unpark(e.ctx))
	require.NoError(t, lowered(access.UseOnly))
	require.False(t, may())
}
