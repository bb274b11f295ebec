package spice

import (
	"slices"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// LowersAt names the types at whose objects the changes may take rights from the user, other than to interact or to view: they end a relationship whose
// subject that user is, or make the user what the schema excludes, a client (S12) or the holder of a row (M1).
func (c Changes) LowersAt(id access.UserID) []access.Type {
	self := ref(user(id).GetObject())
	var at []access.Type
	for _, u := range c {
		r := u.GetRelationship()
		if s := r.GetSubject(); s.GetOptionalRelation() != "" || ref(s.GetObject()) != self {
			continue
		}
		t := access.Type(r.GetResource().GetObjectType())
		if slices.Contains([]access.Type{schema.TypeGate, schema.TypeGatehouse, access.TypeDocument, access.TypeMCPServer, access.TypeMetric}, t) {
			continue
		}
		excluding := slices.Contains([]string{schema.RelClient, schema.RelRowed}, r.GetRelation())
		if removes(u) != excluding && !slices.Contains(at, t) {
			at = append(at, t)
		}
	}
	return at
}

// Narrowed names the chatbots at which the changes end what many have: the people of a team, an organization, an address and so on, or the chatbot's own
// pointers. It leaves out what is only about interact.
func (c Changes) Narrowed() []access.ChatbotID {
	var bots []access.ChatbotID
	for _, u := range c {
		r := u.GetRelationship()
		s := r.GetSubject()
		if !removes(u) || r.GetResource().GetObjectType() != string(access.TypeChatbot) ||
			slices.Contains([]string{schema.RelEntrance, schema.RelCanInteract}, r.GetRelation()) ||
			s.GetOptionalRelation() == "" && s.GetObject().GetObjectType() == string(access.TypeUser) {
			continue
		}
		if id := access.ChatbotID(Decode(r.GetResource().GetObjectId())); !slices.Contains(bots, id) {
			bots = append(bots, id)
		}
	}
	return bots
}

func removes(u *v1.RelationshipUpdate) bool {
	return u.GetOperation() == v1.RelationshipUpdate_OPERATION_DELETE
}
