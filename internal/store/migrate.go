package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// ErrNewer is what Open fails with where a newer Grantway wrote the store.
var ErrNewer = errors.New("the store was written by a newer Grantway")

// oldestBeside is the number of the oldest migration whose programs may run on the tables of this program, beside it. A migration that only adds
// (tables, indexes, columns with a default) leaves it as it is; one that takes away or changes what is there puts its own number here.
const oldestBeside = 9

// settingOldest names the setting that tells oldestBeside to programs that are older than the tables.
const settingOldest = "tables.oldest"

// noteOldest tells older programs whether they may run on tables that this one has brought up to date.
func noteOldest(ctx context.Context, pool *sql.DB) error {
	_, err := pool.ExecContext(ctx, putSetting, settingOldest, strconv.Itoa(oldestBeside))
	return err
}

// mayRunBeside reports whether tables that are newer than the program may be used by it all the same.
func mayRunBeside(ctx context.Context, d dialect, pool *sql.DB) (bool, error) {
	known, err := newest(d, pool)
	if err != nil {
		return false, err
	}
	var text string
	err = pool.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, settingOldest).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	oldest, err := strconv.ParseInt(text, 10, 64)
	return err == nil && oldest <= known, err
}

// newest is the number of the last migration that this program knows.
func newest(d dialect, pool *sql.DB) (int64, error) {
	runner, err := migrations(d, pool)
	if err != nil {
		return 0, err
	}
	sources := runner.ListSources()
	return sources[len(sources)-1].Version, nil
}

// migrations makes the runner for the migrations in this program. Each runs in a transaction of its own, together with the entry that it
// ran, in goose's table; but for CockroachDB, as spellCockroach says.
func migrations(d dialect, pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(d.goose, pool, spelled{files, d.spelling}, goose.WithDisableGlobalRegistry(true))
}

// spelled is the migrations as a dialect spells them.
type spelled struct {
	fs.FS
	spelling func(migration string) string
}

func (s spelled) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if _, directory := f.(fs.ReadDirFile); err != nil || directory {
		return f, err
	}
	text, err := io.ReadAll(f)
	return spelledFile{f, strings.NewReader(s.spelling(string(text)))}, err
}

type spelledFile struct {
	fs.File
	text *strings.Reader
}

func (f spelledFile) Read(b []byte) (int, error) { return f.text.Read(b) }

var textColumn = regexp.MustCompile(`\bTEXT\b`)

// spellPostgres compares and orders every text by its bytes, whatever the database's collation is. Columns of one collation can be joined.
func spellPostgres(migration string) string {
	migration = strings.ReplaceAll(migration, " COLLATE BINARY", "")
	return textColumn.ReplaceAllString(migration, `TEXT COLLATE "C"`)
}

var (
	deferredReference = regexp.MustCompile(` REFERENCES \w+ \(\w+\) DEFERRABLE INITIALLY DEFERRED`)
	creation          = regexp.MustCompile(`(?m)^(CREATE (?:TABLE|INDEX|UNIQUE INDEX)|.*ADD COLUMN) `)
	removal           = regexp.MustCompile(`(?m)^(DROP (?:TABLE|INDEX)) `)
	insertion         = regexp.MustCompile(`(?m)^(INSERT INTO [^;]*);`)
)

// spellCockroach makes of a migration what CockroachDB can run. Its texts are ordered by their bytes already. It knows no constraints that are checked at
// commit, and the facts are not written in the order that others would demand, so those between facts are left out; the other two databases
// hold them. It cannot use in a transaction what the same transaction has just changed in a table, so every statement stands for itself
// and may be run again after a crash.
func spellCockroach(migration string) string {
	migration = strings.ReplaceAll(migration, " COLLATE BINARY", "")
	migration = deferredReference.ReplaceAllString(migration, "")
	migration = creation.ReplaceAllString(migration, "$1 IF NOT EXISTS ")
	migration = removal.ReplaceAllString(migration, "$1 IF EXISTS ")
	migration = insertion.ReplaceAllString(migration, "$1 ON CONFLICT DO NOTHING;")
	return "-- +goose NO TRANSACTION\n" + migration
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, d dialect, pool *sql.DB) error {
	runner, err := migrations(d, pool)
	if err != nil {
		return err
	}
	_, err = runner.Up(ctx)
	return err
}

// checkVersion refuses a schema that is newer than the program: an older program would misread it. It asks goose's table itself, as goose
// would create it first.
func checkVersion(ctx context.Context, d dialect, pool *sql.DB) error {
	known, err := newest(d, pool)
	if err != nil {
		return err
	}
	var version sql.NullInt64
	query := "SELECT MAX(version_id) FROM " + goose.DefaultTablename + " WHERE is_applied"
	if err := pool.QueryRowContext(ctx, query).Scan(&version); err != nil {
		return fmt.Errorf("cannot read the version of its schema: %w", damaged(err))
	}
	if version.Int64 > known {
		return fmt.Errorf("%w: its schema is version %d, this program knows %d", ErrNewer, version.Int64, known)
	}
	return nil
}
