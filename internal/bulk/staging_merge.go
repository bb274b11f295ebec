package bulk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"

	"zombiezen.com/go/sqlite"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// mergeAtOnce is how many rows about one thing are compared at a time.
const mergeAtOnce = 500

// sortedBytes is about how much of the disk a row takes while the indexes are made: in an index, and in the files in which SQLite sorts.
const sortedBytes = 100

// claim notes what a row says about other things than its key tells: about its user, and who owns its organization.
func (s *staging) claim(r staged) error {
	said := sharing.UserRow{}
	switch row := r.row.(type) {
	case *sharing.UserRow:
		said = *row
	case *sharing.MembershipRow:
		said = sharing.UserRow{User: row.User, Email: row.Email, Name: row.Name, Type: row.Type}
		if row.Role == access.OrgOwner {
			err := s.exec(`INSERT OR IGNORE INTO owners (organization, user) VALUES (?, ?)`, string(row.Organization), string(row.User))
			if err != nil {
				return err
			}
		}
	}
	for _, c := range [][2]string{{"email", string(said.Email)}, {"name", said.Name}, {"type", string(said.Type)}} {
		if c[1] == "" {
			continue
		}
		if err := s.exec(`INSERT INTO claims (key, value, rank, seq) VALUES (?, ?, ?, ?)`,
			s.hash(c[0], string(said.User)), s.hash("", c[1]), r.rank, r.seq); err != nil {
			return err
		}
	}
	return nil
}

// merge joins the rows that say the same or parts of one fact, and refuses those that contradict each other.
func (s *staging) merge(ctx context.Context) error {
	sorting := s.seq * sortedBytes
	if err := s.take(sorting); err != nil {
		return err
	}
	for _, query := range []string{
		`CREATE INDEX rows_by_key ON rows (key)`,
		`CREATE INDEX claims_by_key ON claims (key)`,
		`CREATE TABLE doubles AS SELECT key FROM rows GROUP BY key HAVING COUNT(*) > 1`,
		// In the order of the rows: a row that one dispute takes out is not in the next, and the same files have to be judged alike each time.
		`CREATE TABLE disputes AS SELECT key FROM claims GROUP BY key HAVING MIN(value) <> MAX(value) ORDER BY MIN(rowid)`,
	} {
		if err := s.exec(query); err != nil {
			return err
		}
	}
	s.taken -= sorting
	s.lease.give(sorting)
	if err := s.account(look); err != nil {
		return err
	}
	if err := s.eachKey(ctx, "disputes", s.settle); err != nil {
		return err
	}
	return s.eachKey(ctx, "doubles", s.join)
}

// eachKey calls do with each key that a temporary table lists.
func (s *staging) eachKey(ctx context.Context, table string, do func(key int64) error) error {
	for last := int64(0); ; {
		var keys []int64
		var id int64
		if err := s.query(`SELECT rowid, key FROM `+table+` WHERE rowid > ? ORDER BY rowid LIMIT 500`, func(stmt *sqlite.Stmt) error {
			id = stmt.ColumnInt64(0)
			keys = append(keys, stmt.ColumnInt64(1))
			return nil
		}, last); err != nil {
			return err
		}
		if len(keys) == 0 {
			return nil
		}
		for _, key := range keys {
			if err := ctx.Err(); err != nil {
				return access.Unavailable(err)
			}
			if err := do(key); err != nil {
				return err
			}
		}
		last = id
	}
}

// join makes one row of those that have the key.
func (s *staging) join(key int64) error {
	firsts := map[string]*staged{} // by kind and key: more than one only where their hashes are equal
	disputed := map[string]bool{}
	for after := (staged{}); ; {
		var rows []staged
		if err := s.query(`SELECT `+columns+` FROM rows WHERE key = ? AND (rank, seq) > (?, ?) ORDER BY rank, seq LIMIT ?`, func(stmt *sqlite.Stmt) error {
			r, err := scan(stmt)
			rows = append(rows, r)
			return err
		}, key, after.rank, after.seq, mergeAtOnce); err != nil {
			return err
		}
		for _, r := range rows {
			name := string(r.row.Kind()) + " " + r.row.Key()
			first := firsts[name]
			if first == nil {
				firsts[name] = &r
				continue
			}
			field, err := s.absorb(first, r)
			if err != nil {
				return err
			}
			if field == "" {
				continue
			}
			if err := s.refuse(r, s.contradiction(r, *first, field)); err != nil {
				return err
			}
			if !disputed[name] {
				disputed[name] = true
				if err := s.reject(first.at, s.contradiction(*first, r, field)); err != nil {
					return err
				}
			}
		}
		if len(rows) < mergeAtOnce {
			break
		}
		after = rows[len(rows)-1]
	}
	for _, name := range slices.Sorted(maps.Keys(firsts)) {
		first := *firsts[name]
		if disputed[name] {
			if err := s.refuse(first, access.Invalidf("", "other rows of the import contradict each other")); err != nil {
				return err
			}
		} else if err := s.putJoined(first); err != nil {
			return err
		}
	}
	return nil
}

