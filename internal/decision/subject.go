package decision

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
)

func isSubjectType(t access.Type) bool { return slices.Contains(access.SubjectTypes, t) }

// byID is the value of an API key's property `by` that says its ID is the key's ID, not its secret.
const byID = "id"

// subject translates the subject of a request. The second result is false for one that cannot have access: an unknown type, an invalid ID, or an
// unknown secret (C1).
func (r *round) subject(ctx context.Context, e Entity) (access.Subject, bool, error) {
	id, err := access.ParseID[string](e.ID)
	if err != nil || !isSubjectType(access.Type(e.Type)) {
		return access.Subject{}, false, nil //nolint:nilerr // what is no ID is a denial, and no error (C1)
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
		return access.Subject{}, false, nil // IDs and secrets are never mistaken for each other
	}
	key, err := r.keyOf(ctx, id)
	return access.Subject{Type: access.TypeAPIKey, ID: string(key)}, key != "", err
}

// keyOf looks a secret up, once a round; "" stands for an unknown one.
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

// permission translates the action into the engine's name. The second result is false for an unknown type or action (C1): the engine's own
// permissions and relations are not actions.
func (s *Service) permission(t access.Type, action string) (string, bool) {
	if len(t) > access.MaxIDBytes || len(action) > access.MaxIDBytes {
		return "", false
	}
	if slices.Contains(access.Actions[t], access.Action(action)) {
		return action, true
	}
	return s.extension.Permission(t, action)
}

// actions lists the actions of the type: a built-in type's in the order of the model, an extension's sorted.
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
