package plain

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// Decide answers the question by the access model alone.
func Decide(w *World, q Question) bool {
	who, ok := w.whoAsks(q.Subject)
	return ok && w.decides(who, q) // C1, N2, K5
}

// decides is Decide for the subject that was looked up.
func (w *World) decides(who asker, q Question) bool {
	if q.Action != access.See && !slices.Contains(access.Actions[q.Resource.Type], q.Action) {
		return false // C1: an unknown type or action
	}
	switch q.Resource.Type {
	case access.TypePlatform:
		return q.Resource == access.PlatformObject && w.onPlatform(who, q.Action)
	case access.TypeOrganization:
		for _, o := range w.Organizations {
			if string(o.ID) == q.Resource.ID {
				return w.onOrganization(who, o, q.Action)
			}
		}
	case access.TypeTeam:
		for _, t := range w.Teams {
			if string(t.ID) == q.Resource.ID {
				return w.onTeam(who, t, q.Action)
			}
		}
	case access.TypeChatbot:
		if c, ok := w.chatbot(access.ChatbotID(q.Resource.ID)); ok {
			return w.onChatbot(who, c, q.Action, q.Request)
		}
	case access.TypeDocument, access.TypeMCPServer, access.TypeMetric:
		for _, r := range w.Resources {
			if r.Type == q.Resource.Type && r.ID == q.Resource.ID {
				return w.onResource(who, r, q.Request)
			}
		}
	case access.TypeFeature:
		for _, f := range w.Features {
			if access.FeatureID(f.Chatbot, f.Name) == q.Resource.ID {
				return w.onFeature(who, f, q.Request)
			}
		}
	}
	return false // C1: an unknown resource
}

// asker is the subject of a question, looked up. Exactly one of visitor and isKey is set, or neither for a logged-in user.
type asker struct {
	visitor bool
	isKey   bool
	key     access.APIKey // when isKey
	user    access.User   // otherwise; only its ID and type are set when the directory does not know the user
	veiled  bool          // whether gates that rest elsewhere are answered as failed (C7)
}

// loggedIn reports whether the asker is a user, known or not.
func (a asker) loggedIn() bool { return !a.visitor && !a.isKey }

// whoAsks looks the subject up. The second result is false for one who has nothing at all.
func (w *World) whoAsks(s access.Subject) (asker, bool) {
	switch s.Type {
	case access.TypeVisitor:
		return asker{visitor: true}, true
	case access.TypeAPIKey:
		for _, k := range w.APIKeys {
			if string(k.ID) == s.ID {
				return asker{isKey: true, key: k}, true
			}
		}
		return asker{}, false // K5: a deleted key
	case access.TypeUser:
		u, known := w.user(access.UserID(s.ID))
		if !known {
			// C1: a logged-in external user without roles.
			return asker{user: access.User{ID: access.UserID(s.ID), Type: access.External}}, true
		}
		if u.Gone() {
			return asker{}, false // C1, N2: a deleted or inactive user has nothing
		}
		if u.Type != access.Internal {
			u.Type = access.External // section 1: unknown = external
		}
		return asker{user: u}, true
	}
	return asker{}, false // C1
}

// chatbot finds a chatbot.
func (w *World) chatbot(id access.ChatbotID) (access.Chatbot, bool) {
	for _, c := range w.Chatbots {
		if c.ID == id {
			return c, true
		}
	}
	return access.Chatbot{}, false
}
