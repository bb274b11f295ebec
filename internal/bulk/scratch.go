package bulk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// scratch is the store in which rows are tried, with the space that is leased for it.
type scratch struct {
	path  string
	lease *lease
	taken int64
}

// grow leases what the files have grown by, and what the next rows write.
func (s *scratch) grow(ctx context.Context) error {
	size := int64(2 * look)
	for _, side := range []string{"", "-wal"} {
		file, err := os.Stat(s.path + side)
		switch {
		case err == nil:
			size += file.Size()
		case !errors.Is(err, fs.ErrNotExist):
			return unstaged(err)
		}
	}
	if size-s.taken < look {
		return nil
	}
	if err := s.lease.take(ctx, size-s.taken); err != nil {
		return err
	}
	s.taken = size
	return nil
}

// remove removes the files, SQLite's side files and the lock too, and gives their space back. Where that fails, it is given back with the rest.
func (s *scratch) remove() error {
	left, err := filepath.Glob(s.path + "*")
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	if err == nil {
		s.lease.give(s.taken)
	}
	return err
}
