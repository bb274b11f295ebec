package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func testSnapshot(t *testing.T, stores maker) {
	db := stores.open(t)
	at := time.Unix(1, 1000).UTC()
	team := access.Team{ID: "t\x01", Organization: "acme", Name: "\x00"}
	policy := access.Policy{Chatbot: "help", AllowedUsers: []access.UserID{"alice"}, Entities: []access.OrganizationID{}}
	update(t, db, func(tx *Tx) {
		seed(t, tx)
		_, err := tx.AppendOutbox([]byte{0, 0xff}, at)
		must(t, err, tx.PutTeam(team), tx.PutPolicy(policy))
		_, err = tx.AppendRecord(access.Record{Time: at})
		must(t, err)
	})
	path := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, db.Update(t.Context(), func(tx *Tx) error { // it does not wait for the writer
		must(t, tx.PutUser(access.User{ID: "carol"}))
		return db.Snapshot(t.Context(), path)
	}))
	info, err := os.Stat(path)
	must(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	snapshot := reopen(t, path)
	update(t, snapshot, func(tx *Tx) {
		is(t, access.User{ID: "alice", Active: true})(tx.User("alice"))
		absent[access.User](t)(tx.User("carol"))
		is(t, team)(tx.Team(team.ID))
		is(t, policy)(tx.Policy("help"))
		are(t, policy)(tx.PoliciesNaming("user", "alice"))
		entries, err := tx.Outbox(0)
		must(t, err)
		require.Len(t, entries, 1)
		require.Equal(t, []byte{0, 0xff}, entries[0].Updates)
		seq, err := tx.AppendRecord(access.Record{})
		must(t, err)
		require.EqualValues(t, 2, seq, "it counts on")
	})
	require.Equal(t, access.KindUnavailable, access.KindOf(db.Snapshot(t.Context(), path)), "it overwrites nothing")
}
