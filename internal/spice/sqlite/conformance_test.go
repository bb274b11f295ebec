package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/datastore/test"
	"github.com/stretchr/testify/require"
	zs "zombiezen.com/go/sqlite"
)

// conformanceTester opens a datastore in a directory of its own for each test of
// SpiceDB's suite.
func conformanceTester() test.DatastoreTester {
	open := func(tb testing.TB, quantization, gcInterval, gcWindow time.Duration, watchBufferLength uint16) (datastore.Datastore, error) {
		ds, err := Open(tb.Context(), filepath.Join(tb.TempDir(), "engine.db"),
			WithQuantization(quantization), WithGCInterval(gcInterval), WithGCWindow(gcWindow), WithWatchBufferLength(watchBufferLength))
		if err != nil {
			return nil, err
		}
		tb.Cleanup(func() { require.NoError(tb, ds.Close()) })
		return ds, nil
	}
	return test.NewTesterFactory(zs.ResultBusy.ToError()).NewTester(test.DatastoreTesterFunc(open))
}

// TestConformance runs SpiceDB's own suite for storage drivers.
func TestConformance(t *testing.T) {
	// The category ConcurrentWrite is excepted because one of its tests holds one
	// write transaction open until a second has written, which a database with a
	// single writer cannot have by nature.
	test.AllWithExceptions(t, conformanceTester(), test.WithCategories(test.ConcurrentWriteCategory))

	// The other tests of that category need no second open transaction.
	t.Run("TestConcurrentWriteDeadlock", func(t *testing.T) {
		test.ConcurrentWriteDeadlockTest(t, conformanceTester())
	})
	t.Run("TestStoredSchemaConcurrentSchemaWins", func(t *testing.T) {
		test.StoredSchemaConcurrentSchemaWinsTest(t, conformanceTester())
	})
	t.Run("TestStoredSchemaWriteSucceedsUnderRelWriteTraffic", func(t *testing.T) {
		test.StoredSchemaWriteSucceedsUnderRelWriteTrafficTest(t, conformanceTester())
	})
}
