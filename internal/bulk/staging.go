package bulk

import (
	"context"
	"errors"
	"hash/maphash"
	"os"
	"path/filepath"
	"strconv"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// staging keeps the rows of one import on disk, in the order in which they are taken. It is not safe for concurrent use.
type staging struct {
	ctx    context.Context //nolint:containedctx // ends when the caller is gone, or must make room for others
	lease  *lease
	taken  int64 // bytes of the lease for this file
	unseen int64 // about how many bytes were written since its size was looked at
	dir    string
	conn   *sqlite.Conn
	files  []string
	format []Format
	seq    int64
	lines  int64 // rows received, good and bad
	kinds  map[sharing.Kind]int64
	seed   maphash.Seed
}

// staged is one row that waits.
type staged struct {
	rank, seq int64 // seq tells the rows of the files apart
	row       sharing.Row
	at        place
	stands    int64 // for so many rows of the files: itself and its repeats; 0 for a part of another one
}

// place is where a row stands, and how it reads.
type place struct {
	file int
	line int64
	raw  string
}

// The file can be lost at any time, so that nothing is done to keep it: no journal, no waiting for the disk.
var stagingPragmas = []string{
	"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA cache_size = -16000",
}

const stagingSchema = `
CREATE TABLE rows (
	rank INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, key INTEGER NOT NULL,
	file INTEGER NOT NULL, line INTEGER NOT NULL, raw TEXT NOT NULL, data TEXT NOT NULL, stands INTEGER NOT NULL,
	PRIMARY KEY (rank, seq)
) WITHOUT ROWID;
CREATE TABLE repeats (
	seq INTEGER NOT NULL, file INTEGER NOT NULL, line INTEGER NOT NULL, raw TEXT NOT NULL,
	PRIMARY KEY (seq, file, line)
) WITHOUT ROWID;
CREATE TABLE claims (key INTEGER NOT NULL, value INTEGER NOT NULL, rank INTEGER NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE owners (organization TEXT NOT NULL PRIMARY KEY, user TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rejects (
	file INTEGER NOT NULL, line INTEGER NOT NULL, raw TEXT NOT NULL, reason TEXT NOT NULL, rule TEXT NOT NULL,
	PRIMARY KEY (file, line)
) WITHOUT ROWID;
`

// look is how many bytes are written before the size of the file is looked at again.
const look = 1 << 20

// stage makes a staging in a new directory of its own within dir. The lease is released with it, also where it cannot be made.
func stage(ctx context.Context, dir string, l *lease) (_ *staging, err error) {
	s := &staging{ctx: ctx, lease: l, kinds: map[sharing.Kind]int64{}, seed: maphash.MakeSeed()}
	if err = s.take(2 * look); err == nil {
		if err = os.MkdirAll(dir, 0o700); err == nil {
			s.dir, err = os.MkdirTemp(dir, "import-")
		}
	}
	if err != nil {
		l.release()
		return nil, refusalOr(err)
	}
	s.conn, err = sqlite.OpenConn(filepath.Join(s.dir, "staging.db"), sqlite.OpenReadWrite|sqlite.OpenCreate)
	for _, pragma := range stagingPragmas {
		if err == nil {
			err = sqlitex.ExecuteTransient(s.conn, pragma, nil)
		}
	}
	if err == nil {
		err = sqlitex.ExecuteScript(s.conn, stagingSchema, nil)
	}
	if err == nil {
		err = sqlitex.ExecuteTransient(s.conn, "BEGIN", nil)
	}
	if err != nil {
		return nil, errors.Join(unstaged(err), s.close())
	}
	return s, nil
}

// scratch is where the rows may be tried.
func (s *staging) scratch() string { return filepath.Join(s.dir, "facts.db") }

// close removes all that was staged, and gives its space back.
func (s *staging) close() error {
	defer s.lease.release()
	var err error
	if s.conn != nil {
		err = s.conn.Close()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// take adds to the space that is leased for the file.
func (s *staging) take(n int64) error {
	err := s.lease.take(s.ctx, n)
	if err == nil {
		s.taken += n
	}
	return err
}

// account notes that about n bytes were written, and from time to time leases what the file has grown by, and what is written until the next look.
func (s *staging) account(n int64) error {
	if s.unseen += n; s.unseen < look {
		return nil
	}
	s.unseen = 0
	size, err := s.size()
	if err != nil {
		return err
	}
	if missing := size + 2*look - s.taken; missing > 0 {
		return s.take(missing)
	}
	return nil
}

// size is that of the file, in bytes: rows, indexes and rejects.
func (s *staging) size() (n int64, err error) {
	err = s.query(`SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`, func(stmt *sqlite.Stmt) error {
		n = stmt.ColumnInt64(0)
		return nil
	})
	return n, err
}

// file begins a file and returns its number.
func (s *staging) file(name string, f Format) int {
	s.files = append(s.files, name)
	s.format = append(s.format, f)
	return len(s.files) - 1
}

// exec runs a statement that gives no rows, and accounts for what it writes.
func (s *staging) exec(query string, args ...any) error {
	if err := s.query(query, nil, args...); err != nil {
		return err
	}
	written := int64(0)
	for _, arg := range args {
		written += 16
		if text, ok := arg.(string); ok {
			written += int64(len(text))
		}
	}
	return s.account(written)
}

func (s *staging) query(query string, each func(*sqlite.Stmt) error, args ...any) error {
	err := sqlitex.Execute(s.conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: each})
	return refusalOr(err)
}

// refusalOr leaves an error of the domain alone, and makes any other one that of a disk.
func refusalOr(err error) error {
	var known *access.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return unstaged(err)
}

// unstaged says that the server has no room for what is imported. Its paths stay in the log.
func unstaged(err error) *access.Error {
	return &access.Error{
		Kind: access.KindUnavailable, Detail: "the server's disk is full, so the files cannot be checked; its operator has to free space", Cause: err,
	}
}

// add stages a row of a file, or notes why it cannot be.
func (s *staging) add(file int, l Line) error {
	s.lines++
	at := place{file: file, line: l.Number, raw: string(l.Raw)}
	if l.Err != nil {
		return s.reject(at, l.Err)
	}
	s.seq++
	s.kinds[l.Rows[0].Kind()]++
	for i, row := range l.Rows {
		r := staged{rank: sharing.Rank(row), seq: s.seq, row: row, at: at}
		if i == 0 {
			r.stands = 1
		}
		if err := s.put(r); err != nil {
			return err
		}
		if err := s.claim(r); err != nil {
			return err
		}
	}
	return nil
}

func (s *staging) put(r staged) error {
	data, err := encode(r.row)
	if err != nil {
		return err
	}
	raw := r.at.raw
	if raw == string(data) {
		raw = "" // as in an export
	}
	key := r.row.Key()
	if r.row.Kind() == sharing.KindHome {
		key = strconv.FormatInt(r.seq, 10) // it follows its user, and is never joined with another one
	}
	return s.exec(`INSERT OR REPLACE INTO rows (rank, seq, kind, key, file, line, raw, data, stands) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.rank, r.seq, string(r.row.Kind()), s.hash(string(r.row.Kind()), key), r.at.file, r.at.line, raw, string(data), r.stands)
}

// hash is nearly unique: of two rows with the same one, the keys have to be compared.
func (s *staging) hash(space, key string) int64 {
	return int64(maphash.String(s.seed, space+" "+key)) // its bits are all that matters
}

// columns are those that scan reads.
const columns = `rank, seq, kind, file, line, raw, data, stands`

func scan(stmt *sqlite.Stmt) (staged, error) {
	data := stmt.ColumnText(6)
	row, err := shapes[sharing.Kind(stmt.ColumnText(2))].decode([]byte(data))
	if err != nil {
		return staged{}, err
	}
	r := staged{
		rank: stmt.ColumnInt64(0), seq: stmt.ColumnInt64(1), row: row, stands: stmt.ColumnInt64(7),
		at: place{file: stmt.ColumnInt(3), line: stmt.ColumnInt64(4), raw: stmt.ColumnText(5)},
	}
	if r.at.raw == "" {
		r.at.raw = data
	}
	return r, nil
}

// maxPage is how many bytes a page holds at most, but for its last row.
const maxPage = 4 << 20

// errPageFull ends a page early.
var errPageFull = access.Invalidf("", "the page is full")

// page gives at most limit rows that follow the given one in the order in which they are taken; the zero staged begins.
func (s *staging) page(after staged, limit int) (rows []staged, err error) {
	size := 0
	err = s.query(`SELECT `+columns+` FROM rows WHERE (rank, seq) > (?, ?) ORDER BY rank, seq LIMIT ?`,
		func(stmt *sqlite.Stmt) error {
			r, err := scan(stmt)
			if err != nil {
				return err
			}
			rows = append(rows, r)
			if size += len(r.at.raw) + stmt.ColumnLen(6); size > maxPage {
				return errPageFull
			}
			return nil
		}, after.rank, after.seq, limit)
	if err != nil && !errors.Is(err, errPageFull) {
		return nil, err
	}
	return rows, s.nameOwners(rows)
}

// nameOwners gives the organizations of a page that name no owner the one that a membership names.
func (s *staging) nameOwners(rows []staged) error {
	for _, r := range rows {
		if org, ok := r.row.(*sharing.OrganizationRow); ok && org.Owner == "" {
			if err := s.query(`SELECT user FROM owners WHERE organization = ?`, func(stmt *sqlite.Stmt) error {
				org.Owner = access.UserID(stmt.ColumnText(0))
				return nil
			}, string(org.Organization)); err != nil {
				return err
			}
		}
	}
	return nil
}

// count is how many rows wait, and for how many of the files they stand.
func (s *staging) count() (n, stand int64, err error) {
	err = s.query(`SELECT COUNT(*), IFNULL(SUM(stands), 0) FROM rows`, func(stmt *sqlite.Stmt) error {
		n, stand = stmt.ColumnInt64(0), stmt.ColumnInt64(1)
		return nil
	})
	return n, stand, err
}

// lastRank is the bit of a rank that puts a row behind all others.
const lastRank = 1 << 62

// last reports whether the row was postponed.
func (r staged) last() bool { return r.rank&lastRank != 0 }

// postpone puts a row behind all others. Those that are postponed keep their order.
func (s *staging) postpone(r staged) error {
	return s.exec(`UPDATE rows SET rank = ? WHERE rank = ? AND seq = ?`, r.rank|lastRank, r.rank, r.seq)
}

// remove takes a row out: it is done with.
func (s *staging) remove(r staged) error {
	return s.exec(`DELETE FROM rows WHERE rank = ? AND seq = ?`, r.rank, r.seq)
}

// discard takes a row out, and with it the other half of a user: both come from one line, with one number.
func (s *staging) discard(r staged) error {
	if k := r.row.Kind(); k == sharing.KindUser || k == sharing.KindHome {
		for _, half := range []sharing.Row{&sharing.UserRow{}, &sharing.HomeRow{}} {
			for _, rank := range []int64{sharing.Rank(half), sharing.Rank(half) | lastRank} {
				if err := s.remove(staged{rank: rank, seq: r.seq}); err != nil {
					return err
				}
			}
		}
	}
	return s.remove(r)
}
