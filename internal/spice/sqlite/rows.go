package sqlite

import (
	"context"
	"errors"

	"github.com/authzed/spicedb/pkg/tuple"
	zs "zombiezen.com/go/sqlite"
)

// batch is how many relationships are read at a time. Most results are smaller, so
// that their connection is free again before the caller begins to work with them.
const batch = 256

// rows is a query that is being read. Between two batches other statements may run
// in its transaction.
type rows struct {
	reader    *reader
	selection *selection
	query     string

	stmt *zs.Stmt // nil before the first batch and after the last
	conn *zs.Conn // the reader's connection, nil in a transaction
	over bool
}

// next returns the next relationships and whether there may be more. What was read
// before an error is returned with it.
func (r *rows) next(ctx context.Context) (found []tuple.Relationship, more bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if tx := r.reader.tx; tx != nil {
		tx.mu.Lock()
		defer tx.mu.Unlock()
		if err := tx.usable(); err != nil {
			return nil, false, err
		}
	}
	if r.over {
		return nil, false, errors.New("the result of a query was iterated over twice")
	}
	if r.stmt == nil {
		if err := r.open(ctx); err != nil {
			return nil, false, errors.Join(err, r.close())
		}
	}
	for len(found) < batch {
		more, err := r.stmt.Step()
		if err == nil && !more {
			return found, false, r.close()
		}
		var rel tuple.Relationship
		if err == nil {
			rel, err = r.selection.scan(r.stmt)
		}
		if err != nil {
			return found, false, errors.Join(err, r.close())
		}
		found = append(found, rel)
	}
	return found, true, nil
}

func (r *rows) open(ctx context.Context) (err error) {
	if tx := r.reader.tx; tx != nil {
		// The same query may be asked again while this one is being read, so it
		// cannot be the statement that the connection keeps for this SQL.
		r.stmt, _, err = r.reader.ds.writer.PrepareTransient(r.query)
		if err != nil {
			return err
		}
		tx.open[r] = struct{}{}
	} else {
		r.conn, err = r.reader.ds.readers.take()
		if err != nil {
			return err
		}
		if r.selection.index() == "" {
			// A query that names no objects can search for long without finding
			// anything. The others end by themselves, and are spared the cost.
			r.conn.SetInterrupt(ctx.Done())
		}
		r.stmt, err = r.conn.Prepare(r.query)
		if err != nil {
			return err
		}
	}
	return bind(r.stmt, r.selection.args)
}

// close gives back what the query holds. In a transaction its lock must be held.
func (r *rows) close() error {
	r.over = true
	stmt, conn := r.stmt, r.conn
	r.stmt, r.conn = nil, nil
	if tx := r.reader.tx; tx != nil {
		delete(tx.open, r)
		if stmt == nil {
			return nil
		}
		return stmt.Finalize()
	}
	if conn == nil {
		return nil
	}
	var err error
	if stmt != nil {
		err = stmt.Reset()
	}
	conn.SetInterrupt(nil)
	return errors.Join(err, r.reader.ds.readers.put(conn))
}

// abandon closes the query if the caller stopped before its end.
func (r *rows) abandon() {
	if tx := r.reader.tx; tx != nil {
		tx.mu.Lock()
		defer tx.mu.Unlock()
	}
	if r.over {
		return
	}
	if err := r.close(); err != nil {
		// The caller has what it wanted, and nobody is left to tell.
		r.reader.ds.config.log.Error("close a query for relationships", "error", err)
	}
}
