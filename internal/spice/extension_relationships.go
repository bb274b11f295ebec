package spice

import (
	"fmt"
	"strings"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/spicedb/pkg/tuple"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// storedParameters lists what each built-in caveat takes from its relationship and never from a caller.
var storedParameters = map[string][]string{
	schema.CaveatNotExpired:    {schema.StoredExpiresAt},
	schema.CaveatLinkPresented: {schema.StoredLink},
	schema.CaveatKeyUsable:     {schema.StoredExpiresAt, schema.StoredAllowedIPs},
	schema.CaveatEmailDomainIn: {schema.StoredDomains},
	schema.CaveatWithinLimits:  {schema.StoredLimits},
}

// extensionRelationship is one relationship of an extension file, its IDs in the form that Encode gives them.
type extensionRelationship struct {
	line   int
	parsed tuple.Relationship
}

// parseRelationships reads the file's relationships, one a line; blank lines and those that begin with // are left out. They are about
// resources of the extension's own types only: who has what on a built-in type is a fact, which has rules and a record.
func (f *extensionFile) parseRelationships(types map[access.Type]extensionType) ([]extensionRelationship, error) {
	var rs []extensionRelationship
	at := map[string]int{} // the lines of the relationships so far, by what identifies them
	for i, text := range strings.Split(f.relationships.text, "\n") {
		line := f.relationships.line + i
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "//") {
			continue
		}
		spelled, rest, err := spell(text, asRelation)
		if err != nil {
			return nil, f.refuse(line, "not a relationship: %s", err)
		}
		r, err := tuple.Parse(spelled + rest)
		if err != nil {
			return nil, f.refuse(line, "not a relationship: %s; %s", err, errForm)
		}
		if _, ok := types[access.Type(r.Resource.ObjectType)]; !ok {
			return nil, f.refuse(line, "the file's own schema does not define the resource's type %q; relationships of built-in types come "+
				"from the server's own changes", r.Resource.ObjectType)
		}
		if r.OptionalExpiration != nil {
			return nil, f.refuse(line, "expirations are not supported, because the engine's caches would outlive them: write a caveat on `now` instead")
		}
		if c := r.OptionalCaveat; c != nil {
			for _, parameter := range storedParameters[c.CaveatName] {
				if _, stored := c.Context.AsMap()[parameter]; !stored {
					return nil, f.refuse(line, "the built-in caveat %s needs its %s here; otherwise callers could send their own", c.CaveatName, parameter)
				}
			}
		}
		if err := canonical(&r); err != nil {
			return nil, f.refuse(line, "%s", err)
		}
		identity := tuple.StringWithoutCaveatOrExpiration(r)
		if first, twice := at[identity]; twice {
			return nil, f.refuse(line, "this relationship is the same as in line %d: keep one of them", first)
		}
		at[identity] = line
		rs = append(rs, extensionRelationship{line: line, parsed: r})
	}
	return rs, nil
}

// canonical puts the IDs into the one encoding of what the file means by them: one that SpiceDB can spell stands for itself, and one with escapes for
// what they decode to.
func canonical(r *tuple.Relationship) error {
	for _, id := range []*string{&r.Resource.ObjectID, &r.Subject.ObjectID} {
		if id == &r.Subject.ObjectID && *id == Wildcard {
			continue
		}
		meant := Decode(*id)
		if _, err := access.ParseID[string](meant); err != nil {
			return fmt.Errorf("the ID %q: %w", *id, err)
		}
		*id = Encode(meant)
	}
	return nil
}

func (r extensionRelationship) touch() *v1.RelationshipUpdate {
	return &v1.RelationshipUpdate{Operation: v1.RelationshipUpdate_OPERATION_TOUCH, Relationship: tuple.ToV1Relationship(r.parsed)}
}

// text is the relationship as SpiceDB's messages spell it.
func (r extensionRelationship) text() string {
	s, err := tuple.String(r.parsed)
	if err != nil {
		return ""
	}
	return s
}
