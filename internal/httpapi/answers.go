package httpapi

import (
	"time"

	"github.com/grantway/grantway/internal/sharing"
)

// Changed is the part of an answer that every change has.
type Changed struct {
	ZedToken string `json:"zedtoken" doc:"a decision asked with this token sees the change"`
}

func changed(c sharing.Change) Changed { return Changed{ZedToken: string(c.Token)} }

// done answers a change that leaves nothing to show.
func done(c sharing.Change, err error) (*Changed, error) {
	if err != nil {
		return nil, err
	}
	return &Changed{ZedToken: string(c.Token)}, nil
}

// Deleted answers a deletion.
type Deleted struct {
	Changed
	Removed []string `json:"removed" nullable:"false" doc:"what went with it"`
}

func deleted(d sharing.Deletion, err error) (*Deleted, error) {
	if err != nil {
		return nil, err
	}
	return &Deleted{Changed: changed(d.Change), Removed: some(d.Removed)}, nil
}

// Left answers a change that can end memberships and pass chatbots on.
type Left struct {
	Changed
	Removed    []string               `json:"removed" nullable:"false" doc:"what went with it"`
	Reassigned []sharing.Reassignment `json:"reassigned" nullable:"false" doc:"to whom chatbots passed"`
}

func left(c sharing.Change, removed []string, reassigned []sharing.Reassignment) Left {
	return Left{Changed: changed(c), Removed: some(removed), Reassigned: some(reassigned)}
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
