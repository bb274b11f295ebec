package store

import (
	"context"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/postgres"
)

// TestAnOlderProgramRunsOnNewerTablesWhereTheyLetIt: what a newer program has noted decides, and the older one changes nothing of it.
func TestAnOlderProgramRunsOnNewerTablesWhereTheyLetIt(t *testing.T) {
	uri := postgres.Database(t)
	db := reopen(t, uri)
	ctx := context.Background()
	_, err := db.writer.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)`)
	require.NoError(t, err)
	known, err := newest(db.dialect, db.writer)
	require.NoError(t, err)

	for oldest, may := range map[string]bool{
		"1": true, strconv.FormatInt(known, 10): true, strconv.FormatInt(known+1, 10): false, "99": false, "": false, "nonsense": false,
	} {
		update(t, db, func(tx *Tx) { must(t, tx.PutSetting(settingOldest, oldest)) })
		if oldest == "" {
			update(t, db, func(tx *Tx) { must(t, tx.DeleteSetting(settingOldest)) })
		}
		other, err := Open(ctx, uri)
		if !may {
			require.Error(t, err, oldest)
			continue
		}
		require.NoError(t, err, oldest)
		require.NoError(t, other.View(ctx, func(tx *Tx) error {
			noted, _, err := tx.Setting(settingOldest)
			require.Equal(t, oldest, noted)
			return err
		}))
		require.NoError(t, other.Close())
	}
}
