package httpapi

import (
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Changed is the part of an answer that every change has.
type Changed struct {
	ZedToken    string         `json:"zedtoken" doc:"send it with a decision to have it include this change"`
	RefusedKeys []access.KeyID `json:"refused_keys,omitempty" nullable:"false" doc:"account keys that no longer work because of the change (B5)"`
}

func changed(c sharing.Change) Changed {
	return Changed{ZedToken: string(c.Token), RefusedKeys: c.RefusedKeys}
}

// done answers a change that leaves nothing to show.
func done(c sharing.Change, err error) (*Changed, error) {
	if err != nil {
		return nil, err
	}
	return ref(changed(c)), nil
}

// Removal answers a change that takes other things away with it.
type Removal struct {
	Changed
	Removed []string `json:"removed" nullable:"false" doc:"what was removed with it"`
}

func removal(d sharing.Deletion, err error) (*Removal, error) {
	if err != nil {
		return nil, err
	}
	return &Removal{Changed: changed(d.Change), Removed: some(d.Removed)}, nil
}

// Departure answers a change by which a user can lose a role, and chatbots pass on (O3).
type Departure struct {
	Changed
	Removed    []string               `json:"removed" nullable:"false" doc:"what was removed with it"`
	Reassigned []sharing.Reassignment `json:"reassigned" nullable:"false" doc:"chatbots that got a new owner"`
}

func departure(c sharing.Change, removed []string, reassigned []sharing.Reassignment) Departure {
	return Departure{Changed: changed(c), Removed: some(removed), Reassigned: some(reassigned)}
}

// some is the list, which is never null in JSON.
func some[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// orNull is the value, or null where it is the zero value: what is unset is null in answers, as it is in a PUT.
func orNull[T comparable](v T) *T {
	var unset T
	if v == unset {
		return nil
	}
	return &v
}

// timeOrNull is orNull for times, which are written in UTC.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
