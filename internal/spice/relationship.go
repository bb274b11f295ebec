package spice

import (
	"fmt"
	"maps"
	"slices"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// Relationships are what facts imply.
type Relationships []*v1.Relationship

// Changes turn one set of relationships into another. Doing them twice is harmless.
type Changes []*v1.RelationshipUpdate

// maxCaveatBytes is how large a caveat stored with a relationship may be: SpiceDB's default limit.
const maxCaveatBytes = 25_000

// Validate refuses changes that the engine would refuse for their form, before they are committed to. The error is a defect of the folding.
func (c Changes) Validate() error {
	for _, u := range c {
		if err := u.Validate(); err != nil {
			return fmt.Errorf("folding %s: %w", key(u.GetRelationship()), err)
		}
		if size := proto.Size(u.GetRelationship().GetOptionalCaveat()); size > maxCaveatBytes {
			return fmt.Errorf("folding %s: the caveat has %d bytes, and the engine accepts at most %d", key(u.GetRelationship()), size, maxCaveatBytes)
		}
	}
	return nil
}

// Diff lists what turns before into after: removals first, so that what is interrupted has given too little and never too much.
func Diff(before, after Relationships) Changes {
	had := make(map[string]*v1.Relationship, len(before))
	for _, r := range before {
		had[key(r)] = r
	}
	keep := make(map[string]bool, len(after))
	var touches Changes
	for _, r := range after {
		k := key(r)
		if keep[k] {
			continue
		}
		keep[k] = true
		if old := had[k]; old == nil || !proto.Equal(old, r) {
			touches = append(touches, &v1.RelationshipUpdate{Operation: v1.RelationshipUpdate_OPERATION_TOUCH, Relationship: r})
		}
	}
	var changes Changes
	for _, r := range before {
		if !keep[key(r)] {
			changes = append(changes, &v1.RelationshipUpdate{Operation: v1.RelationshipUpdate_OPERATION_DELETE, Relationship: bare(r)})
		}
	}
	return append(changes, touches...)
}

// Merge joins changes in the order in which they were made; of several changes to one relationship the last one stands. The engine
// refuses a request that names a relationship twice. They are sorted by their turn.
func Merge(all ...Changes) Changes {
	var merged Changes
	at := map[string]int{}
	for _, changes := range all {
		for _, c := range changes {
			k := key(c.GetRelationship())
			if i, ok := at[k]; ok {
				merged[i] = c
				continue
			}
			at[k] = len(merged)
			merged = append(merged, c)
		}
	}
	slices.SortStableFunc(merged, func(a, b *v1.RelationshipUpdate) int { return turn(a) - turn(b) })
	return merged
}

// narrowing are the relations that take away, or demand, what others give.
var narrowing = map[string]bool{
	schema.TypeGatehouse + "#" + schema.RelGate: true, schema.TypeGate + "#" + schema.RelDenied: true, schema.TypeMatrix + "#" + schema.RelRowed: true,
	string(access.TypeFeature) + "#" + schema.RelCondition: true, string(access.TypePlatform) + "#" + schema.RelInactive: true,
	string(access.TypeOrganization) + "#" + string(access.OrgClient): true,
}

// turn puts updates into an order in which what is written in several calls gives too little in between, and never more than before or after: what narrows
// comes first and goes last. Of removals those come first by which many lose something: a large one has taken nearly everything away with its first call.
func turn(u *v1.RelationshipUpdate) int {
	r := u.GetRelationship()
	narrows := narrowing[r.GetResource().GetObjectType()+"#"+r.GetRelation()]
	removed := removes(u)
	switch {
	case narrows && !removed:
		return 0
	case narrows:
		return 5
	case !removed:
		return 4
	}
	switch subject := access.Type(r.GetSubject().GetObject().GetObjectType()); {
	case r.GetRelation() == schema.RelEntrance, r.GetRelation() == schema.RelRulebook: // without which a chatbot has no action
		return 1
	case slices.Contains(access.SubjectTypes, subject), subject == schema.TypeService:
		return 3
	}
	return 2 // a set of people, or a thing that gives them something
}

// Resources names the objects whose relationships change, each once, as type:ID.
func (c Changes) Resources() []string {
	named := map[string]bool{}
	for _, u := range c {
		named[decoded(u.GetRelationship().GetResource())] = true
	}
	return slices.Sorted(maps.Keys(named))
}

// Marshal writes the changes for the outbox, and UnmarshalChanges reads them back.
func (c Changes) Marshal() ([]byte, error) {
	return protojson.Marshal(&v1.WriteRelationshipsRequest{Updates: c})
}

// UnmarshalChanges reads what Marshal wrote.
func UnmarshalChanges(data []byte) (Changes, error) {
	var req v1.WriteRelationshipsRequest
	if err := protojson.Unmarshal(data, &req); err != nil {
		return nil, fmt.Errorf("reading the changes of an outbox entry: %w", err)
	}
	return req.GetUpdates(), nil
}

// key identifies a relationship as SpiceDB does: its caveat is no part of its identity.
func key(r *v1.Relationship) string {
	s := r.GetSubject()
	return ref(r.GetResource()) + "#" + r.GetRelation() + "@" + ref(s.GetObject()) + "#" + s.GetOptionalRelation()
}

func ref(o *v1.ObjectReference) string { return o.GetObjectType() + ":" + o.GetObjectId() }

func bare(r *v1.Relationship) *v1.Relationship {
	return &v1.Relationship{Resource: r.GetResource(), Relation: r.GetRelation(), Subject: r.GetSubject()}
}

// The constructors below spell relationships; IDs are encoded here and nowhere else.

func object[T ~string, I ~string](typ T, id I) *v1.ObjectReference {
	return &v1.ObjectReference{ObjectType: string(typ), ObjectId: Encode(string(id))}
}

func platform() *v1.ObjectReference { return object(access.TypePlatform, access.Platform) }

func user(id access.UserID) *v1.SubjectReference { return sub(object(access.TypeUser, id)) }

func sub(o *v1.ObjectReference) *v1.SubjectReference { return &v1.SubjectReference{Object: o} }

func set(o *v1.ObjectReference, relation string) *v1.SubjectReference {
	return &v1.SubjectReference{Object: o, OptionalRelation: relation}
}

func all[T ~string](typ T) *v1.SubjectReference {
	return sub(&v1.ObjectReference{ObjectType: string(typ), ObjectId: "*"})
}

func rel(resource *v1.ObjectReference, relation string, subject *v1.SubjectReference, caveat ...*v1.ContextualizedCaveat) *v1.Relationship {
	r := &v1.Relationship{Resource: resource, Relation: relation, Subject: subject}
	if len(caveat) > 0 {
		r.OptionalCaveat = caveat[0]
	}
	return r
}

// caveat stores values of JSON's own types with a relationship.
func caveat(name string, context map[string]any) *v1.ContextualizedCaveat {
	s, err := structpb.NewStruct(context)
	if err != nil {
		panic(err) // a defect: the callers in this package store strings, numbers and lists of them
	}
	return &v1.ContextualizedCaveat{CaveatName: name, Context: s}
}

// notExpired is the caveat of what ends at t, or nil for what never ends.
func notExpired(t time.Time) *v1.ContextualizedCaveat {
	if t.IsZero() {
		return nil
	}
	return caveat(schema.CaveatNotExpired, map[string]any{schema.StoredExpiresAt: t.UTC().Format(time.RFC3339)})
}
