package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/store"
)

// hashKeyFile holds the keys that hash secrets, in hexadecimal, one a line, the current one first. It lies beside the store and not in it, so
// that a copy of the store alone is of no use to whoever guesses secrets (K2).
const hashKeyFile = "hash.key"

// openSecrets gives what hashes secrets, with the keys from the configuration, else from the file, which is made at the first start.
//
// A key that an earlier version kept in the store moves to the file. It is in the file for good before it leaves the store: after a crash in
// between it is in both, which the next start completes.
func openSecrets(ctx context.Context, c Config, db *store.DB) (*secret.Hasher, error) {
	var origin secret.Origin
	if err := db.View(ctx, func(tx *store.Tx) (err error) {
		origin, err = secret.OriginOf(tx)
		return err
	}); err != nil {
		return nil, err
	}
	text, from := c.HashKey, "GRANTWAY_HASH_KEY"
	if text == "" {
		from = filepath.Join(c.Data, hashKeyFile)
		var err error
		if text, err = hashKeys(from, origin); err != nil {
			return nil, err
		}
	}
	secrets, err := secret.ParseHasher(text)
	if err != nil {
		return nil, &StartError{
			Problem: fmt.Sprintf("%s is damaged: %v", from, err), Cause: err,
			Advice: "It must contain keys of 64 or more hexadecimal digits, the current key first. Restore it from a backup: without these keys no secret can be verified.",
		}
	}
	if secrets.Weak() {
		return nil, &StartError{
			Problem: fmt.Sprintf("the current key in %s is too easy to guess", from),
			Advice:  "Put the output of openssl rand -hex 32 before it and start again. Secrets are hashed with the new key when they are next used.",
		}
	}
	err = db.Update(ctx, func(tx *store.Tx) error { return secrets.Confirm(tx) })
	if errors.Is(err, secret.ErrOtherKey) {
		return nil, &StartError{
			Problem: fmt.Sprintf("%v than those of %s", err, from), Cause: err,
			Advice: "No account key or API key could be verified. Add the key that the store was last used with, after the new one if there is one.",
		}
	}
	return secrets, err
}

// hashKeys reads the file, or makes it where the store has not been used with a key that belongs into it.
func hashKeys(path string, origin secret.Origin) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		key := origin.Kept
		if key == "" {
			if origin.Used {
				return "", &StartError{
					Problem: fmt.Sprintf("the hash key is missing: there is no %s, and GRANTWAY_HASH_KEY is not set", path),
					Advice:  "Restore the file from a backup, or set the variable to the key that the store was last used with. Without it no secret can be verified.",
				}
			}
			key = secret.NewHashKey()
		}
		return key, writeSynced(path, key+"\n")
	}
	if err != nil {
		return "", dataFault(filepath.Dir(path), err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", &StartError{
			Problem: fmt.Sprintf("users other than its owner can read or write %s", path),
			Advice:  "Run chmod 600 on it. If somebody may have read it, put a new key above those in it.",
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", dataFault(filepath.Dir(path), err)
	}
	return string(text), nil
}

// writeSynced makes the file, for its owner only. It is there as a whole or not at all, and outlives a loss of power.
func writeSynced(path, text string) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return dataFault(dir, err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return dataFault(dir, errors.Join(err, os.Remove(f.Name())))
	}
	return store.SyncDir(dir)
}
