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
	// ActionAtDoor is the action of a call that is refused before any use case. Its resource is the route, of TypeRoute.
	ActionAtDoor = "door.refuse"
	// TypeRoute is the type of routes, with IDs such as PUT /v1/users/{user}.
	TypeRoute access.Type = "route"
	// Stranger is the actor of entries about calls without valid credentials.
	Stranger = "stranger"
)

const (
	// mostOfStrangers is the number of refusals of all strangers together that get their own entries within equalWithin, and mostOfNetwork the number
	// from one network (B6). All others share one entry.
	mostOfStrangers = mostInRecord / 4
	mostOfNetwork   = mostOfStrangers / 4
	// maxDetail is the maximum length of a stored detail, in bytes: some quote what a stranger sent.
	maxDetail = 1024
)

// AtDoor records a refusal at the door, in the record of the installation. It never waits for the store and never fails: the entry is written in the
// background, as soon as the store accepts it. Refusals are equal if they have the same actor and credential, network, route and reason.
func (r *Refusals) AtDoor(e access.Record) {
	e.Action, e.Organization, e.Outcome = ActionAtDoor, "", access.Refused
	e.Detail = strings.ToValidUTF8(e.Detail[:min(len(e.Detail), maxDetail)], "") // databases refuse invalid UTF-8
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

// atDoor is tallyOf for refusals at the door.
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

// platformRecord names the record of the installation, which never starts again.
var platformRecord = recordName("", 0)

// networkOf is the network that one caller controls: an IPv4 address, or the first 64 bits of an IPv6 address.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	return access.NetworkOf(a).String()
}

// write writes a batch: new entries, and counts of existing ones.
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
			lost++ // otherwise the queue would grow while the store does not accept writes
		default:
			r.changed[c.tally] = true
		}
	}
	if lost > 0 {
		r.log.Error("cannot record refusals of the last hour", "refusals", lost, "error", err)
	}
	return err
}
