package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// ownFiles are the files and the directory that the server makes in the data directory, with those that SQLite puts beside its own.
var ownFiles = []string{
	storeFile, storeFile + "-wal", storeFile + "-shm", engineFile, engineFile + "-wal", engineFile + "-shm", hashKeyFile, lockFile, demoKeyFile, stagingDir,
}

// makeDirectory creates the data directory, for its owner only. One that exists is left as it is, and refused where others can write in it or to what
// the server keeps there: who can exchange a file decides what everybody may do.
func makeDirectory(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return &StartError{
			Problem: fmt.Sprintf("cannot create the data directory %s: %v", path, bare(err)), Cause: err,
			Advice: "Choose another directory with --data, or change its permissions.",
		}
	}
	if err := checkOwnership(path, " If the directory has to be like that, such as a Kubernetes volume with fsGroup, name a subdirectory with --data: "+
		"the server creates it."); err != nil {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return dataFault(path, err)
	}
	for _, e := range entries {
		if !slices.Contains(ownFiles, e.Name()) {
			continue
		}
		if err := checkOwnership(filepath.Join(path, e.Name()), ""); err != nil {
			return err
		}
	}
	return nil
}

// checkOwnership refuses a file or a directory that belongs to somebody else than this process's user or root, or that its group or others can write.
func checkOwnership(path, advice string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // one of SQLite's, which has gone meanwhile
	}
	if err != nil {
		return dataFault(path, err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 && int(owner.Uid) != os.Geteuid() {
		return &StartError{
			Problem: fmt.Sprintf("%s belongs to user ID %d, but the server runs as %d", path, owner.Uid, os.Geteuid()),
			Advice:  fmt.Sprintf("Run the server as the owner, or give the directory to the server's user: chown %d %s.%s", os.Geteuid(), path, advice),
		}
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return &StartError{
			Problem: fmt.Sprintf("users other than its owner can write to %s (mode %04o)", path, mode),
			Advice:  fmt.Sprintf("Run chmod go-w %s. Somebody may have changed access there: check the record.%s", path, advice),
		}
	}
	return nil
}
