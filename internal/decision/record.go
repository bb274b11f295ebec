package decision

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// Recording selects the decisions to record (H3).
type Recording string

const (
	RecordNone    Recording = "none"
	RecordDenials Recording = "denials"
	RecordAll     Recording = "all"
)

// Recordings lists the choices.
var Recordings = []Recording{RecordNone, RecordDenials, RecordAll}

// Recorder accepts entries of the record. It may block, and reports no failure, because a decision stands without its entry.
type Recorder interface {
	Record(ctx context.Context, entries []access.Record)
}

// The actions of the entries about decisions.
const (
	actionEvaluate = "decision.evaluate"
	actionSearch   = "decision.search"
)

// asked is a decision as the record shows it. It excludes the values of the request, which may contain secrets.
type asked struct {
	Action string `json:"action,omitempty"`
	Search string `json:"search,omitempty"` // what was searched: subject, resource or action
	Found  *int   `json:"found,omitempty"`  // number of results on the page
	More   bool   `json:"more,omitempty"`   // more pages follow
}

// recordEvaluations records decisions as they were answered. Requests without a decision are not recorded.
func (r *round) recordEvaluations(ctx context.Context, items []*item) {
	var entries []access.Record
	for _, it := range items {
		if it.answer.Err != nil || !r.records(it.answer.Allowed) {
			continue
		}
		e := r.entry(actionEvaluate, it.answer.Allowed, it.req, asked{Action: clip(it.req.Action.Name)})
		e.Subject, e.Detail = recordedSubject(it.req.Subject, it.subject), it.answer.Reason
		entries = append(entries, e)
	}
	if len(entries) > 0 {
		r.recorder.Record(ctx, entries)
	}
}

// recordSearch records one page of a search. A page without results counts as a denial.
func (r *round) recordSearch(ctx context.Context, sought string, req Request, f Found) {
	n := len(f.IDs)
	if !r.records(n > 0) {
		return
	}
	e := r.entry(actionSearch, n > 0, req, asked{Action: clip(req.Action.Name), Search: sought, Found: &n, More: f.Next != ""})
	if sought != "subject" {
		subject, _, err := r.subject(ctx, req.Subject)
		if err != nil {
			subject = access.Subject{}
		}
		e.Subject = recordedSubject(req.Subject, subject)
	}
	r.recorder.Record(ctx, []access.Record{e})
}

// records reports whether decisions with this outcome are recorded.
func (r *round) records(allowed bool) bool {
	return r.recording == RecordAll || r.recording == RecordDenials && !allowed
}

func (r *round) entry(action string, allowed bool, req Request, a asked) access.Record {
	after, err := json.Marshal(a)
	if err != nil {
		panic(err) // a defect: it contains texts and a number
	}
	e := access.Record{
		Time: r.now.UTC(), Actor: r.actor.Name(), Key: r.actor.Credential(), Action: action,
		Resource: access.Object{Type: access.Type(clip(req.Resource.Type)), ID: clip(req.Resource.ID)},
		Address:  r.actor.Address, RequestID: r.actor.RequestID, Outcome: access.Denied, After: string(after),
	}
	if allowed {
		e.Outcome = access.Allowed
	}
	return e
}

// recordedSubject names a subject. The ID of an API key may be its secret, and so may the ID of a subject with a misspelled type, so only recognized
// subjects are named.
func recordedSubject(e Entity, s access.Subject) string {
	switch t := access.Type(e.Type); {
	case s.ID != "":
		return clip(string(s.Type) + ":" + s.ID)
	case t == access.TypeUser || t == access.TypeVisitor:
		return string(t) + ":" + clip(e.ID)
	case t == access.TypeAPIKey:
		return string(t) + ":unknown"
	}
	return ""
}

// clip truncates text from callers to the length of an ID.
func clip(s string) string {
	s = strings.ReplaceAll(s[:min(len(s), access.MaxIDBytes)], "\x00", "")
	return strings.ToValidUTF8(s, "")
}
