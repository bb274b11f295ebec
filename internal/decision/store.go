package decision

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// FromStore returns a Directory on the store.
func FromStore(db *store.DB) Directory { return storeDirectory{db} }

type storeDirectory struct{ db *store.DB }

func (d storeDirectory) View(ctx context.Context, fn func(Facts) error) error {
	return d.db.View(ctx, func(tx *store.Tx) error { return fn(storeFacts{tx}) })
}

func (d storeDirectory) Recall(ctx context.Context, newest bool, fn func(Facts) error) error {
	return d.db.Recall(ctx, newest, func(tx *store.Tx) error { return fn(storeFacts{tx}) })
}

type storeFacts struct{ *store.Tx }

func (f storeFacts) ActiveUsers(of access.OrganizationID, after access.UserID, limit int) ([]access.UserID, error) {
	if of == "" {
		return f.active(store.UserFilter{}, after, limit)
	}
	people, err := f.active(store.UserFilter{MemberOf: of}, after, limit)
	if err != nil {
		return nil, err
	}
	home, err := f.active(store.UserFilter{Home: of}, after, limit)
	if err != nil {
		return nil, err
	}
	return firstOf(limit, people, home), nil
}

func (f storeFacts) ResourceIDs(t access.Type, of access.ChatbotID, after string, limit int) ([]string, error) {
	resources, err := f.Resources(t, store.ResourceFilter{Chatbot: of}, after, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(resources))
	for i, r := range resources {
		ids[i] = r.ID
	}
	return ids, nil
}

// active lists active users, and reads on if some of those listed are not.
func (f storeFacts) active(filter store.UserFilter, after access.UserID, limit int) ([]access.UserID, error) {
	var ids []access.UserID
	for len(ids) < limit {
		users, err := f.Users(filter, after, limit)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			if !u.Gone() && len(ids) < limit {
				ids = append(ids, u.ID)
			}
		}
		if len(users) < limit {
			break
		}
		after = users[len(users)-1].ID
	}
	return ids, nil
}

// firstOf merges sorted lists into one of at most limit, without duplicates.
func firstOf[T ~string](limit int, lists ...[]T) []T {
	all := slices.Concat(lists...)
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(limit, len(all))]
}
