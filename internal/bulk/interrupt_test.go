package bulk

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// hangUp is a caller who goes away when a text comes.
type hangUp struct {
	*httptest.ResponseRecorder
	at     string
	cancel context.CancelFunc
}

func (h *hangUp) Write(p []byte) (int, error) {
	if strings.Contains(string(p), h.at) {
		h.cancel()
	}
	return h.ResponseRecorder.Write(p)
}

func TestAnImportThatIsInterruptedIsContinued(t *testing.T) {
	var file strings.Builder
	file.WriteString("organization,user,role\n")
	const rows = 1100 // three batches
	for i := range rows {
		file.WriteString(membershipLine(i) + "\n")
	}
	whole, parts := newEnv(t), newEnv(t)
	whole.takes(root, "m.csv", file.String())

	written := func() int { return strings.Count(string(parts.export("")), `"kind":"membership"`) }
	for _, at := range []string{`"phase":"receive"`, `"phase":"check"`, `"phase":"write","rows":500`} {
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/imports?name=m.csv", strings.NewReader(file.String()))
		w := &hangUp{ResponseRecorder: httptest.NewRecorder(), at: at, cancel: cancel}
		parts.bulk.Import(w, r, root)
		require.Error(t, ctx.Err(), at)
		assert.Contains(t, w.Body.String(), `"error"`)
		if strings.Contains(at, "write") {
			assert.Contains(t, w.Body.String(), "500 rows were written before this; repeat the import to continue")
			assert.Equal(t, 500, written(), "it stops with the batch")
		} else {
			assert.Zero(t, written(), at)
		}
		parts.agrees()
	}
	sum := parts.takes(root, "m.csv", file.String())
	assert.Equal(t, Summary{Rows: rows, Kinds: counted{sharing.KindMembership: rows}, Written: rows - 500, Unchanged: 500, ZedToken: sum.ZedToken}, sum)
	sameLines(t, string(whole.export("")), string(parts.export("")))
	parts.agrees()
}

// meddler changes something while an import goes on.
type meddler struct {
	*httptest.ResponseRecorder
	at   string
	once bool
	do   func()
}

func (m *meddler) Write(p []byte) (int, error) {
	if !m.once && strings.Contains(string(p), m.at) {
		m.once = true
		m.do()
	}
	return m.ResponseRecorder.Write(p)
}

func TestWhatChangesBetweenCheckAndWriting(t *testing.T) {
	for _, skip := range []bool{false, true} {
		e := newEnv(t)
		e.takes(root, "m.csv", memberFile, "b.csv", botFile)
		query, file := "/v1/imports?name=s.csv", "chatbot,principal,access\nquiet2,user:gina,use_only\nhelper,user:gina,use_only\nhelper,user:carla,use_only\n"
		e.takes(root, "more.csv", "chatbot,organization,owner\nquiet2,acme,bob\n")
		if skip {
			query += "&skip_invalid=true"
		}
		w := &meddler{ResponseRecorder: httptest.NewRecorder(), at: `"phase":"check","rows":3`, do: func() {
			_, err := e.PutChatbot(t.Context(), root, "helper", sharing.ChatbotPatch{Visibility: access.Some(access.OwnerOnly)})
			assert.NoError(t, err)
		}}
		e.bulk.Import(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, query, strings.NewReader(file)), root)
		shared := strings.Contains(string(e.export("")), `"chatbot":"quiet2","principal":"user:gina"`)
		if skip {
			assert.Contains(t, w.Body.String(), `{"reject":{"file":"s.csv","line":3,"reason":"chatbot:helper is owner_only and cannot be shared","rule":"V1","row":"helper,user:gina,use_only"}}`)
			assert.Contains(t, w.Body.String(), `"summary":{"rows":3,"written":1,"pending":0,"unchanged":0,"expired":0,"rejected":2`)
			assert.True(t, shared)
		} else {
			assert.Contains(t, w.Body.String(), "0 rows were written before this; repeat the import to continue: "+
				"line 3 of s.csv was valid when it was checked, but is refused now, because something changed meanwhile: chatbot:helper is owner_only")
			assert.False(t, shared, "nothing of the batch is written")
		}
		e.agrees()
	}
}

func TestRefusalsAreRecorded(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile, "b.csv", botFile)
	e.post(t.Context(), as("bob"), "dry_run=true", "s.csv", "chatbot,principal,access\nquiet,user:gina,use_only\n")
	refusals := e.refusals()
	require.Len(t, refusals, 1, "a dry run tries what it asks, and is recorded like it")
	r := refusals[0]
	assert.Equal(t, access.Record{
		Seq: r.Seq, Time: e.now, Actor: "user:bob", Key: "root", Action: "share.put", Resource: access.Obj(access.TypeChatbot, access.ChatbotID("quiet")),
		Organization: "acme", Address: "127.0.0.1", RequestID: "test", Outcome: access.Refused, Detail: "chatbot:quiet does not exist, or you may not see it",
	}, r)
}

// Whom a chatbot's gates or its matrix exclude has no access while the import goes on either, nor after one that ended in the middle.
func TestAChatbotIsNeverThereWithoutItsGatesAndItsMatrix(t *testing.T) {
	e := newEnv(t)
	var file strings.Builder
	file.WriteString(`{"kind":"membership","organization":"acme","user":"olga","role":"owner"}` + "\n" +
		`{"kind":"membership","organization":"acme","user":"mel","role":"member"}` + "\n" +
		`{"kind":"role","role":"vip","organization":"acme"}` + "\n") // so that a batch of 500 rows would end within a chatbot
	const chatbots = 400
	for _, line := range []string{
		`{"kind":"chatbot","chatbot":"bot%d","organization":"acme","owner":"olga","visibility":"organization"}`,
		`{"kind":"policy","chatbot":"bot%d","denied_users":["mel"]}`,
		`{"kind":"row","chatbot":"bot%d","user":"mel","actions":[]}`,
	} {
		for i := range chatbots {
			fmt.Fprintf(&file, line+"\n", i)
		}
	}
	count := func(kind string) int { return strings.Count(string(e.export("")), `"kind":"`+kind+`"`) }
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/imports?name=b.jsonl", strings.NewReader(file.String()))
	w := &hangUp{ResponseRecorder: httptest.NewRecorder(), at: `"phase":"write","rows":50`, cancel: cancel}
	e.bulk.Import(w, r, root)
	require.Error(t, ctx.Err())
	begun := count("chatbot")
	require.Positive(t, begun)
	require.Less(t, begun, chatbots)
	require.Equal(t, begun, count("policy"))
	require.Equal(t, begun, count("row"))
	e.agrees()
	e.takes(root, "b.jsonl", file.String())
	require.Equal(t, chatbots, count("row"))
}
