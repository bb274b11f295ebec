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
		Short: "Back up a running server",
		Long: `Writes store.db into the directory, creating it if necessary. The file contains everything the server stores, including the record, as of
one moment after the command began. The server keeps running. Relationships are not in the file; they are rebuilt from it.

The backup does not contain the key that hashes secrets. Copy hash.key from the data directory once, and again after each rotation, or
keep GRANTWAY_HASH_KEY. Store it apart from the backup: both together are as good as the server. To restore, put store.db and hash.key
into an empty directory, and start grantway serve --data on it.

A server with --datastore-uri gives the same kind of file, for a server without a database. To back up the database itself, use pg_dump.`,
		Example: `  grantway backup /backups/$(date +%F)`,
		Args:    exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.client()
			if err != nil {
				return misuse(cmd, err)
			}
			path := filepath.Join(args[0], backupFile)
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				return hinted(fmt.Errorf("%s already exists", path), "A backup never overwrites: choose another directory.")
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
