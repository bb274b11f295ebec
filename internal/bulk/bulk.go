// Package bulk is import and export: files in, rows out, and back.
//
// It owns the formats (CSV, JSON Lines, SpiceDB relationships), the errors with line numbers, and the course of an import: all files are
// received into a staging file on disk, every row is tried on a copy of the facts, and only then are the good ones written. It decides
// nothing: package sharing judges each row as the caller's own change. Its memory does not grow with what it is given.
package bulk

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Config is what a Bulk needs.
type Config struct {
	Sharing *sharing.Service
	Dir     string // for staging files, of this process alone; made when it is needed
	Log     *slog.Logger
}

// Bulk takes imports and gives exports.
type Bulk struct {
	sharing *sharing.Service
	dir     string
	log     *slog.Logger
}

// New removes the staging files that a process left which was killed.
func New(c Config) (*Bulk, error) {
	if err := os.RemoveAll(c.Dir); err != nil {
		return nil, fmt.Errorf("the remains of an import cannot be removed: %w", err)
	}
	return &Bulk{sharing: c.Sharing, dir: c.Dir, log: c.Log}, nil
}

// Format is how a file is written.
type Format string

const (
	CSV           Format = "csv"
	JSONL         Format = "jsonl"
	Relationships Format = "relationships"
)

// Formats lists the formats.
var Formats = []Format{CSV, JSONL, Relationships}

var extensions = map[string]Format{
	".csv": CSV, ".jsonl": JSONL, ".ndjson": JSONL, ".zed": Relationships, ".rel": Relationships, ".relationships": Relationships, ".txt": Relationships,
}

// FormatOf tells the format of a file by the extension of its name.
func FormatOf(name string) (Format, error) {
	if f, ok := extensions[strings.ToLower(filepath.Ext(name))]; ok {
		return f, nil
	}
	return "", access.Invalidf("", "the format of %q cannot be told by its extension: give it the extension .csv, .jsonl or .relationships, or name the format", name)
}

// Read tells each every row of a file. It fails where the file cannot be read, and with the errors of each.
func Read(r io.Reader, f Format, each Each) error {
	switch f {
	case CSV:
		return readCSV(r, each)
	case JSONL:
		return readJSONL(r, each)
	case Relationships:
		return readRelationships(r, each)
	}
	return errors.New("bulk: no such format: " + string(f))
}
