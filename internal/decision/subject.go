package decision

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
)

func isSubjectType(t access.Type) bool { return slices.Contains(access.SubjectTypes, t) }

// byID is how the property `by` of an API key says that its ID is the key's ID and not its secret.
const byID = "id"

// subject translates the subject of a request. The second result is false for one that cannot have anything: of another type, with an ID
// that is none, or a secret that is nobody's (C1).
func (r *round) subject(ctx context.Context, e Entity) (access.Subject, bool, error) {
	id, err := access.ParseID[string](e.ID)
	if err != nil || !isSubjectType(access.Type(e.Type)) {
		return access.Subject{}, false, nil
	}
	subject := access.Subject{Type: access.Type(e.Type), ID: id}
	if subject.Type != access.TypeAPIKey {
		return subject, true, nil
	}
	by, sent := e.Properties["by"]
	switch {
	case by == byID:
		return subject, true, nil
	case sent && by != nil:
		return access.Subject{}, false, nil // never one for the other
	}
	key, err := r.keyOf(ctx, id)
	return access.Subject{Type: access.TypeAPIKey, ID: string(key)}, key != "", err
}

// keyOf looks a secret up once a round; "" stands for nobody's.
func (r *round) keyOf(ctx context.Context, secret string) (access.KeyID, error) {
	if key, ok := r.keys[secret]; ok {
		return key, nil
	}
	key, ok, err := r.keyOfSecret(ctx, secret, r.newest)
	if err != nil {
		return "", err
	}
	if !ok {
		key = ""
	}
	if r.keys == nil {
		r.keys = map[string]access.KeyID{}
	}
	r.keys[secret] = key
	return key, nil
}

// permission translates the action into what the engine calls it. The second result is false for a type or an action that there is none
// of (C1): the engine's own permissions and relations are no actions.
func (s *Service) permission(t access.Type, action string) (string, bool) {
	if len(t) > access.MaxIDBytes || len(action) > access.MaxIDBytes {
		return "", false
	}
	if slices.Contains(access.Actions[t], access.Action(action)) {
		return action, true
	}
	return s.extension.Permission(t, action)
}

// actions lists what can be asked about the type: a built-in one's in the order of the model, an extension's sorted.
func (s *Service) actions(t access.Type) []string {
	if built, ok := access.Actions[t]; ok {
		names := make([]string, len(built))
		for i, a := range built {
			names[i] = string(a)
		}
		return names
	}
	return s.extension.Actions(t)
}
