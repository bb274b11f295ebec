package record

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

func open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"))
	require.NoError(t, err)
	return db
}

// TestEverythingTakenIsWritten records from many calls at once, more than may wait, and closes.
func TestEverythingTakenIsWritten(t *testing.T) {
	db := open(t)
	defer db.Close()
	j := New(db, slog.New(slog.DiscardHandler))
	var running, calls sync.WaitGroup
	running.Go(j.Run)
	const callers, each = 12, 1000
	for range callers {
		calls.Go(func() { j.Record(t.Context(), make([]access.Record, each)) })
	}
	calls.Wait()
	j.Close()
	running.Wait()
	require.EqualValues(t, callers*each, j.Written())
	require.Zero(t, j.Lost())
	require.NoError(t, db.View(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Records(store.RecordFilter{}, store.RecordPlace{}, 0)
		require.Len(t, all, callers*each)
		return err
	}))
}

// TestWhatIsLostIsCountedAndLogged fills the journal with nobody writing, and writes to a store that is closed.
func TestWhatIsLostIsCountedAndLogged(t *testing.T) {
	db := open(t)
	var log strings.Builder
	j := New(db, slog.New(slog.NewTextHandler(&log, nil)))
	j.Record(t.Context(), make([]access.Record, mayWait))
	gone, leave := context.WithCancel(t.Context())
	leave()
	j.Record(gone, make([]access.Record, 7))
	require.EqualValues(t, 7, j.Lost(), "there is no room, and the caller has gone")
	require.NoError(t, db.Close())
	j.Close()
	j.Run()
	require.EqualValues(t, mayWait+7, j.Lost())
	j.Record(t.Context(), make([]access.Record, 2))
	require.EqualValues(t, mayWait+9, j.Lost(), "who comes late is told of in the log, too")
	require.Zero(t, j.Written())
	require.Contains(t, log.String(), "cannot record decisions")
}
