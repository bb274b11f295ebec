package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations makes the runner for the migrations in this program. Each runs in a transaction of its own, together with the entry that it
// ran, in goose's table.
func migrations(dialect goose.Dialect, pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, pool, files, goose.WithDisableGlobalRegistry(true))
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, dialect goose.Dialect, pool *sql.DB) error {
	runner, err := migrations(dialect, pool)
	if err != nil {
		return err
	}
	_, err = runner.Up(ctx)
	return err
}

// checkVersion refuses a schema that is newer than the program: an older program would misread it. It asks goose's table itself, as goose
// would create it first.
func checkVersion(ctx context.Context, pool *sql.DB) error {
	runner, err := migrations(sqliteDialect.goose, pool)
	if err != nil {
		return err
	}
	var version sql.NullInt64
	query := "SELECT MAX(version_id) FROM " + goose.DefaultTablename + " WHERE is_applied"
	if err := pool.QueryRowContext(ctx, query).Scan(&version); err != nil {
		return fmt.Errorf("cannot read the version of its schema: %w", damaged(err))
	}
	sources := runner.ListSources()
	if known := sources[len(sources)-1].Version; version.Int64 > known {
		return fmt.Errorf("the store was written by a newer Grantway: its schema is version %d, this program knows %d", version.Int64, known)
	}
	return nil
}
