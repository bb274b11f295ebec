package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/grantway/grantway/internal/client"
)

// defaultRejects is the rejects file of --skip-invalid, or what its name is made of where that exists.
const defaultRejects = "grantway-rejects.jsonl"

// rejectsFile collects the invalid rows of an import. The first of them are also printed. It is a new file, so that it never overwrites another one,
// and what it holds is of this import. It is made before anything is sent, and removed if there are no bad rows. Without a path there is none.
type rejectsFile struct {
	path  string
	told  io.Writer
	count int
	file  *os.File
	out   *bufio.Writer
	ours  bool // nobody else's file, such as /dev/null is
}

// newRejects makes the file at the path. For "" there is none, unless it is needed: then it gets a name that is free.
func newRejects(path string, needed bool, told io.Writer) (r *rejectsFile, err error) {
	r = &rejectsFile{path: path, told: told, ours: true}
	switch {
	case path == "" && !needed:
		return r, nil
	case path == "":
		r.path = defaultRejects
		for n := 2; ; n++ {
			if r.file, err = createNew(r.path); !errors.Is(err, fs.ErrExist) {
				break
			}
			r.path = strings.Replace(defaultRejects, ".", fmt.Sprintf("-%d.", n), 1)
		}
	default:
		if info, failed := os.Stat(path); failed == nil && info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe) != 0 {
			r.ours = false
			r.file, err = os.OpenFile(path, os.O_WRONLY, 0)
			break
		}
		if r.file, err = createNew(path); errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%s exists, and a rejects file is never overwritten: move it away, or name another file with --rejects", path)
		}
	}
	if err != nil {
		return nil, err
	}
	r.out = bufio.NewWriter(r.file)
	return r, nil
}

func createNew(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // what it may hold is for the umask to say, as of any output
}

func (r *rejectsFile) add(row client.Reject) error {
	r.count++
	if r.count <= shownRejects {
		reason := row.Reason
		if row.Rule != "" {
			reason += " (" + row.Rule + ")"
		}
		fmt.Fprintf(r.told, "%s:%d: %s\n", row.File, row.Line, reason)
	}
	if r.file == nil {
		return nil
	}
	line, err := json.Marshal(row)
	if err != nil {
		return err
	}
	_, err = r.out.Write(append(line, '\n'))
	return err
}

// close completes the file, or removes it if there were no bad rows.
func (r *rejectsFile) close() error {
	if r.count > shownRejects {
		fmt.Fprintf(r.told, "… and %d more\n", r.count-shownRejects)
	}
	if r.file == nil {
		return nil
	}
	err := errors.Join(r.out.Flush(), r.file.Close())
	if r.ours && r.count == 0 {
		err = errors.Join(err, os.Remove(r.path))
	}
	return err
}
