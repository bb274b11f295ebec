package store

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// testTypesOfBefore: before it was kept who gave a type, the token that came last did. So whoever has signed in has it from that issuer after the upgrade,
// and all others from an administrator.
func testTypesOfBefore(t *testing.T, m maker) {
	db, ctx := m.open(t), context.Background()
	for _, back := range []string{`ALTER TABLE users DROP COLUMN type_given_by`, `DELETE FROM goose_db_version WHERE version_id = 19`} {
		_, err := db.writer.ExecContext(ctx, back)
		require.NoError(t, err)
	}
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	update(t, db, func(tx *Tx) {
		for _, u := range []access.User{
			{ID: "ann", Type: access.Internal, Active: true}, {ID: "ben", Type: access.Internal, Active: true}, {ID: "cy", Type: access.External, Active: true},
		} {
			must(t, tx.PutUser(u))
		}
		for _, i := range []access.Identity{
			{Issuer: "https://a.test", Subject: "1", User: "ann", IssuedAt: now}, {Issuer: "https://b.test", Subject: "1", User: "ann", IssuedAt: now.Add(time.Second)},
			{Issuer: "https://a.test", Subject: "2", User: "cy", IssuedAt: now},
		} {
			must(t, tx.PutIdentity(i))
		}
	})
	runner, err := migrations(db.dialect, db.writer)
	must(t, err)
	_, err = runner.ApplyVersion(ctx, 19, true)
	must(t, err)
	given := func(user access.UserID) (issuer string) {
		must(t, db.View(ctx, func(tx *Tx) (err error) {
			issuer, err = tx.TypeGivenBy(user)
			return err
		}))
		return issuer
	}
	require.Equal(t, []string{"https://b.test", "", "", ""}, []string{given("ann"), given("ben"), given("cy"), given("nobody")})

	update(t, db, func(tx *Tx) {
		must(t, tx.PutUser(access.User{ID: "ann", Type: access.Internal, Active: true, Name: "Ann"}), tx.GivenType("ben", "https://a.test"))
	})
	require.Equal(t, []string{"https://b.test", "https://a.test"}, []string{given("ann"), given("ben")}, "a change of something else leaves it")
}
