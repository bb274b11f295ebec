package sharing

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// Page selects the part of a list after the key After; "" starts at the beginning. Limit is at least 1.
type Page struct {
	After   string
	Limit   int
	LeftOut LeftOut // nil if not needed
}

// LeftOut collects the organizations whose items a list leaves out, because their IP ranges do not admit the caller (B4).
type LeftOut map[access.OrganizationID]bool

// readPage is read for a list of things of the organization, or of all if that is "", and returns the organizations whose items are left out.
func (s *Service) readPage(ctx context.Context, actor access.Actor, p Page, of access.OrganizationID, fn func(*caller) error) error {
	return s.read(ctx, actor, func(c *caller) error {
		c.leftOut = LeftOut{}
		if err := fn(c); err != nil {
			return err
		}
		for org := range c.leftOut {
			if p.LeftOut != nil && (of == "" || of == org) {
				p.LeftOut[org] = true
			}
		}
		return nil
	})
}

// leaveOut notes that a list leaves out something of the organization that the caller could see from elsewhere.
func (c *caller) leaveOut(org access.OrganizationID) {
	if c.leftOut != nil {
		c.leftOut[org] = true
	}
}

// fetchAtLeast is the minimum number of facts read at a time if some may have to be left out.
const fetchAtLeast = 100

// visible reads a page of a list without the items that the actor may not see. fetch reads facts after a key, in the order of their keys; sees
// reports for each whether it belongs in the list, and nil means that all do. The second result is the key to continue after, or "" at the end.
func visible[T any](p Page, fetch func(after string, limit int) ([]T, error), key func(T) string, sees func([]T) ([]bool, error)) ([]T, string, error) {
	var page []T
	after := p.After
	size := max(p.Limit+1, fetchAtLeast)
	for {
		facts, err := fetch(after, size)
		if err != nil {
			return nil, "", err
		}
		seen := make([]bool, len(facts))
		if sees == nil {
			for i := range seen {
				seen[i] = true
			}
		} else if seen, err = sees(facts); err != nil {
			return nil, "", err
		}
		for i, f := range facts {
			if !seen[i] {
				continue
			}
			if len(page) == p.Limit {
				return page, key(page[len(page)-1]), nil
			}
			page = append(page, f)
		}
		if len(facts) < size {
			return page, "", nil
		}
		after = key(facts[len(facts)-1])
	}
}

// fromHere is sees for a list of things that belong to organizations: it leaves out what may not be read from the caller's address (B4). "" is no
// organization, and a nil sees shows all.
func fromHere[T any](c *caller, of func(T) access.OrganizationID, sees func([]T) ([]bool, error)) func([]T) ([]bool, error) {
	admitted := map[access.OrganizationID]bool{"": true}
	return func(facts []T) ([]bool, error) {
		seen := slices.Repeat([]bool{true}, len(facts))
		if sees != nil {
			var err error
			if seen, err = sees(facts); err != nil {
				return nil, err
			}
		}
		for i, f := range facts {
			org := of(f)
			if _, known := admitted[org]; !known {
				var err error
				if admitted[org], err = c.admitted(org); err != nil {
					return nil, err
				}
			}
			if seen[i] && !admitted[org] {
				seen[i] = false
				c.leaveOut(org)
			}
		}
		return seen, nil
	}
}

// objects names the facts as objects of one type.
func objects[T any](t access.Type, facts []T, id func(T) string) []access.Object {
	os := make([]access.Object, len(facts))
	for i, f := range facts {
		os[i] = access.Object{Type: t, ID: id(f)}
	}
	return os
}
