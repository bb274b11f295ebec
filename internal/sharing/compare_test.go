package sharing_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// sample is questions about the world: all about the people and the chatbots that were touched, and some about everything else.
func (h *history) sample(w *plain.World, touched []access.Object) []plain.Question {
	aimed := map[access.Object]bool{}
	for _, o := range touched {
		aimed[o] = true
	}
	return slices.DeleteFunc(h.questions(w), func(q plain.Question) bool {
		who := aimed[access.Object{Type: q.Subject.Type, ID: q.Subject.ID}]
		on := aimed[q.Resource] || aimed[chatbot(w.ChatbotOf(q.Resource))]
		switch {
		case who && on:
			return false
		case on:
			return h.rng.IntN(4) > 0
		case who:
			return h.rng.IntN(8) > 0
		}
		return h.rng.IntN(40) > 0
	})
}

// questions is everything that can be asked at the moment.
func (h *history) questions(w *plain.World) []plain.Question {
	all := plain.Questions(w, h.rng, h.now)
	for i := range all {
		all[i].Request.Now, all[i].Request.Link = h.now, h.link(w, all[i])
	}
	return all
}

// whole compares everything there is, and not only what was touched.
func (h *history) whole() {
	h.t.Helper()
	w := h.world()
	all := h.questions(w)
	h.compare(w, all)
	h.compareTold(w, all)
	for _, b := range w.Chatbots {
		h.lists(w, []access.Object{chatbot(b.ID)})
	}
	h.replays()
}

// compare asks the questions of the service that decides, and of the model.
func (h *history) compare(w *plain.World, questions []plain.Question) {
	h.t.Helper()
	for part := range slices.Chunk(questions, decision.MaxEvaluations) {
		requests := make([]decision.Request, len(part))
		for i, q := range part {
			requests[i] = decisiontest.Asked(q)
			requests[i].Newest = true // what another gateway has just done is known for certain to such a question only
		}
		answers, err := h.decide.EvaluateAll(h.ctx, decisiontest.Backend, requests)
		require.NoError(h.t, err)
		for i, a := range answers {
			want := decisiontest.Decides(w, part[i])
			require.NoError(h.t, a.Err, "%+v", part[i])
			if a.Allowed != want {
				h.t.Fatalf("%+v: the server says %v, the model %v", part[i], a.Allowed, want)
			}
			h.decisions++
			if want {
				h.trues++
			}
		}
	}
}

// compareTold asks the questions as somebody whom C7 binds, a user or a key that is confined to an organization, and compares what they are told of gates
// with the model, by decisions and by searches.
func (h *history) compareTold(w *plain.World, questions []plain.Question) {
	h.t.Helper()
	reader := plain.Reader{User: pick(h.rng, users)}
	actor := access.Actor{User: reader.User, Address: "127.0.0.1"}
	if h.rng.IntN(3) == 0 {
		reader = plain.Reader{Confined: pick(h.rng, orgs)}
		actor = access.Actor{Key: "confined", Access: access.KeyFull, Organization: reader.Confined, Address: "127.0.0.1"}
	}
	for part := range slices.Chunk(questions, decision.MaxEvaluations) {
		requests := make([]decision.Request, len(part))
		for i, q := range part {
			requests[i] = decisiontest.Asked(q)
			requests[i].Newest = true
		}
		answers, err := h.decide.EvaluateAll(h.ctx, actor, requests)
		require.NoError(h.t, err)
		for i, a := range answers {
			want := decisiontest.Tells(w, reader, part[i])
			require.NoError(h.t, a.Err, "%+v", part[i])
			require.Equal(h.t, want, a.Allowed, "C7: %+v is told of %+v", reader, part[i])
			if !want && decisiontest.Decides(w, part[i]) {
				h.veiled++
			}
		}
	}
	says := func(q plain.Question) bool { return decisiontest.Tells(w, reader, q) }
	h.found += decisiontest.SearchesAgreeFor(h.t, h.decide, w, pick(h.rng, questions), "told", actor, says)
}

// changed is the chatbots of which some fact is different now.
func changed(before, after *plain.World) (objects []access.Object) {
	for _, id := range bots {
		if !reflect.DeepEqual(before.About(id), after.About(id)) {
			objects = append(objects, chatbot(id))
		}
	}
	return objects
}

// allThere reports whether all the objects that are named are in the world.
func allThere(w *plain.World, named []access.Object) bool {
	for _, o := range named {
		if !w.Exists(o) {
			return false
		}
	}
	return true
}

func user(id access.UserID) access.Object { return access.Obj(access.TypeUser, id) }

func chatbot(id access.ChatbotID) access.Object { return access.Obj(access.TypeChatbot, id) }

func organization(id access.OrganizationID) access.Object {
	return access.Obj(access.TypeOrganization, id)
}

// object is the principal as an object.
func object(p access.Principal) access.Object {
	return access.Object{Type: access.Type(p.Kind), ID: p.ID}
}

// second is the error of a use case.
func second[T any](_ T, err error) error { return err }

// stored is all that the store holds but the record: each table by its name.
func (h *history) stored() map[string]string {
	h.t.Helper()
	driver, source, list := "pgx", h.place.Datastore, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'grantway'"
	if h.place.Datastore == "" {
		driver, source = "sqlite", "file:"+url.PathEscape(filepath.Join(h.place.Data, "store.db"))+"?mode=ro"
		list = "SELECT name FROM sqlite_master WHERE type = 'table'"
	}
	db, err := sql.Open(driver, source)
	require.NoError(h.t, err)
	defer db.Close()
	tables := map[string]string{}
	for _, name := range h.rows(db, list) {
		if h.place.Datastore != "" {
			name = "grantway." + name
		}
		if !strings.HasSuffix(name, "record_entries") && !strings.HasSuffix(name, "counters") {
			rows := h.rows(db, "SELECT * FROM "+name)
			slices.Sort(rows)
			tables[strings.TrimPrefix(name, "grantway.")] = strings.Join(rows, "\n")
		}
	}
	return tables
}

func (h *history) rows(db *sql.DB, query string) (all []string) {
	h.t.Helper()
	rows, err := db.QueryContext(h.ctx, query)
	require.NoError(h.t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(h.t, err)
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		require.NoError(h.t, rows.Scan(into...))
		all = append(all, strings.Trim(fmt.Sprint(values), "[]"))
	}
	require.NoError(h.t, rows.Err())
	return all
}
