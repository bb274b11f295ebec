package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// AuditEntry is one entry of the record.
type AuditEntry struct {
	ID           string                 `json:"id" doc:"opaque; says nothing about the order or number of entries"`
	Time         time.Time              `json:"time"`
	Actor        string                 `json:"actor" doc:"who acted: user:ID, key:ID for a key without an actor, system, stranger for calls without valid credentials, or several"`
	Key          string                 `json:"key" doc:"the credential: the ID of the key, or issuer:URL for a token"`
	Action       string                 `json:"action" doc:"the kind of fact and the change, such as share.put; door.refuse for a call with refused credentials, whose resource is the route"`
	Resource     access.Object          `json:"resource"`
	Organization *access.OrganizationID `json:"organization" doc:"the organization whose record contains it; null for the platform's"`
	Subject      string                 `json:"subject,omitempty" doc:"of a decision: its subject, such as user:alice; of a call that was refused at the door: the user it named to act for"`
	Address      string                 `json:"address"`
	RequestID    string                 `json:"request_id"`
	Outcome      access.Outcome         `json:"outcome" doc:"of a change: done, pending or refused; of a decision: allowed or denied"`
	Rule         string                 `json:"rule" doc:"the rule that refused it, or empty"`
	Detail       string                 `json:"detail" doc:"why it was refused or denied, or empty"`
	Before       rawState               `json:"before"`
	After        rawState               `json:"after"`
	Effects      rawEffects             `json:"effects"`
	Count        int64                  `json:"count" doc:"how many equal refusals of this caller within an hour the entry counts; 1 for everything else"`
	LastTime     time.Time              `json:"last_time" doc:"when the last of these happened; time is when the first did. count and last_time are updated within seconds"`
}

func showEntry(r access.Record) AuditEntry {
	return AuditEntry{
		ID: r.ID, Time: r.Time.UTC(), Actor: r.Actor, Key: string(r.Key), Action: r.Action, Resource: r.Resource,
		Organization: orNull(r.Organization), Subject: r.Subject, Address: r.Address, RequestID: r.RequestID, Outcome: r.Outcome, Rule: r.Rule,
		Detail: r.Detail, Before: rawState(r.Before), After: rawState(r.After), Effects: rawEffects(r.Effects),
		Count: 1 + r.Repeats, LastTime: lastTime(r),
	}
}

// lastTime is when the last of the calls was that the entry stands for.
func lastTime(r access.Record) time.Time {
	if r.Repeats == 0 {
		return r.Time.UTC()
	}
	return r.LastTime.UTC()
}

// rawState is a state as the record holds it: a JSON object, or "" for none.
type rawState string

func (s rawState) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return []byte(s), nil
}

// Schema describes it to callers.
func (rawState) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Nullable: true, Description: "the state of the changed fact, or null"}
}

// rawEffects is a list of effects as the record holds it: JSON, or "" for none.
type rawEffects string

func (s rawEffects) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte("[]"), nil
	}
	return []byte(s), nil
}

// Schema describes it to callers.
func (rawEffects) Schema(r huma.Registry) *huma.Schema {
	state := rawState("").Schema(r)
	return &huma.Schema{
		Type: huma.TypeArray, Description: "other facts of this organization that the change also changed",
		Items: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Properties: map[string]*huma.Schema{
			"kind": {Type: huma.TypeString}, "before": state, "after": state,
		}},
	}
}

// auditFilter says which entries are wanted.
type auditFilter struct {
	Actor        string                `query:"actor" doc:"user:ID or key:ID; an ID alone is either; or system, stranger, several"`
	Key          access.KeyID          `query:"key" doc:"the key that was used, with or without an actor"`
	Action       string                `query:"action" doc:"such as share.put, or share.* for every action that begins with share."`
	Resource     string                `query:"resource" doc:"type:ID, such as chatbot:helper"`
	Organization access.OrganizationID `query:"organization"`
	Subject      string                `query:"subject" doc:"of decisions: type:ID, such as user:alice"`
	Outcome      access.Outcome        `query:"outcome"`
	From         time.Time             `query:"from" doc:"not before this time"`
	To           time.Time             `query:"to" doc:"before this time"`
	Text         string                `query:"q" maxLength:"256" doc:"text to find in the resource's ID, the subject, the detail, the states or the effects; case does not matter"`
}

func (f auditFilter) query() (sharing.RecordQuery, error) {
	q := sharing.RecordQuery{
		Actor: f.Actor, Key: f.Key, Action: f.Action, Organization: f.Organization, Subject: f.Subject, Outcome: f.Outcome,
		From: f.From.UTC(), To: f.To.UTC(), Text: f.Text,
	}
	if f.Resource == "" {
		return q, nil
	}
	var err error
	if q.Resource, err = access.ParseObject(f.Resource); err != nil {
		return q, faultAt("/resource", "is not of the form type:ID")
	}
	return q, nil
}

type auditQuery struct {
	auditFilter
	pageQuery
}

func (a *api) listAudit(ctx context.Context, actor access.Actor, in *auditQuery) (*list[AuditEntry], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	entries, next, err := a.Sharing.Records(ctx, actor, q, p)
	return listFrom(p, entries, next, err, showEntry)
}
