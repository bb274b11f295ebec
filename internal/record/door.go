package record

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

const (
	// ActionAtDoor is the action of a call that is refused before anything is done about it. Its resource is the route, of TypeRoute.
	ActionAtDoor = "door.refuse"
	// TypeRoute is the type of routes, whose IDs are such as PUT /v1/users/{user}.
	TypeRoute access.Type = "route"
	// Stranger is the actor of an entry about a call without good credentials.
	Stranger = "stranger"
)

const (
	// mostOfStrangers is how many refusals of all strangers together have entries of their own within equalWithin, and mostOfNetwork how many of
	// these come from one network (B6). All others are one entry.
	mostOfStrangers = mostInRecord / 4
	mostOfNetwork   = mostOfStrangers / 4
	// maxDetail is how much of a detail is kept, in bytes: some quote what a stranger sent.
	maxDetail = 1024
)

// AtDoor records a refusal at the door, in the record of the installation. It never waits for the store and never fails: the entry is written a moment
// later, and as soon as the store takes it. Equal are the refusals of the same actor and credential, from the same network, on the same route and for
// the same reason.
func (r *Refusals) AtDoor(e access.Record) {
	e.Action, e.Organization, e.Outcome = ActionAtDoor, "", access.Refused
	e.Detail = strings.ToValidUTF8(e.Detail[:min(len(e.Detail), maxDetail)], "") // no database takes half a letter
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire()
	t, begun := r.atDoor(e)
	if begun != nil {
		t = begun.tally
		t.entry = &begun.entry
		select {
		case r.wake <- struct{}{}:
		default:
		}
	} else {
		t.repeats++
		t.last = e.Time
	}
	r.changed[t] = true
}

// atDoor is tallyOf for a refusal at the door.
func (r *Refusals) atDoor(e access.Record) (*tally, *first) {
	from := networkOf(e.Address)
	exactly := sumOf("door", from, e.Actor, string(e.Key), e.Subject, e.Resource.ID, e.Rule, e.Detail)
	if e.Actor != Stranger {
		return r.tally(e, exactly, platformRecord)
	}
	if t := r.found[exactly]; t != nil {
		return t, nil
	}
	in, all, network, strangers := sumOf("record", platformRecord), sumOf("all"), sumOf("network", from), sumOf("strangers")
	if r.held[network] < mostOfNetwork && r.held[strangers] < mostOfStrangers && r.held[in] < mostInRecord && r.held[all] < mostInAll {
		return nil, r.begin(e, exactly, in, all, network, strangers)
	}
	rest := sumOf("further of strangers")
	if t := r.found[rest]; t != nil {
		return t, nil
	}
	return nil, r.begin(access.Record{
		Time: e.Time, Actor: Stranger, Action: ActionFurther, Resource: access.PlatformObject, Outcome: access.Refused, Rule: "H1",
		Detail: "further refusals of calls without valid credentials, too many to record one by one",
	}, rest)
}

// platformRecord names the record of the installation, which never begins anew.
var platformRecord = recordName("", 0)

// networkOf is the network that one caller has to itself: the address, and of an IPv6 one the first 64 bits.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	return access.NetworkOf(a).String()
}

// write writes a batch: the counts of entries, and those that are not written yet.
func (r *Refusals) write(ctx context.Context, batch []counted) error {
	slices.SortFunc(batch, func(a, b counted) int { return cmp.Compare(a.order, b.order) })
	seqs := make([]int64, len(batch))
	err := r.db.Update(ctx, func(tx *store.Tx) (err error) {
		for i, c := range batch {
			if seqs[i] = c.seq; c.entry == nil {
				err = tx.CountRepeats(c.seq, c.repeats, c.last)
			} else {
				e := *c.entry
				e.Repeats, e.LastTime = c.repeats, c.last
				seqs[i], err = tx.AppendRecord(e)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	lost := 0
	for i, c := range batch {
		switch {
		case err == nil:
			c.tally.seq, c.tally.entry = seqs[i], nil
		case c.entry != nil && c.ended:
			lost++ // or what waits would grow for as long as the store takes nothing
		default:
			r.changed[c.tally] = true
		}
	}
	if lost > 0 {
		r.log.Error("cannot record refusals of the last hour", "refusals", lost, "error", err)
	}
	return err
}
