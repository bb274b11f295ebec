package sharing_test

import (
	"context"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// everything reads every page of a list, two at a time.
func everything[T any](h *history, list func(context.Context, access.Actor, sharing.Page) ([]T, string, error), actor access.Actor) ([]T, error) {
	var all []T
	p := sharing.Page{Limit: 2}
	for {
		items, next, err := list(h.ctx, actor, p)
		if err != nil || next == "" {
			return append(all, items...), err
		}
		all, p.After = append(all, items...), next
	}
}

// lists compares what is listed with what the model allows: the chatbots that somebody sees, the shares of one, and the searches about one
// question, aimed at what was touched.
func (h *history) lists(w *plain.World, touched []access.Object) {
	h.t.Helper()
	who := pick(h.rng, users)
	var seen []access.ChatbotID
	for _, b := range w.Chatbots {
		if w.Has(who, access.See, chatbot(b.ID), h.now) {
			seen = append(seen, b.ID)
		}
	}
	u, _ := find(w.Users, func(u access.User) bool { return u.ID == who })
	if !u.Gone() {
		listed, err := everything(h, func(c context.Context, a access.Actor, p sharing.Page) ([]access.Chatbot, string, error) {
			return h.Chatbots(c, a, sharing.ChatbotQuery{}, p)
		}, as(who))
		require.NoError(h.t, err)
		require.Equal(h.t, seen, ids(listed), "the chatbots that %s sees (C6)", who)
	}
	if !u.Gone() {
		h.requestList(w, who)
	}
	h.reviewed(w, who)
	for _, o := range touched {
		if o.Type == access.TypeChatbot && has(w.Chatbots, func(b access.Chatbot) bool { return chatbot(b.ID) == o }) {
			h.shareList(w, access.ChatbotID(o.ID), who)
			h.matrix(w, access.ChatbotID(o.ID))
			h.search(w, o)
			break
		}
	}
}

func ids(bots []access.Chatbot) (ids []access.ChatbotID) {
	for _, b := range bots {
		ids = append(ids, b.ID)
	}
	return ids
}

// shareList compares the shares that are listed to somebody with those in force.
func (h *history) shareList(w *plain.World, bot access.ChatbotID, who access.UserID) {
	h.t.Helper()
	listed, err := everything(h, func(c context.Context, a access.Actor, p sharing.Page) ([]access.Share, string, error) {
		return h.Shares(c, a, bot, p)
	}, as(who))
	if !w.Has(who, access.ManageAccess, chatbot(bot), h.now) {
		want := access.KindNotFound
		if w.Has(who, access.See, chatbot(bot), h.now) {
			want = access.KindDenied
		}
		require.Equal(h.t, want, access.KindOf(err), "the shares of %s for %s: %v", bot, who, err)
		return
	}
	require.NoError(h.t, err)
	var want []access.Share
	for _, s := range w.Shares {
		if s.Chatbot == bot && !s.ExpiredAt(h.now) {
			want = append(want, s)
		}
	}
	require.ElementsMatch(h.t, want, listed, "the shares of %s for %s", bot, who)
}

// search compares the three searches about one question on the chatbot or what hangs on it.
func (h *history) search(w *plain.World, o access.Object) {
	h.t.Helper()
	var about []plain.Question
	for _, q := range h.questions(w) {
		if q.Resource == o || chatbot(w.ChatbotOf(q.Resource)) == o {
			about = append(about, q)
		}
	}
	h.found += decisiontest.SearchesAgree(h.t, h.decide, w, pick(h.rng, about), "search")
}

// matrix compares the view of a chatbot's matrix with its rows, and each cell with the decision about it.
func (h *history) matrix(w *plain.World, bot access.ChatbotID) {
	h.t.Helper()
	b, _ := find(w.Chatbots, func(b access.Chatbot) bool { return b.ID == bot })
	rows, _, err := h.decide.Matrix(h.ctx, access.System, bot, "", len(users)+1)
	require.NoError(h.t, err)
	people := 0
	for _, m := range w.Memberships {
		if m.Organization == b.Organization {
			people++
		}
	}
	require.Len(h.t, rows, people, "the matrix of %s", bot)
	for _, shown := range rows {
		row, _ := find(w.Rows, func(r access.Row) bool { return r.Chatbot == bot && r.User == shown.User })
		require.ElementsMatch(h.t, row.Actions, shown.Row, "the row of %s on %s", shown.User, bot)
		require.Equal(h.t, h.has(w, shown.User, bot, access.RowActions), shown.Effective, "what %s has on %s", shown.User, bot)
	}
}

// reviewed compares what somebody has, as a review tells it.
func (h *history) reviewed(w *plain.World, who access.UserID) {
	h.t.Helper()
	held, _, err := h.decide.UserAccess(h.ctx, access.System, who, "", len(bots)+1, func(ids []access.ChatbotID) ([]bool, error) {
		return slices.Repeat([]bool{true}, len(ids)), nil
	})
	require.NoError(h.t, err)
	got := map[access.ChatbotID][]access.Action{}
	for _, x := range held {
		require.NotEmpty(h.t, x.Through, "what %s has on %s comes from somewhere", who, x.Chatbot)
		got[x.Chatbot] = x.Actions
	}
	want := map[access.ChatbotID][]access.Action{}
	for _, b := range w.Chatbots {
		if actions := h.has(w, who, b.ID, access.Actions[access.TypeChatbot]); len(actions) > 0 {
			want[b.ID] = actions
		}
	}
	require.Equal(h.t, want, got, "what %s has", who)
}

// has is those of the actions that the user has on the chatbot.
func (h *history) has(w *plain.World, who access.UserID, bot access.ChatbotID, actions []access.Action) (all []access.Action) {
	for _, a := range actions {
		if w.Has(who, a, chatbot(bot), h.now) {
			all = append(all, a)
		}
	}
	return all
}
