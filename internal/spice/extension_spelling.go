package spice

import (
	"errors"
	"strconv"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// spelling rewrites a relationship of a schema extension in SpiceDB's grammar. People write IDs as they are, in double quotes if SpiceDB cannot spell
// them: todo:"todo:{id}"#owner@user:"alice@acme.com". An ID without quotes stands for itself, with =XX for a byte. The first error stands.
type spelling struct {
	rest string // what is not read yet
	err  error
}

var (
	errForm  = errors.New("write type:id#relation@type:id, and double quotes around an ID with characters other than a-z A-Z 0-9 / _ | - = +")
	errQuote = errors.New(`a quote is not closed, or contains an unknown escape: write \" for " and \\ for \`)
)

// spell gives the relationship at the beginning of the text, up to the ID of its subject, and what follows that. relation translates the name between
// # and @, which may be in double quotes too.
func spell(text string, relation func(typ, name string) string) (spelled, rest string, err error) {
	s := spelling{rest: text}
	typ, id := s.object("#")
	s.skip("#")
	name, _ := s.until("@")
	s.skip("@")
	subject, subjectID := s.object("#[ ")
	return typ + ":" + id + "#" + relation(typ, name) + "@" + subject + ":" + subjectID, s.rest, s.err
}

// asRelation is for names that are not translated.
func asRelation(_, name string) string { return name }

// object reads type:id up to one of the stops.
func (s *spelling) object(stops string) (typ, id string) {
	typ, _ = s.until(":")
	s.skip(":")
	id, quoted := s.until(stops)
	if !quoted {
		return typ, id
	}
	_, err := access.ParseID[string](id)
	s.fail(err)
	return typ, Encode(id)
}

// until reads a text in double quotes, or else what comes before the first of the stops.
func (s *spelling) until(stops string) (text string, quoted bool) {
	if !strings.HasPrefix(s.rest, `"`) {
		end := strings.IndexAny(s.rest, stops)
		if end < 0 {
			end = len(s.rest)
		}
		text, s.rest = s.rest[:end], s.rest[end:]
		return text, false
	}
	prefix, err := strconv.QuotedPrefix(s.rest)
	if err == nil {
		text, err = strconv.Unquote(prefix)
	}
	if err != nil {
		s.fail(errQuote)
	}
	s.rest = s.rest[len(prefix):]
	return text, true
}

func (s *spelling) skip(mark string) {
	rest, found := strings.CutPrefix(s.rest, mark)
	if !found {
		s.fail(errForm)
	}
	s.rest = rest
}

func (s *spelling) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}
