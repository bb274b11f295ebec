// Package bulk imports and exports files.
//
// It owns the formats (CSV, JSON Lines, SpiceDB relationships), errors with line numbers, and the steps of an import: receive all files into a
// staging file on disk, try every row in a scratch store over the facts, then write the valid rows. It must not decide: package sharing checks each
// row as the caller's own change. Its memory does not grow with the size of the files.
package bulk

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/sharing"
)

// Config is what a Bulk needs.
type Config struct {
	Sharing  *sharing.Service
	Problems problem.Writer // answers errors
	Dir      string         // for staging files, of this process alone; made when it is needed, within a directory that exists
	Log      *slog.Logger

	MaxStaging int64 // how many bytes of the disk all imports and backups together may use; 0 means DefaultMaxStaging
	MinFree    int64 // how many bytes they leave free on the volume, but at most a tenth of it; 0 means DefaultMinFree
}

// DefaultMaxStaging and DefaultMinFree suit imports of up to some GiB.
const (
	DefaultMaxStaging = 16 << 30
	DefaultMinFree    = 1 << 30
)

// Bulk takes imports and gives exports.
type Bulk struct {
	sharing  *sharing.Service
	problems problem.Writer
	dir      string
	log      *slog.Logger
	quota    *quota
}

// New removes the staging files that a process left which was killed.
func New(c Config) (*Bulk, error) {
	if err := os.RemoveAll(c.Dir); err != nil {
		return nil, fmt.Errorf("cannot remove the files of an interrupted import: %w", err)
	}
	c.MaxStaging, c.MinFree = cmp.Or(c.MaxStaging, DefaultMaxStaging), cmp.Or(c.MinFree, DefaultMinFree)
	return &Bulk{sharing: c.Sharing, problems: c.Problems, dir: c.Dir, log: c.Log, quota: newQuota(c)}, nil
}

// Figures are those of the disk.
func (b *Bulk) Figures() prometheus.Collector { return b.quota }

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
	return "", access.Invalidf("", "unknown extension of %q: use .csv, .jsonl or .relationships, or name the format", name)
}

// Read tells each every row of a file. It fails where the file cannot be read, and with the errors of each.
func Read(r io.Reader, f Format, each Each) error {
	in := newLines(r)
	if err := in.foreign(); err != nil {
		return each(Line{Number: 1, Raw: []byte{}, Err: err})
	}
	switch f {
	case CSV:
		return readCSV(in, each)
	case JSONL:
		return readJSONL(in, each)
	case Relationships:
		return readRelationships(in, each)
	}
	return errors.New("bulk: no such format: " + string(f))
}
