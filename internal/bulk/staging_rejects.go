package bulk

import (
	"errors"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// maxQuoted is how much of a bad row is quoted, in bytes.
const maxQuoted = 512 << 10

// Reject is one bad row.
type Reject struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
	Rule   string `json:"rule,omitempty"`
	Row    string `json:"row"` // as it stands in the file, cut if it is long
}

// reject notes why a row is bad. The first reason stands.
func (s *staging) reject(at place, why error) error {
	var known *access.Error
	if !errors.As(why, &known) {
		return why
	}
	raw := at.raw[:min(len(at.raw), maxQuoted)]
	return s.exec(`INSERT OR IGNORE INTO rejects (file, line, raw, reason, rule) VALUES (?, ?, ?, ?, ?)`, at.file, at.line, raw, known.Detail, known.Rule)
}

// refuse takes a row out and notes why, also for its repeats.
func (s *staging) refuse(r staged, why error) error {
	if err := s.reject(r.at, why); err != nil {
		return err
	}
	var known *access.Error
	errors.As(why, &known)
	if err := s.exec(`INSERT OR IGNORE INTO rejects (file, line, raw, reason, rule) SELECT file, line, raw, ?, ? FROM repeats WHERE seq = ?`,
		known.Detail, known.Rule, r.seq); err != nil {
		return err
	}
	return s.discard(r)
}

// rejected counts the bad rows.
func (s *staging) rejected() (n int64, err error) {
	err = s.query(`SELECT COUNT(*) FROM rejects`, func(stmt *sqlite.Stmt) error {
		n = stmt.ColumnInt64(0)
		return nil
	})
	return n, err
}

// rejects gives at most limit bad rows, by file and line; a limit below 0 stands for all.
func (s *staging) rejects(limit int, each func(Reject) error) error {
	var failed error
	err := s.query(`SELECT file, line, reason, rule, raw FROM rejects ORDER BY file, line LIMIT ?`, func(stmt *sqlite.Stmt) error {
		failed = each(Reject{
			File: s.files[stmt.ColumnInt(0)], Line: stmt.ColumnInt64(1), Reason: stmt.ColumnText(2), Rule: stmt.ColumnText(3), Row: stmt.ColumnText(4),
		})
		return failed
	}, limit)
	if failed != nil {
		return failed
	}
	return err
}

// fromRelationships reports whether both rows came as relationships.
func (s *staging) fromRelationships(a, b staged) bool {
	return s.format[a.at.file] == Relationships && s.format[b.at.file] == Relationships
}

// collapsing are the kinds of which two rows are one if what they say together makes sense: what a field that is left out means does not
// depend on the row.
func collapsing(k sharing.Kind) bool {
	return !slices.Contains([]sharing.Kind{
		sharing.KindShare, sharing.KindRow, sharing.KindPublicLink, sharing.KindAPIKey, sharing.KindAccountKey, sharing.KindRequest,
		sharing.KindInvitation, sharing.KindTakenAway,
	}, k)
}
