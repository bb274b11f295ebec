package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/grantway/grantway/internal/client"
)

// rejectsFile takes the bad rows of an import. The first of them are told to people as well. The file appears with the first row; without a
// path there is none.
type rejectsFile struct {
	path  string
	told  io.Writer
	count int
	file  *os.File
	out   *bufio.Writer
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
	if r.path == "" {
		return nil
	}
	if r.file == nil {
		file, err := os.Create(r.path)
		if err != nil {
			return err
		}
		r.file, r.out = file, bufio.NewWriter(file)
	}
	line, err := json.Marshal(row)
	if err != nil {
		return err
	}
	_, err = r.out.Write(append(line, '\n'))
	return err
}

func (r *rejectsFile) close() error {
	if r.count > shownRejects {
		fmt.Fprintf(r.told, "… and %d more\n", r.count-shownRejects)
	}
	if r.file == nil {
		return nil
	}
	return errors.Join(r.out.Flush(), r.file.Close())
}
