package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
)

// copyToFile is Snapshot of a server: it makes a SQLite store of this program's version and fills its tables with what a view of the server's shows.
func copyToFile(ctx context.Context, db *DB, path string) error {
	if err := createEmpty(path); err != nil {
		return failed(fmt.Errorf("store: snapshot: %w", err))
	}
	if err := fill(ctx, db, path); err != nil {
		return failed(errors.Join(fmt.Errorf("store: snapshot to %s: %w", path, err), os.Remove(path)))
	}
	return nil
}

func fill(ctx context.Context, db *DB, path string) error {
	if err := create(ctx, path); err != nil {
		return err
	}
	pool, err := openPool(path, writable, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	err = db.View(ctx, func(from *Tx) error {
		// A table may be large; that something comes is seen to.
		if err := from.exec("SET LOCAL statement_timeout = 0"); err != nil {
			return err
		}
		to, err := pool.BeginTx(context.WithoutCancel(ctx), nil)
		if err != nil {
			return err
		}
		defer func() { _ = to.Rollback() }()
		if err := copyTables(ctx, from, to); err != nil {
			return err
		}
		return to.Commit()
	})
	return errors.Join(err, pool.Close())
}

// copyTables copies in the order in which the tables were made, as the side tables follow what they belong to.
func copyTables(ctx context.Context, from *Tx, to *sql.Tx) error {
	tables, err := tableNames(ctx, to)
	if err != nil {
		return err
	}
	for _, table := range tables {
		columns, err := names(ctx, to, `SELECT name FROM pragma_table_info($1)`, table)
		if err != nil {
			return err
		}
		if err := copyTable(ctx, from, to, table, columns); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return nil
}

// tableNames names the tables of a SQLite store in the order in which they were made, without those of SQLite and of the migrations.
func tableNames(ctx context.Context, file querier) ([]string, error) {
	return names(ctx, file, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version' ORDER BY rowid`)
}

// querier is a database or a transaction of one.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func names(ctx context.Context, file querier, query string, args ...any) (all []string, err error) {
	found, err := file.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var name string
		if err := found.Scan(&name); err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, found.Err()
}

func copyTable(ctx context.Context, from *Tx, to *sql.Tx, table string, columns []string) error {
	if _, err := to.Exec("DELETE FROM " + table); err != nil { // what a new store begins with
		return err
	}
	list := strings.Join(columns, ", ")
	insert, err := to.Prepare("INSERT INTO " + table + " (" + list + ") VALUES " + tuple(1, len(columns)))
	if err != nil {
		return err
	}
	defer insert.Close()
	found, err := from.sql.QueryContext(ctx, "SELECT "+list+" FROM "+table)
	if err != nil {
		return err
	}
	defer found.Close()
	values, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range places {
		places[i] = &values[i]
	}
	for found.Next() {
		if err := found.Scan(places...); err != nil {
			return err
		}
		if _, err := insert.Exec(values...); err != nil {
			return err
		}
	}
	return found.Err()
}
