package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// A fileLock keeps a second process from opening the same database. It is an
// flock on a file beside the database, which the kernel releases when the process
// ends in any way. It is not taken on the database itself, because closing any
// descriptor of that file would release the locks that SQLite holds on it.
type fileLock struct {
	file *os.File
}

// lockFile takes the lock for the database at path without waiting. The error is
// ErrInUse where another process, or another datastore in this one, has it.
func lockFile(path string) (*fileLock, error) {
	name := path + ".lock"
	for {
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open the lock of %s: %w", path, err)
		}
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, ErrInUse), file.Close())
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", name, err), file.Close())
		}
		// The previous owner removes the file while it holds the lock. Whoever
		// opened the file before that now holds a lock on nothing.
		current, err := sameFile(file, name)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", name, err), file.Close())
		}
		if current {
			return &fileLock{file: file}, nil
		}
		if err := file.Close(); err != nil {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
	}
}

// sameFile reports whether name still leads to file.
func sameFile(file *os.File, name string) (bool, error) {
	held, err := file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(held, named), nil
}

// release removes the file and then gives up the lock.
func (l *fileLock) release() error {
	err := os.Remove(l.file.Name())
	return errors.Join(err, l.file.Close())
}
