package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/grantway/grantway/internal/access"
)

// Overlay makes a new SQLite store at path that lies over this one: it reads as this one does, and what is written to it is written there alone. A
// transaction of it copies the rows that a statement is about when it first runs one about them, so that its cost, and the size of the file, depend on
// what is asked and written, not on what this store holds. Each row is as it was when it was copied, which may be different moments.
//
// Statements are run by Update alone. Those that empty the outbox and end identities fail.
func (db *DB) Overlay(ctx context.Context, path string) (*DB, error) {
	if err := createEmpty(path); err != nil {
		return nil, failed(fmt.Errorf("store: overlay: %w", err))
	}
	writer, err := openPool(path, overlaid, 1)
	if err != nil {
		return nil, failed(fmt.Errorf("store: overlay: %w", err))
	}
	over := &DB{dialect: sqliteDialect, writer: writer, memory: &memory{}, path: path, close: func() error { return closeWriter(writer) }}
	if over.under, err = prepareOverlay(ctx, writer, db); err != nil {
		return nil, failed(errors.Join(fmt.Errorf("store: overlay: %w", err), over.Close()))
	}
	return over, nil
}

// overlaid is the connection string of an overlay: nothing is done to keep the file, and what a row belongs to need not be there.
const overlaid = "mode=rw&_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=foreign_keys(0)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)"

// under is the store that an overlay lies over.
type under struct {
	rows   statements
	tables map[string]table

	mu      sync.Mutex
	regions map[string][]region // of the statements that were run; the program has some hundred
}

// table is how rows of a table are copied.
type table struct {
	columns string // separated by commas
	width   int
	insert  string // the statement that adds a row unless the overlay has or has deleted it
}

const overlaySchema = `
CREATE TABLE overlay_copied (region TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE overlay_deleted (name TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (name, key)) WITHOUT ROWID`

// prepareOverlay makes the empty tables of an overlay.
func prepareOverlay(ctx context.Context, over *sql.DB, db *DB) (*under, error) {
	t, err := overlayTables()
	if err != nil {
		return nil, err
	}
	tx, err := over.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, t.script); err != nil {
		return nil, err
	}
	return &under{rows: db.readers, tables: t.tables, regions: map[string][]region{}}, tx.Commit()
}

// emptyTables are those of an overlay: how to make them, and how rows are copied to them.
type emptyTables struct {
	script string
	tables map[string]table
}

// overlayTables are made from the migrations once a process: to run these for each overlay would cost more than most imports.
var overlayTables = sync.OnceValues(func() (*emptyTables, error) {
	ctx := context.Background()
	made, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	defer made.Close()
	made.SetMaxOpenConns(1) // each connection has a memory of its own
	if err := migrate(ctx, sqliteDialect, made); err != nil {
		return nil, err
	}
	script, err := names(ctx, made, `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND tbl_name <> 'goose_db_version' ORDER BY rowid`)
	if err != nil {
		return nil, err
	}
	script = append(script, overlaySchema)
	t := &emptyTables{tables: map[string]table{}}
	all, err := tableNames(ctx, made)
	if err != nil {
		return nil, err
	}
	for _, name := range all {
		table, trigger, err := overlayTable(ctx, made, name)
		if err != nil {
			return nil, err
		}
		t.tables[name] = table
		script = append(script, trigger)
	}
	t.script = strings.Join(script, ";\n")
	return t, nil
})

