package decision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// has is what the user has on the chatbot by the plain reading of the model, where no values are sent.
func has(w *plain.World, user access.UserID, bot access.ChatbotID, actions []access.Action) []access.Action {
	var all []access.Action
	for _, a := range actions {
		q := plain.Question{
			Subject: access.Subject{Type: access.TypeUser, ID: string(user)}, Action: a, Resource: access.Obj(access.TypeChatbot, bot),
			Request: plain.Request{Now: decisiontest.Noon},
		}
		if plain.Decide(w, q) {
			all = append(all, a)
		}
	}
	return all
}

// The matrix and both reviews say what the model says, on random worlds.
func TestReviewsAgree(t *testing.T) { inWorlds(t, 2, aWorldIsReviewed) }

func aWorldIsReviewed(t *testing.T, e *randomWorld) {
	w, s, about := e.World, e.Service(nil), e.again
	everyoneHas := map[access.ChatbotID]bool{}
	for _, share := range w.Shares {
		everyoneHas[share.Chatbot] = everyoneHas[share.Chatbot] || share.Principal == access.Everyone
	}
	all := access.Actions[access.TypeChatbot]
	for _, bot := range w.Chatbots {
		listed := map[access.UserID]bool{}
		for _, h := range pages(t, 2, func(after access.UserID) ([]decision.Held, access.UserID, error) {
			return s.ChatbotAccess(t.Context(), access.System, bot.ID, after, 2)
		}) {
			require.False(t, listed[h.User], "%s: %s twice on %s", about, h.User, bot.ID)
			listed[h.User] = true
			require.Equal(t, has(w, h.User, bot.ID, all), h.Actions, "%s: %s on %s", about, h.User, bot.ID)
			require.NotEmpty(t, h.Through, about)
		}
		for _, u := range w.Users {
			if !everyoneHas[bot.ID] && len(has(w, u.ID, bot.ID, all)) > 0 {
				require.True(t, listed[u.ID], "%s: %s has something on %s", about, u.ID, bot.ID)
			}
		}
		for _, row := range pages(t, 2, func(after access.UserID) ([]decision.MatrixRow, access.UserID, error) {
			return s.Matrix(t.Context(), access.Actor{Key: "root", Access: access.KeyFull}, bot.ID, after, 2)
		}) {
			require.Equal(t, has(w, row.User, bot.ID, access.RowActions), row.Effective, "%s: %s on %s", about, row.User, bot.ID)
			require.Len(t, row.Because, len(access.RowActions))
			for _, why := range row.Because {
				require.NotEmpty(t, why, about)
				require.NotContains(t, why, "changing right now", about)
			}
		}
	}
	for _, u := range w.Users {
		found := map[access.ChatbotID][]access.Action{}
		for _, h := range pages(t, 2, func(after access.ChatbotID) ([]decision.Held, access.ChatbotID, error) {
			return s.UserAccess(t.Context(), access.System, u.ID, after, 2, everything)
		}) {
			require.NotEmpty(t, h.Through, about)
			found[h.Chatbot] = h.Actions
		}
		want := map[access.ChatbotID][]access.Action{}
		for _, bot := range w.Chatbots {
			if actions := has(w, u.ID, bot.ID, all); len(actions) > 0 {
				want[bot.ID] = actions
			}
		}
		require.Equal(t, want, found, "%s: %s", about, u.ID)
	}
}

func everything(bots []access.ChatbotID) ([]bool, error) {
	known := make([]bool, len(bots))
	for i := range known {
		known[i] = true
	}
	return known, nil
}

// pages reads all pages of at most size.
func pages[T any, K ~string](t *testing.T, size int, page func(after K) ([]T, K, error)) []T {
	t.Helper()
	var all []T
	for after := K(""); ; {
		items, next, err := page(after)
		require.NoError(t, err)
		require.LessOrEqual(t, len(items), size)
		all = append(all, items...)
		if next == "" {
			return all
		}
		require.Greater(t, next, after)
		after = next
	}
}