// putJoined puts a row back that has taken in others. A user has a home if one of them had.
func (s *staging) putJoined(r staged) error {
	if u, ok := r.row.(*sharing.UserRow); ok && u.Organization != "" {
		home := &sharing.HomeRow{User: u.User, Organization: u.Organization}
		if err := s.put(staged{rank: sharing.Rank(home), seq: r.seq, row: home, at: r.at}); err != nil {
			return err
		}
	}
	return s.put(r)
}

// contradiction says that a row says otherwise than another one.
func (s *staging) contradiction(r, other staged, field string) error {
	return access.Invalidf("", "this contradicts line %d of %s about %q of the same %s", other.at.line, s.files[other.at.file], field, r.row.Kind())
}

// absorb adds what r says to first and takes r out, or names the field about which they differ.
func (s *staging) absorb(first *staged, r staged) (field string, err error) {
	row, field, err := s.union(*first, r)
	if err != nil || field != "" {
		return field, err
	}
	if first.rank != r.rank {
		return "role", nil
	}
	first.row = row
	first.stands += r.stands
	if err := s.exec(`INSERT OR IGNORE INTO repeats (seq, file, line, raw) VALUES (?, ?, ?, ?)`,
		first.seq, r.at.file, r.at.line, r.at.raw); err != nil {
		return "", err
	}
	return "", s.discard(r)
}

// union is the row that says what both say, or the name of the field about which they differ.
func (s *staging) union(a, b staged) (sharing.Row, string, error) {
	var said [2]map[string]json.RawMessage
	for i, r := range []staged{a, b} {
		data, err := encode(r.row)
		if err != nil {
			return nil, "", err
		}
		if err := json.Unmarshal(data, &said[i]); err != nil {
			return nil, "", err
		}
	}
	one, two := said[0], said[1]
	if m, ok := a.row.(*sharing.TeamMemberRow); ok && s.fromRelationships(a, b) && m.Role != b.row.(*sharing.TeamMemberRow).Role {
		admin := json.RawMessage(fmt.Sprintf("%q", access.TeamAdmin)) // an admin is a member, and relationships may say both
		one["role"], two["role"] = admin, admin
	}
	fields := slices.Collect(maps.Keys(one))
	fields = slices.AppendSeq(fields, maps.Keys(two))
	sort.Strings(fields)
	for _, f := range fields {
		x, inOne := one[f]
		y, inTwo := two[f]
		if inOne && inTwo && !bytes.Equal(x, y) || inOne != inTwo && !collapsing(a.row.Kind()) {
			return nil, f, nil
		}
		if !inOne {
			one[f] = y
		}
	}
	data, err := json.Marshal(one)
	if err != nil {
		return nil, "", err
	}
	row, err := shapes[a.row.Kind()].decode(data)
	return row, "", err
}

// settle refuses the rows about a user that contradict other rows.
func (s *staging) settle(key int64) error {
	firsts, others := map[access.UserID]claimed{}, map[access.UserID]claimed{}
	if err := s.eachClaim(key, func(user access.UserID, c claimed) error {
		first, known := firsts[user]
		if !known {
			firsts[user] = c
		} else if _, disputed := others[user]; !disputed && c.value != first.value {
			others[user] = c
		}
		return nil
	}); err != nil {
		return err
	}
	return s.eachClaim(key, func(user access.UserID, c claimed) error {
		against, disputed := others[user]
		if !disputed {
			return nil
		}
		if first := firsts[user]; c.value != first.value {
			against = first
		}
		return s.refuse(c.staged, access.Invalidf("", "this contradicts line %d of %s about the email address, name or type of user:%s",
			against.at.line, s.files[against.at.file], user))
	})
}

// claimed is a row with what it says about its user.
type claimed struct {
	staged
	value int64
}

// eachClaim gives the rows with the key, which more than one user has only where hashes are equal.
func (s *staging) eachClaim(key int64, do func(access.UserID, claimed) error) error {
	for after := (staged{}); ; {
		var claims []claimed
		if err := s.query(`SELECT `+columns+`, claims.value FROM claims JOIN rows USING (rank, seq)
			WHERE claims.key = ? AND (rank, seq) > (?, ?) ORDER BY rank, seq LIMIT ?`,
			func(stmt *sqlite.Stmt) error {
				r, err := scan(stmt)
				claims = append(claims, claimed{r, stmt.ColumnInt64(8)})
				return err
			}, key, after.rank, after.seq, mergeAtOnce); err != nil {
			return err
		}
		for _, c := range claims {
			if err := do(userOf(c.row), c); err != nil {
				return err
			}
		}
		if len(claims) < mergeAtOnce {
			return nil
		}
		after = claims[len(claims)-1].staged
	}
}

// userOf is the user about whom a row makes claims.
func userOf(r sharing.Row) access.UserID {
	switch r := r.(type) {
	case *sharing.UserRow:
		return r.User
	case *sharing.MembershipRow:
		return r.User
	}
	return ""
}
