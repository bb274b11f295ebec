package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

func TestH1EveryChangeAndEveryRefusalLeavesOneEntryAndWhatChangesNothingNone(t *testing.T) {
	e := acme(t)
	actor := as("mia")
	actor.RequestID = "req-1"
	before := len(e.records())
	require.NoError(t, e.share(actor, "helper", "user:otto", access.UseOnly))
	require.NoError(t, e.share(actor, "helper", "user:otto", access.UseOnly))
	require.Len(t, e.records(), before+1)
	r := e.lastRecord()
	require.Equal(t, access.Record{
		Seq: r.Seq, Time: e.now, Actor: "user:mia", Key: "root", Action: "share.put", Resource: access.Object{Type: access.TypeChatbot, ID: "helper"},
		Organization: "acme", Address: "127.0.0.1", RequestID: "req-1", Outcome: access.Done,
		After: `{"chatbot":"helper","principal":"user:otto","access":"use_only"}`,
	}, r)
	require.NoError(t, e.share(actor, "helper", "user:otto", access.ReadOnly))
	require.Contains(t, e.lastRecord().Before, "use_only")
	require.Contains(t, e.lastRecord().After, "read_only")

	e.refused(e.share(actor, "helper", "user:stranger", access.UseOnly), access.KindUnprocessable, "S2")
	r = e.lastRecord()
	require.Equal(t, access.Refused, r.Outcome)
	require.Equal(t, "S2", r.Rule)
	require.Equal(t, "user:stranger is not an active user", r.Detail)
	require.Empty(t, r.Before+r.After+r.Effects)
	require.Len(t, e.records(), before+3)
	for _, err := range []error{e.share(as("max"), "helper", "user:otto", access.UseOnly), e.transfer(as("carl"), "absent", "max")} {
		e.refused(err, access.KindNotFound, "")
		require.Equal(t, access.Refused, e.lastRecord().Outcome)
	}
	reader := root
	reader.Access = access.KeyReadOnly
	e.refused(e.share(reader, "helper", "user:otto", access.UseOnly), access.KindDenied, "B1")
	require.Equal(t, "B1", e.lastRecord().Rule)
	require.Equal(t, "key:root", e.lastRecord().Actor)
	require.Len(t, e.records(), before+6)
}

func TestH1WhoeverTriesAgainAndAgainIsOneEntryWithACount(t *testing.T) {
	e := acme(t)
	before := len(e.records())
	for range 100 {
		e.refused(e.share(as("max"), "helper", "user:otto", access.UseOnly), access.KindNotFound, "")
	}
	e.refused(e.share(as("mia"), "helper", "user:stranger", access.UseOnly), access.KindUnprocessable, "S2")
	require.Len(t, e.records(), before+2)
	require.NoError(t, e.Upkeep(e.ctx))
	counted := e.bySeq()[before]
	require.Equal(t, []any{"user:max", int64(99), e.now}, []any{counted.Actor, counted.Repeats, counted.LastTime})
	require.Zero(t, e.bySeq()[before+1].Repeats)
}

func TestH1ARefusedChangeLeavesNothingHalfWritten(t *testing.T) {
	e := acme(t)
	e.member("acme", access.OrgOwner, "zoe")
	e.home("acme", "zoe")
	e.member("globex", access.OrgOwner, "zoe")
	e.ok(e.RemoveMember(e.ctx, root, "globex", "gus", sharing.Offboard{}))
	e.shared("helper", "user:zoe", access.UseOnly)
	// acme is left before globex refuses to lose its last owner.
	_, err := e.DeleteUser(e.ctx, root, "zoe", sharing.Offboard{})
	e.refused(err, access.KindConflict, "O1")
	e.can("zoe", "helper", access.Delete)
	require.Len(t, whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Share, string, error) {
		return e.Shares(c, a, "helper", p)
	}, root), 1)
}

func TestH2TheRecordHoldsNoSecret(t *testing.T) {
	e := acme(t)
	r, err := e.CreateKey(e.ctx, root, sharing.NewKey{Name: "ci", Access: access.KeyFull})
	require.NoError(t, err)
	e.ok(e.DeleteKey(e.ctx, root, r.Key.ID, false))
	for _, entry := range e.records() {
		require.NotContains(t, entry.Before+entry.After+entry.Effects+entry.Detail, r.Secret)
		require.NotContains(t, entry.Before+entry.After+entry.Effects+entry.Detail, r.Key.Preview, "not even a part of one")
	}
}
