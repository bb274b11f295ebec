package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// row is what a scan function reads one row from.
type row interface{ Scan(dest ...any) error }

// one reads the first row that the query gives, and false if it gives none.
func one[T any](tx *Tx, scan func(row) (T, error), query string, args ...any) (T, bool, error) {
	var none T
	if err := tx.usable(); err != nil {
		return none, false, err
	}
	if err := tx.uncover(query, args); err != nil {
		return none, false, err
	}
	tx.ran++
	got, err := scan(tx.sql.QueryRowContext(tx.detached(), query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return none, false, nil
	}
	if err != nil {
		return none, false, tx.fail(err, query)
	}
	tx.rows++
	return got, true, nil
}

// many reads every row of the list. It gives nil for none.
func many[T any](tx *Tx, scan func(row) (T, error), l *list) (all []T, err error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	if err := tx.uncover(l.query, l.args); err != nil {
		return nil, err
	}
	tx.ran++
	rows, err := tx.sql.QueryContext(tx.detached(), l.query, l.args...)
	if err != nil {
		return nil, tx.fail(err, l.query)
	}
	defer rows.Close()
	for rows.Next() {
		got, err := scan(rows)
		if err != nil {
			return nil, tx.fail(err, l.query)
		}
		tx.rows++
		all = append(all, got)
		if err := tx.usable(); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, tx.fail(err, l.query)
	}
	return all, nil
}

// exec runs a statement that gives no rows.
func (tx *Tx) exec(query string, args ...any) error {
	if err := tx.usable(); err != nil {
		return err
	}
	if err := tx.uncover(query, args); err != nil {
		return err
	}
	tx.ran++
	if _, err := tx.sql.ExecContext(tx.detached(), query, args...); err != nil {
		return tx.fail(err, query)
	}
	return nil
}

// exists reports whether the query gives a row.
func (tx *Tx) exists(query string, args ...any) (bool, error) {
	_, found, err := one(tx, func(r row) (struct{}, error) { var n int; return struct{}{}, r.Scan(&n) }, query, args...)
	return found, err
}

// usable returns why no further statement may run: the transaction is broken, or its caller has gone.
func (tx *Tx) usable() error {
	if tx.broken == nil && tx.ctx.Err() != nil {
		tx.broken = failed(context.Cause(tx.ctx))
	}
	return tx.broken
}

// detached is the context for statements; inTransaction says why it does not end.
func (tx *Tx) detached() context.Context {
	if tx.loose {
		return tx.ctx
	}
	return context.WithoutCancel(tx.ctx)
}

// fail marks the transaction as broken and gives err its kind. The statement is in the message; the values, which may be secret, are not.
func (tx *Tx) fail(err error, query string) error {
	if tx.broken == nil {
		tx.broken = failed(fmt.Errorf("store: %s: %w", firstLine(query), err))
	}
	return tx.broken
}

func firstLine(query string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(query), "\n")
	return line
}

// list is a query that gives many rows, put together from what a filter asks for.
type list struct {
	query string
	args  []any
}

func from(query string, args ...any) *list { return &list{query, args} }

// and adds a condition; the question marks in it stand for the values.
func (l *list) and(condition string, values ...any) *list {
	word := " WHERE "
	if strings.Contains(l.query, "WHERE ") {
		word = " AND "
	}
	for _, v := range values {
		l.args = append(l.args, v)
		condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(l.args)), 1)
	}
	l.query += word + condition
	return l
}

// is adds a condition that the column has the value, unless the value is "", which filters nothing.
func (l *list) is(column, value string) *list {
	if value == "" {
		return l
	}
	return l.and(column+" = ?", value)
}

// page orders by the key, in byte order, and takes what follows after, at most limit rows, or all if limit is 0.
func (l *list) page(key, after string, limit int) *list {
	if after != "" {
		l.and(key+" > ?", after)
	}
	return l.orderBy(key, limit)
}

// orderBy is page from the beginning.
func (l *list) orderBy(keys string, limit int) *list {
	l.query += " ORDER BY " + keys
	if limit > 0 {
		l.query += " LIMIT " + strconv.Itoa(limit)
	}
	return l
}

// upsert is the statement that inserts a row or replaces the one that has the same key. Its parameters are the key columns followed by the
// others, each list separated by commas.
func upsert(table, key, others string) string {
	columns, action := key, "NOTHING"
	if others != "" {
		columns += ", " + others
		var set []string
		for column := range strings.SplitSeq(others, ", ") {
			set = append(set, column+" = excluded."+column)
		}
		action = "UPDATE SET " + strings.Join(set, ", ")
	}
	n := strings.Count(columns, ",") + 1
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES %s ON CONFLICT (%s) DO %s", table, columns, tuple(1, n), key, action)
}

// tuple is n placeholders from the given number on, in parentheses.
func tuple(first, n int) string {
	marks := make([]string, n)
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(first+i)
	}
	return "(" + strings.Join(marks, ", ") + ")"
}

// manyOf is many for the rows whose column has one of the keys, few keys at a time. The rows come in the order of the keys' parts, and within one in the order.
func manyOf[T any, K ~string](tx *Tx, scan func(row) (T, error), query, column string, keys []K, order string) (all []T, err error) {
	for part := range slices.Chunk(keys, rowsPerInsert) {
		values := make([]any, len(part))
		for i, k := range part {
			values[i] = k
		}
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(part)), ", ")
		found, err := many(tx, scan, from(query).and(column+" IN ("+marks+")", values...).orderBy(order, 0))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// rowsPerInsert is small because the SQLite driver's time for binding grows with the square of the number of parameters.
const rowsPerInsert = 50

// insertAll adds rows to a side table; one that is there, or comes twice, is left alone. into names the table and its columns.
func (tx *Tx) insertAll(into string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), rowsPerInsert)
		tuples, args := make([]string, n), []any(nil)
		for i, values := range rows[:n] {
			tuples[i] = tuple(len(args)+1, len(values))
			args = append(args, values...)
		}
		if err := tx.exec("INSERT INTO "+into+" VALUES "+strings.Join(tuples, ", ")+" ON CONFLICT DO NOTHING", args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