// overlayTable says how rows of the table are copied, and the trigger that notes the keys of those that are deleted.
func overlayTable(ctx context.Context, made *sql.DB, name string) (_ table, trigger string, err error) {
	columns, keys, err := columnsOf(ctx, made, name)
	if err != nil {
		return table{}, "", err
	}
	var values, key, deleted []string
	for i, column := range columns {
		value := "$" + strconv.Itoa(i+1)
		values = append(values, value)
		if slices.Contains(keys, column) {
			key, deleted = append(key, value), append(deleted, "OLD."+column)
		}
	}
	t := table{columns: strings.Join(columns, ", "), width: len(columns)}
	t.insert = fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s WHERE NOT EXISTS (SELECT 1 FROM overlay_deleted WHERE name = '%s' AND key = json_array(%s))
		ON CONFLICT DO NOTHING`, name, t.columns, strings.Join(values, ", "), name, strings.Join(key, ", "))
	return t, fmt.Sprintf(`CREATE TRIGGER overlay_%s AFTER DELETE ON %s BEGIN
		INSERT OR IGNORE INTO overlay_deleted VALUES ('%s', json_array(%s)); END`, name, name, name, strings.Join(deleted, ", ")), nil
}

// columnsOf names the columns of a table, and those of its key.
func columnsOf(ctx context.Context, db *sql.DB, table string) (columns, key []string, err error) {
	found, err := db.QueryContext(ctx, `SELECT name, pk > 0 FROM pragma_table_info($1)`, table)
	if err != nil {
		return nil, nil, err
	}
	defer found.Close()
	for found.Next() {
		var column string
		var inKey bool
		if err := found.Scan(&column, &inKey); err != nil {
			return nil, nil, err
		}
		columns = append(columns, column)
		if inKey {
			key = append(key, column)
		}
	}
	return columns, key, found.Err()
}

// uncover copies to an overlay what the statement is about, unless that was done before.
func (tx *Tx) uncover(query string, args []any) error {
	if tx.under == nil {
		return nil
	}
	regions, err := tx.under.regionsOf(query)
	if err != nil {
		return tx.fail(&access.Error{Kind: access.KindInternal, Detail: "internal server error", Cause: err}, query)
	}
	for _, r := range regions {
		if err := tx.uncoverRegion(r, args); err != nil {
			return err
		}
	}
	return nil
}

// uncoverRegion copies a region. One that is bounded by a list from another table is copied value by value, since the overlay may have that list from
// rows of its own.
func (tx *Tx) uncoverRegion(r region, args []any) error {
	if r.in == nil {
		return tx.copyRegion(r, args)
	}
	if err := tx.copyRegion(*r.in, args); err != nil {
		return err
	}
	for after := ""; ; {
		where, values := r.in.bind(args)
		values = append(values, after)
		var value string
		query := fmt.Sprintf("SELECT %s FROM %s WHERE (%s) AND %s > $%d ORDER BY %s LIMIT 1", r.in.column, r.in.table, where, r.in.column, len(values), r.in.column)
		switch err := tx.sql.QueryRowContext(tx.detached(), query, values...).Scan(&value); {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return tx.fail(err, query)
		}
		if err := tx.copyRegion(region{table: r.table, where: r.column + " = $1"}, []any{value}); err != nil {
			return err
		}
		after = value
	}
}

// copyRegion copies the rows of a region that the overlay neither has nor has deleted.
func (tx *Tx) copyRegion(r region, args []any) error {
	t, known := tx.under.tables[r.table]
	if !known {
		return tx.fail(errors.New("no such table"), r.table)
	}
	where, values := r.bind(args)
	name := r.table + " " + where
	for _, v := range values {
		name += fmt.Sprintf(" %q", fmt.Sprint(v))
	}
	if first, err := tx.firstCopy(name); err != nil || !first {
		return err
	}
	query := "SELECT " + t.columns + " FROM " + r.table + " WHERE " + where
	found, err := tx.under.rows.QueryContext(tx.detached(), query, values...)
	if err != nil {
		return tx.fail(err, query)
	}
	defer found.Close()
	row, places := make([]any, t.width), make([]any, t.width)
	for i := range places {
		places[i] = &row[i]
	}
	for found.Next() {
		if err := found.Scan(places...); err != nil {
			return tx.fail(err, query)
		}
		if _, err := tx.sql.ExecContext(tx.detached(), t.insert, row...); err != nil {
			return tx.fail(err, t.insert)
		}
		tx.rows++
		if err := tx.usable(); err != nil {
			return err
		}
	}
	if err := found.Err(); err != nil {
		return tx.fail(err, query)
	}
	return nil
}

// maxCopied is how many copied regions a transaction remembers itself; the overlay's file has the others.
const maxCopied = 1 << 14

// copied are the regions that a transaction has copied.
type copied struct {
	regions map[string]bool
	attempt []string // those since the Attempt began
}

// undo forgets what was copied since the Attempt began, and is undone with it.
func (c *copied) undo() {
	for _, name := range c.attempt {
		delete(c.regions, name)
	}
	c.attempt = nil
}

// firstCopy reports whether the region was not copied before, and notes that it is now.
func (tx *Tx) firstCopy(name string) (bool, error) {
	if tx.copied.regions[name] {
		return false, nil
	}
	if len(tx.copied.regions) < maxCopied {
		if tx.copied.regions == nil {
			tx.copied.regions = map[string]bool{}
		}
		tx.copied.regions[name] = true
		tx.copied.attempt = append(tx.copied.attempt, name)
		return true, nil
	}
	noted, err := tx.sql.ExecContext(tx.detached(), `INSERT INTO overlay_copied (region) VALUES ($1) ON CONFLICT DO NOTHING`, name)
	if err != nil {
		return false, tx.fail(err, "overlay_copied")
	}
	n, err := noted.RowsAffected()
	return n > 0, err
}
