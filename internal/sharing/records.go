package sharing

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/record"
	"github.com/grantway/grantway/internal/store"
)

// RecordQuery filters the record; zero fields do not filter.
type RecordQuery struct {
	Actor        string        // user:ID or key:ID; an ID alone matches both
	Key          access.KeyID  // the key that was used, with or without an actor
	Action       string        // such as share.put, or share.* for every action that begins with share.
	Resource     access.Object // by type and ID
	Organization access.OrganizationID
	Subject      string // of decisions, such as user:alice
	Outcome      access.Outcome
	From, To     time.Time // From ≤ time < To
	Text         string    // text to find in the resource, the subject, the detail, the states or the effects; case does not matter
}

// How many entries are read at a time, and at most for one page. Filters without an index are applied to these, and then the page ends, full or not,
// so that no call reads for minutes.
const (
	recordChunk   = 1000
	recordPerPage = 20 * recordChunk
)

// Records lists entries of the record, newest first: all of it for site admins, and for others that of the organizations on which they have update. A
// page may have fewer entries than requested, or none, although more follow.
func (s *Service) Records(ctx context.Context, actor access.Actor, q RecordQuery, p Page) (found []access.Record, next string, err error) {
	names, err := s.entryNames(ctx)
	if err != nil {
		return nil, "", err
	}
	place, err := parsePlace(names, p.After)
	if err != nil {
		return nil, "", err
	}
	begin := place
	err = s.readPage(ctx, actor, p, q.Organization, func(c *caller) error {
		found, next, place = nil, "", begin
		r, err := c.recordReader(q, true)
		if err != nil {
			return err
		}
		for read := 0; read < recordPerPage; read += recordChunk {
			chunk, end, err := r.chunk(place)
			if err != nil {
				return err
			}
			for _, e := range chunk {
				if ok, err := r.shows(&e); err != nil {
					return err
				} else if ok {
					if len(found) == p.Limit {
						next = placeText(names, store.PlaceOf(found[len(found)-1]))
						return nil
					}
					e.ID = names.Name(e.Seq)
					found = append(found, e)
				}
				place = store.PlaceOf(e)
			}
			if end {
				return nil
			}
		}
		next = placeText(names, place)
		return nil
	})
	return found, next, err
}

// EachRecord passes each entry that Records would list to fn, oldest first, up to the moment at which it began. The actor's rights are checked again
// along the way. If Records would leave entries out because of an organization's IP ranges, EachRecord is refused (B4), because a file cannot show
// that it is incomplete.
func (s *Service) EachRecord(ctx context.Context, actor access.Actor, q RecordQuery, each func(access.Record) error) error {
	names, err := s.entryNames(ctx)
	if err != nil {
		return err
	}
	if now := s.now().UTC(); q.To.IsZero() || q.To.After(now) {
		q.To = now.Add(time.Microsecond)
	}
	var place store.RecordPlace
	for end := false; !end; {
		var found []access.Record
		err := s.read(ctx, actor, func(c *caller) error {
			r, err := c.recordReader(q, false)
			if err != nil {
				return err
			}
			c.leftOut = LeftOut{}
			if place == (store.RecordPlace{}) {
				if err := r.foresee(); err != nil {
					return err
				}
				if err := c.incomplete(); err != nil {
					return err
				}
			}
			var chunk []access.Record
			if chunk, end, err = r.chunk(place); err != nil {
				return err
			}
			for _, e := range chunk {
				if ok, err := r.shows(&e); err != nil {
					return err
				} else if ok {
					e.ID = names.Name(e.Seq)
					found = append(found, e)
				}
				place = store.PlaceOf(e)
			}
			return c.incomplete()
		})
		if err != nil {
			return err
		}
		if err := eachFact(found, each); err != nil { // outside of the transaction, because fn may be slow
			return err
		}
	}
	return nil
}

// incomplete refuses an export of the record that would leave something out.
func (c *caller) incomplete() error {
	if len(c.leftOut) == 0 {
		return nil
	}
	org := slices.Sorted(maps.Keys(c.leftOut))[0]
	return access.Deniedf("B4", "the record of %s can be read only from its allowed IP ranges, so this export would be incomplete: "+
		"export one organization at a time, or call from one of these ranges, or with an unconfined key without an actor", access.Obj(access.TypeOrganization, org))
}

