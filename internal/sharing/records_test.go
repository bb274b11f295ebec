package sharing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

func TestH2TheRecordIsKeptAsLongAsConfigured(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.users(access.External, "ann")
	e.now = e.now.Add(100 * 24 * time.Hour)
	require.NoError(t, e.Upkeep(e.ctx))
	require.Len(t, e.records(), 1, "for ever, unless it is said for how long")
	require.NoError(t, e.db.Update(e.ctx, func(tx *store.Tx) error {
		for range 1500 { // more than one batch
			if _, err := tx.AppendRecord(access.Record{Time: e.now.Add(-50 * 24 * time.Hour), Action: "decision.evaluate"}); err != nil {
				return err
			}
		}
		return nil
	}))
	e.users(access.External, "bob")

	e.retention = 30 * 24 * time.Hour
	e.close()
	e.open()
	require.NoError(t, e.Upkeep(e.ctx))
	left := e.bySeq()
	require.Len(t, left, 3)
	require.Equal(t, "bob", left[0].Resource.ID)
	for i, n := range []int{1000, 501} {
		r := left[i+1]
		require.Equal(t, "system", r.Actor)
		require.Equal(t, "record.prune", r.Action)
		require.Equal(t, access.PlatformObject, r.Resource)
		require.JSONEq(t, fmt.Sprintf(`{"before":%q,"entries":%d}`, e.now.Add(-e.retention).Format(time.RFC3339Nano), n), r.After)
	}
	require.NoError(t, e.Upkeep(e.ctx))
	require.Len(t, e.records(), 3, "nothing is due, and nothing is noted")
	e.now = e.now.Add(e.retention + time.Minute)
	require.NoError(t, e.Upkeep(e.ctx))
	require.Len(t, e.records(), 3, "a few minutes too many are not worth an entry")
	e.now = e.now.Add(time.Hour)
	require.NoError(t, e.Upkeep(e.ctx))
	require.Len(t, e.records(), 1)
	users, _, err := e.Users(e.ctx, root, sharing.UserQuery{}, sharing.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, users, 2, "what is forgotten is not undone")
}

func TestH2ASearchReadsSoManyEntriesAndGoesOn(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	const many = 20_500
	require.NoError(t, e.db.Update(e.ctx, func(tx *store.Tx) error {
		for i := range many {
			r := access.Record{Time: e.now, Actor: "key:root", Action: "share.put", Outcome: access.Done}
			if i == 10 {
				r.Detail = "The Needle"
			}
			if _, err := tx.AppendRecord(r); err != nil {
				return err
			}
		}
		return nil
	}))
	found, next, err := e.Records(e.ctx, root, sharing.RecordQuery{Text: "needle"}, sharing.Page{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, found, "it is too far back for the first page")
	require.NotEmpty(t, next)
	found, next, err = e.Records(e.ctx, root, sharing.RecordQuery{Text: "needle"}, sharing.Page{Limit: 10, After: next})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Empty(t, next)

	n := 0
	require.NoError(t, e.EachRecord(e.ctx, root, sharing.RecordQuery{}, func(r access.Record) error {
		n++
		require.EqualValues(t, n, r.Seq)
		return nil
	}))
	require.Equal(t, many, n, "an export goes to the end")
}

func TestC6AnExportEndsWhereTheRightToReadDoes(t *testing.T) {
	e := acme(t)
	require.NoError(t, e.db.Update(e.ctx, func(tx *store.Tx) error {
		for range 2000 {
			r := access.Record{Time: e.now, Action: "decision.evaluate", Organization: "acme", Outcome: access.Denied}
			if _, err := tx.AppendRecord(r); err != nil {
				return err
			}
		}
		return nil
	}))
	n := 0
	require.NoError(t, e.EachRecord(e.ctx, as("adam"), sharing.RecordQuery{}, func(access.Record) error {
		if n++; n == 1 {
			e.ok(e.PutMember(e.ctx, root, "acme", "adam", access.OrgMember, sharing.Offboard{}))
		}
		return nil
	}))
	require.Less(t, n, 2000)
}
