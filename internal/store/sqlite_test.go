package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// TestMain lets the test binary be another process: with this variable it opens the store, says so, and holds it until it is killed.
func TestMain(m *testing.M) {
	path := os.Getenv("GRANTWAY_TEST_HOLD_STORE")
	if path == "" {
		os.Exit(m.Run())
	}
	if err := hold(path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	select {}
}

func hold(path string) error {
	db, err := Open(context.Background(), path)
	if err != nil {
		return err
	}
	err = db.Update(context.Background(), func(tx *Tx) error { return tx.PutSetting("holder", "was here") })
	fmt.Println("holding")
	return err
}

func TestAStoreIsOpenInOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "GRANTWAY_TEST_HOLD_STORE="+path)
	out, err := other.StdoutPipe()
	must(t, err, other.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "holding\n", line)

	alias := filepath.Join(t.TempDir(), "alias.db")
	must(t, os.Symlink(path, alias))
	for _, name := range []string{path, alias} {
		_, err = Open(t.Context(), name)
		require.ErrorContains(t, err, "in use by another process")
	}
	must(t, other.Process.Kill())
	_ = other.Wait()
	db := reopen(t, path)
	view(t, db, func(tx *Tx) { is(t, "was here")(tx.Setting("holder")) })

	_, err = Open(t.Context(), path)
	require.ErrorContains(t, err, "in use", "the same process cannot open it twice either")
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd ?name#100%.db")
	db := reopen(t, path)
	update(t, db, func(tx *Tx) { seed(t, tx) })
	must(t, db.Close())
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	must(t, err)
	require.Equal(t, []string{path, path + ".lock"}, names, "nothing else is left")
	info, err := os.Stat(path)
	must(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	view(t, reopen(t, path), func(tx *Tx) {
		is(t, access.User{ID: "alice", Active: true})(tx.User("alice"))
	})
}

func TestAnEmptyFileBecomesAStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	must(t, createEmpty(path), createEmpty(path+".new")) // the latter as a crash would leave it
	must(t, reopen(t, path).Ping(t.Context()))
}

func TestPragmas(t *testing.T) {
	db := openNew(t)
	for pool, want := range map[*sql.DB]map[string]string{
		db.writer:  {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "encoding": "UTF-8"},
		db.readers: {"journal_mode": "wal", "busy_timeout": "5000"},
	} {
		for pragma, value := range want {
			var got string
			must(t, pool.QueryRow("PRAGMA "+pragma).Scan(&got))
			require.Equal(t, value, got, pragma)
		}
	}
}

// damage makes files that must be refused.
var damage = map[string]struct {
	spoil func(t *testing.T, path string)
	want  string
}{
	"not SQLite": {
		func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(strings.Repeat("diary ", 1000)), 0o644))
		},
		"is not a SQLite database",
	},
	"short": {
		func(t *testing.T, path string) { must(t, os.WriteFile(path, []byte("SQLite format 3\x00"), 0o644)) },
		"is damaged",
	},
	"of another application": {
		func(t *testing.T, path string) {
			must(t, os.Remove(path))
			executeIn(t, path, "CREATE TABLE songs (title TEXT)")
		},
		"of another application",
	},
	"newer": {
		func(t *testing.T, path string) {
			executeIn(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
		},
		"newer Grantway: its schema is version 99",
	},
	"without a version": {
		func(t *testing.T, path string) { executeIn(t, path, "DROP TABLE goose_db_version") },
		"cannot read the version of its schema",
	},
	"cut off": {
		func(t *testing.T, path string) {
			info, err := os.Stat(path)
			must(t, err, os.Truncate(path, info.Size()/2))
		},
		"damaged",
	},
	"overwritten": {
		func(t *testing.T, path string) {
			file, err := os.ReadFile(path)
			must(t, err)
			for i := 4096; i < 5*4096; i++ {
				file[i] ^= 0x5a
			}
			must(t, os.WriteFile(path, file, 0o600))
		},
		"damaged",
	},
}

func executeIn(t *testing.T, path, statement string) {
	t.Helper()
	pool, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = pool.Exec(statement)
	must(t, err, pool.Close())
}

func TestFilesThatAreRefusedStayAsTheyAre(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "store.db")
	must(t, reopen(t, fresh).Close())
	store, err := os.ReadFile(fresh)
	must(t, err)
	for name, tc := range damage {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			must(t, os.WriteFile(path, store, 0o600))
			tc.spoil(t, path)
			before, err := os.ReadFile(path)
			must(t, err)
			_, err = Open(t.Context(), path)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, path)
			after, err := os.ReadFile(path)
			must(t, err)
			require.Equal(t, sha256.Sum256(before), sha256.Sum256(after))
			for _, side := range []string{"-wal", "-shm", "-journal", ".new"} {
				require.NoFileExists(t, path+side)
			}
			release, err := Lock(path + ".lock")
			must(t, err, release())
		})
	}
}

func TestOpenRefusesOtherPlaces(t *testing.T) {
	for uri, want := range map[string]string{
		"mysql://localhost/grantway":                "cannot open a mysql database",
		filepath.Join(t.TempDir(), "none/store.db"): "no such file or directory",
		t.TempDir(): "is a directory",
	} {
		_, err := Open(t.Context(), uri)
		require.ErrorContains(t, err, want)
	}
}

func TestAFailedCommitSaysWhichFactIsNotThere(t *testing.T) {
	err := openNew(t).Update(t.Context(), func(tx *Tx) error {
		return tx.PutTeam(access.Team{ID: "t", Organization: "nowhere"})
	})
	require.ErrorContains(t, err, "a row of teams names a row of organizations that is not there")
}