// foresee notes what an export of the whole record, or of an organization's, would leave out, so that it can be refused before it begins. Exports
// with other filters find this along the way.
func (r *recordReader) foresee() error {
	rest := r.query
	rest.From, rest.To, rest.Organization = time.Time{}, time.Time{}, ""
	if rest != (RecordQuery{}) {
		return nil
	}
	note := func(org access.OrganizationID) error {
		admitted, err := r.caller.admitted(org)
		if !admitted && (r.query.Organization == "" || r.query.Organization == org) {
			r.leaveOut(org)
		}
		return err
	}
	if r.since != nil {
		return eachFact(slices.Collect(maps.Keys(r.since)), note)
	}
	return r.eachOrganization(func(o access.Organization) error { return note(o.ID) })
}

// recordReader reads the record for one caller.
type recordReader struct {
	*caller
	query    RecordQuery
	since    map[access.OrganizationID]int64 // the organizations that the caller reads, each with the number after which its record begins; nil for a site admin
	admitted map[access.OrganizationID]bool  // whether B4 admits the caller, as far as checked
	sources  []store.RecordFilter            // together they return the record
}

func (c *caller) recordReader(q RecordQuery, newestFirst bool) (*recordReader, error) {
	q.Text = strings.ToLower(q.Text)
	r := &recordReader{caller: c, query: q, admitted: map[access.OrganizationID]bool{"": true}}
	all, err := c.may(access.Administer, access.PlatformObject)
	if err != nil {
		return nil, err
	}
	if !all {
		if r.since, err = c.recordsOf(); err != nil {
			return nil, err
		}
	}
	r.sources = r.narrow()
	for i := range r.sources {
		r.sources[i].From, r.sources[i].To, r.sources[i].NewestFirst = q.From, q.To, newestFirst
	}
	return r, nil
}

// recordsOf lists the organizations whose record the actor reads: those with update (section 2). The record of an organization that was deleted and
// created again begins anew (O4).
func (c *caller) recordsOf() (map[access.OrganizationID]int64, error) {
	var candidates []access.OrganizationID
	if c.actor.User == "" {
		candidates = []access.OrganizationID{c.actor.Organization}
	} else {
		ms, err := c.Memberships(c.actor.User)
		if err != nil {
			return nil, err
		}
		for _, m := range ms {
			candidates = append(candidates, m.Organization)
		}
	}
	mine, err := c.mayEach(access.Update, objects(access.TypeOrganization, candidates, func(o access.OrganizationID) string { return string(o) }))
	if err != nil {
		return nil, err
	}
	since := map[access.OrganizationID]int64{}
	for i, org := range candidates {
		if !mine[i] {
			continue
		}
		if since[org], err = c.LastDeletion(org); err != nil {
			return nil, err
		}
	}
	return since, nil
}

// narrow chooses the index for the lookup: usually the filter that matches the fewest entries. Users act in few organizations, keys in many. A reader
// of some organizations' records never scans those of others.
func (r *recordReader) narrow() []store.RecordFilter {
	if r.since == nil {
		return r.lookups()
	}
	var each []store.RecordFilter
	for org := range r.since {
		if r.query.Organization != "" && r.query.Organization != org {
			continue
		}
		for _, f := range r.lookups() {
			f.Organization = org
			each = append(each, f)
		}
	}
	return each
}

// lookups is narrow for a reader of the whole record.
func (r *recordReader) lookups() []store.RecordFilter {
	q := r.query
	byUser := strings.HasPrefix(q.Actor, "user:")
	switch {
	case q.Resource != access.Object{}:
		return []store.RecordFilter{{Resource: q.Resource}}
	case q.Subject != "":
		return []store.RecordFilter{{Subject: q.Subject}}
	case byUser:
		return []store.RecordFilter{{Actor: q.Actor}}
	case q.Organization != "":
		return []store.RecordFilter{{Organization: q.Organization}}
	case q.Actor != "":
		var each []store.RecordFilter
		for _, name := range actorNames(q.Actor) {
			each = append(each, store.RecordFilter{Actor: name})
		}
		return each
	case q.Action != "" && !strings.HasSuffix(q.Action, "*"):
		return []store.RecordFilter{{Action: q.Action}}
	}
	return []store.RecordFilter{{}}
}

