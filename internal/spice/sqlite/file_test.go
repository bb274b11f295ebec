package sqlite

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	zs "zombiezen.com/go/sqlite"
)

// fingerprint returns a hash of every file in a directory.
func fingerprint(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	hashes := map[string]string{}
	for _, entry := range entries {
		if entry.IsDir() {
			hashes[entry.Name()] = "directory"
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		hashes[entry.Name()] = fmt.Sprintf("%x", sha256.Sum256(content))
	}
	return hashes
}

// filled makes a database of a few hundred pages at path and closes it.
func filled(t *testing.T, path string) {
	t.Helper()
	ds, err := Open(t.Context(), path)
	require.NoError(t, err)
	for i := range 20 {
		updates := []string{}
		for j := range 200 {
			updates = append(updates, fmt.Sprintf("document:doc-%d-%d#viewer@user:somebody-with-a-long-name-%d", i, j, j))
		}
		write(t, ds, touches(updates...)...)
	}
	require.NoError(t, ds.Close())
}

// foreign makes an SQLite database of another program.
func foreign(t *testing.T, path string, flags zs.OpenFlags) {
	t.Helper()
	conn, err := zs.OpenConn(path, zs.OpenReadWrite|zs.OpenCreate|flags)
	require.NoError(t, err)
	require.NoError(t, run(conn, "CREATE TABLE precious (data TEXT)", nil))
	require.NoError(t, conn.Close())
}

func overwrite(t *testing.T, path string, offset int64, data []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt(data, offset)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func garbage(size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i*37 + 11)
	}
	return data
}

func TestOpenRefusesAndLeavesUntouched(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		want error
	}{
		"a text": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("dear diary, this is a long text that is no database at all, and must not become one\n"), 0o600))
		}, ErrForeign},
		"a short text": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("hi"), 0o600))
		}, ErrForeign},
		"a directory": {func(t *testing.T, path string) {
			require.NoError(t, os.Mkdir(path, 0o700))
		}, ErrForeign},
		"another program's database": {func(t *testing.T, path string) { foreign(t, path, 0) }, ErrForeign},
		"another program's database with a log": {func(t *testing.T, path string) {
			foreign(t, path, zs.OpenWAL)
		}, ErrForeign},
		"an empty file": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, nil, 0o600))
		}, ErrDamaged},
		"half a header": {func(t *testing.T, path string) {
			filled(t, path)
			require.NoError(t, os.Truncate(path, 50))
		}, ErrDamaged},
		"one page": {func(t *testing.T, path string) {
			filled(t, path)
			require.NoError(t, os.Truncate(path, 4096))
		}, ErrDamaged},
		"a lost last page": {func(t *testing.T, path string) {
			filled(t, path)
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.NoError(t, os.Truncate(path, info.Size()-4096))
		}, ErrDamaged},
		"overwritten pages": {func(t *testing.T, path string) {
			filled(t, path)
			overwrite(t, path, 20*4096, garbage(3*4096))
		}, ErrDamaged},
		"an overwritten first page": {func(t *testing.T, path string) {
			filled(t, path)
			overwrite(t, path, 100, garbage(3900))
		}, ErrDamaged},
		"a newer layout": {func(t *testing.T, path string) {
			filled(t, path)
			overwrite(t, path, offsetUserVersion, binary.BigEndian.AppendUint32(nil, schemaVersion+1))
		}, ErrNewer},
		"a log without its database": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path+"-wal", garbage(5000), 0o600))
		}, ErrDamaged},
		"overwritten pages under a log": {func(t *testing.T, path string) {
			interrupted(t, path)
			overwrite(t, path, 20*4096, garbage(3*4096))
		}, ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "engine.db")
			c.make(t, path)
			before := fingerprint(t, dir)

			ds, err := Open(t.Context(), path)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, path)
			require.Nil(t, ds)
			require.Equal(t, before, fingerprint(t, dir))
		})
	}
}

// interrupted leaves at path what a killed process leaves: a database, and a log
// with transactions that are not in it yet.
func interrupted(t *testing.T, path string) {
	t.Helper()
	original := filepath.Join(t.TempDir(), "original.db")
	filled(t, original)
	ds, err := Open(t.Context(), original)
	require.NoError(t, err)
	write(t, ds, touches("document:late#viewer@user:tom")...)
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(original + suffix)
		require.NoError(t, err)
		require.NotEmpty(t, content)
		require.NoError(t, os.WriteFile(path+suffix, content, 0o600))
	}
	require.NoError(t, ds.Close())
}

func TestOpenRecoversTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.db")
	interrupted(t, path)
	ds := openDatastore(t, path)
	found := read(t, atHead(t, ds), "document")
	require.Len(t, found, 20*200+1)
	require.Contains(t, found, "document:late#viewer@user:tom")
}

func TestCreationThatWasInterruptedIsRepeated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.db")
	require.NoError(t, os.WriteFile(path+".new", garbage(3000), 0o600))
	require.NoError(t, os.WriteFile(path+".new-journal", garbage(3000), 0o600))
	openDatastore(t, path)
}

func TestFileIsPrivateAndAloneAfterClose(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "odd name?#%.db")
	ds, err := Open(t.Context(), path)
	require.NoError(t, err)
	write(t, ds, touches("document:a#viewer@user:tom")...)
	require.NoError(t, ds.Close())
	require.NoError(t, ds.Close(), "closing twice is harmless")

	require.Len(t, fingerprint(t, dir), 1)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	again := openDatastore(t, path)
	require.Equal(t, []string{"document:a#viewer@user:tom"}, read(t, atHead(t, again), "document"))
	require.Equal(t, ds.uniqueID, again.uniqueID)
}

func TestOpenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.db")
	first, err := Open(t.Context(), path)
	require.NoError(t, err)
	_, err = Open(t.Context(), path)
	require.ErrorIs(t, err, ErrInUse)
	write(t, first, touches("document:a#viewer@user:tom")...)
	require.NoError(t, first.Close())
	openDatastore(t, path)
}
