package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// backupFile is what a backup is called: the name that serve --data looks for.
const backupFile = "store.db"

func newBackup(std streams) *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "backup DIR",
		Short: "copy the store of a running server",
		Long: `Writes store.db into the directory, which is made if there is none: everything that the server holds, the record too, as it is at one moment after
the command began. The server goes on answering and changing things meanwhile. The relationships follow from it and are built again where it
is restored.

The key that hashes secrets never leaves the server this way. Copy hash.key from its data directory once, and again when it was rotated, or keep
GRANTWAY_HASH_KEY, and keep it apart: with both, a thief has all that the server has. To restore, put store.db and hash.key into an
empty directory and run grantway serve --data on it.

A server with --datastore-uri gives the same file, which an embedded server serves; pg_dump is made for backing up such a database.`,
		Example: `  grantway backup /backups/$(date +%F)`,
		Args:    exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.client()
			if err != nil {
				return misuse(cmd, err)
			}
			path := filepath.Join(args[0], backupFile)
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				return hinted(fmt.Errorf("%s is there already", path), "A backup replaces nothing: name another directory.")
			}
			if err := os.MkdirAll(args[0], 0o700); err != nil {
				return err
			}
			var size int64
			if err := writeWhole(path, func(f *os.File) error {
				if err := c.Backup(cmd.Context(), f); err != nil {
					return err
				}
				info, err := f.Stat()
				if err == nil {
					size = info.Size()
				}
				return err
			}); err != nil {
				return r.advise(err)
			}
			answer, err := json.Marshal(map[string]any{"file": path, "bytes": size})
			if err != nil {
				return err
			}
			return r.print(std.out, answer, "The store is in %s (%d bytes).\nThe server's hash.key, or its GRANTWAY_HASH_KEY, is not in it: keep it too, at another place.", path, size)
		},
	}
	r.addTo(cmd)
	return cmd
}
