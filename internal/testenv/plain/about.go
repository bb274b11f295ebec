package plain

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// About is the part of the world that hangs on one chatbot.
func (w *World) About(id access.ChatbotID) *World {
	return &World{
		Chatbots:  only(w.Chatbots, func(c access.Chatbot) bool { return c.ID == id }),
		Shares:    only(w.Shares, func(s access.Share) bool { return s.Chatbot == id }),
		Rows:      only(w.Rows, func(r access.Row) bool { return r.Chatbot == id }),
		Policies:  only(w.Policies, func(p access.Policy) bool { return p.Chatbot == id }),
		Resources: only(w.Resources, func(r access.Resource) bool { return r.Chatbot == id }),
		Features:  only(w.Features, func(f access.Feature) bool { return f.Chatbot == id }),
		APIKeys:   only(w.APIKeys, func(k access.APIKey) bool { return k.Chatbot == id }),
	}
}

func only[F any](facts []F, fits func(F) bool) []F {
	return slices.DeleteFunc(slices.Clone(facts), func(f F) bool { return !fits(f) })
}

// Exists reports whether the object is there. Addresses and everyone always are.
func (w *World) Exists(o access.Object) bool {
	switch o.Type {
	case access.TypeUser:
		u, known := w.user(access.UserID(o.ID))
		return known && !u.Deleted
	case access.TypeOrganization:
		return slices.ContainsFunc(w.Organizations, func(x access.Organization) bool { return string(x.ID) == o.ID })
	case access.TypeTeam:
		return slices.ContainsFunc(w.Teams, func(x access.Team) bool { return string(x.ID) == o.ID })
	case access.TypeRole:
		return slices.ContainsFunc(w.Roles, func(x access.Role) bool { return string(x.ID) == o.ID })
	case access.TypeGroup:
		return slices.ContainsFunc(w.Groups, func(x access.Group) bool { return string(x.ID) == o.ID })
	case access.TypeChatbot:
		_, ok := w.chatbot(access.ChatbotID(o.ID))
		return ok
	case access.TypeDocument, access.TypeMCPServer, access.TypeMetric:
		return slices.ContainsFunc(w.Resources, func(x access.Resource) bool { return x.Type == o.Type && x.ID == o.ID })
	}
	return true
}