// actorNames returns the names of actors that a filter matches.
func actorNames(actor string) []string {
	if strings.HasPrefix(actor, "user:") || strings.HasPrefix(actor, "key:") ||
		slices.Contains([]string{ActorName(access.System), record.Stranger, record.Several}, actor) {
		return []string{actor}
	}
	return []string{"user:" + actor, "key:" + actor}
}

// chunk reads at most recordChunk entries after the place, and reports whether there are no more. Each source returns its first entries, which
// include the first of all.
func (r *recordReader) chunk(after store.RecordPlace) (entries []access.Record, end bool, err error) {
	end = true
	for _, f := range r.sources {
		found, err := r.Tx.Records(f, after, recordChunk)
		if err != nil {
			return nil, false, err
		}
		end = end && len(found) < recordChunk
		entries = append(entries, found...)
	}
	if len(r.sources) > 1 {
		slices.SortFunc(entries, func(a, b access.Record) int {
			order := cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Seq, b.Seq))
			if r.sources[0].NewestFirst {
				return -order
			}
			return order
		})
		if len(entries) > recordChunk {
			entries, end = entries[:recordChunk], false
		}
	}
	return entries, end, nil
}

// shows reports whether the entry matches the query and the caller may read it, and removes the addresses that the caller may not see.
func (r *recordReader) shows(e *access.Record) (bool, error) {
	if r.since != nil {
		if since, mine := r.since[e.Organization]; !mine || e.Seq <= since {
			return false, nil
		}
	}
	q := r.query
	switch {
	case q.Actor != "" && !slices.Contains(actorNames(q.Actor), e.Actor),
		q.Key != "" && e.Key != q.Key,
		q.Resource != access.Object{} && e.Resource != q.Resource,
		q.Organization != "" && e.Organization != q.Organization,
		q.Subject != "" && e.Subject != q.Subject,
		q.Outcome != "" && e.Outcome != q.Outcome,
		!actionMatches(q.Action, e.Action):
		return false, nil
	}
	if err := r.hideAddresses(e); err != nil {
		return false, err
	}
	if q.Text != "" && !slices.ContainsFunc([]string{e.Resource.ID, e.Subject, e.Detail, e.Before, e.After, e.Effects}, func(s string) bool {
		return strings.Contains(strings.ToLower(s), q.Text)
	}) {
		return false, nil
	}
	if _, known := r.admitted[e.Organization]; !known {
		var err error
		if r.admitted[e.Organization], err = r.caller.admitted(e.Organization); err != nil {
			return false, err
		}
	}
	if !r.admitted[e.Organization] {
		r.leaveOut(e.Organization)
	}
	return r.admitted[e.Organization], nil
}

func actionMatches(wanted, action string) bool {
	if prefix, ok := strings.CutSuffix(wanted, "*"); ok {
		return strings.HasPrefix(action, prefix)
	}
	return wanted == "" || wanted == action
}

// entryNames returns the names of entries, and creates their key at the first use.
func (s *Service) entryNames(ctx context.Context) (*record.Names, error) {
	if known := s.names.Load(); known != nil {
		return known, nil
	}
	var names *record.Names
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		names, err = record.OpenNames(tx)
		return err
	})
	if err == nil && names == nil {
		err = s.db.Update(ctx, func(tx *store.Tx) (err error) {
			names, err = record.MakeNames(tx)
			return err
		})
	}
	if err == nil {
		s.names.Store(names)
	}
	return names, err
}

// placeText encodes the place as the key of a page.
func placeText(names *record.Names, p store.RecordPlace) string {
	return strconv.FormatInt(p.Time.UnixMicro(), 10) + "." + names.Name(p.Seq)
}

func parsePlace(names *record.Names, s string) (p store.RecordPlace, err error) {
	if s == "" {
		return p, nil
	}
	micros, name, _ := strings.Cut(s, ".")
	t, err := strconv.ParseInt(micros, 10, 64)
	seq, named := names.Seq(name)
	if err != nil || !named {
		return p, access.Invalidf("", "the page token is not from this list")
	}
	return store.RecordPlace{Time: time.UnixMicro(t).UTC(), Seq: seq}, nil
}
