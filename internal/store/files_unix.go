//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"
)

// Lock takes the file at path for this process, and fails if another one has it. The kernel lets go of it when the process ends, however it
// ends. The file stays: removing it could split the lock in two. It lies beside the database because SQLite's own locks on that file come and go.
func Lock(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, os.NewSyscallError("flock", err)
	}
	return f.Close, nil
}

// SyncDir makes a change of names in the directory survive a loss of power.
func SyncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
