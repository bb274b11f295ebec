package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"
)

// crashPath names, in the environment of a child process, the database to write to
// until it is killed.
const crashPath = "GRANTWAY_TEST_SQLITE_CRASH_PATH"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled prints the number of each relationship once it is written.
func writeUntilKilled(path string) error {
	ds, err := Open(context.Background(), path)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		_, err := ds.ReadWriteTx(context.Background(), func(ctx context.Context, tx datastore.ReadWriteTransaction) error {
			// Both or none, so that half a transaction would be seen.
			return tx.WriteRelationships(ctx, []tuple.RelationshipUpdate{
				tuple.Create(tuple.MustParse(fmt.Sprintf("document:d%d#viewer@user:tom", i))),
				tuple.Create(tuple.MustParse(fmt.Sprintf("document:d%d#editor@user:tom", i))),
			})
		})
		if err != nil {
			return err
		}
		if _, err := fmt.Println(i); err != nil {
			return err
		}
	}
}

func TestKilledProcessLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.db")
	for round := range 5 {
		if round > 0 {
			require.NoError(t, os.Remove(path))
		}
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), crashPath+"="+path)
		child.Stderr = os.Stderr
		output, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())

		answered := -1
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			_, err := fmt.Sscan(lines.Text(), &answered)
			require.NoError(t, err)
			if answered == 0 {
				_, err := Open(t.Context(), path)
				require.ErrorIs(t, err, ErrInUse)
			}
			if answered == 100+17*round {
				require.NoError(t, child.Process.Kill())
			}
		}
		require.Error(t, child.Wait())
		require.GreaterOrEqual(t, answered, 100+17*round)

		ds, err := Open(t.Context(), path)
		require.NoError(t, err)
		found := read(t, atHead(t, ds), "document")
		joined := strings.Join(found, "\n") + "\n"
		for i := range answered + 1 {
			require.Contains(t, joined, fmt.Sprintf("document:d%d#viewer@user:tom\n", i))
		}
		require.Zero(t, len(found)%2, "half of a transaction was kept")
		require.NoError(t, ds.Close())
	}
}
