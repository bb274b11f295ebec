package authzen_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/authzen"
	"github.com/grantway/grantway/internal/decision"
)

var posts = []string{
	authzen.PathEvaluation, authzen.PathEvaluations, authzen.PathSearchSubject, authzen.PathSearchResource, authzen.PathSearchAction,
}

const helper = `"resource":{"type":"chatbot","id":"helper"}`

// A body that is missing, malformed or no object is refused everywhere, and none of it is an error of the server.
func TestBodiesThatAreRefused(t *testing.T) {
	h := start(t)
	whole := with(alice, action("read"), record1)
	for _, body := range []string{
		"", " ", "null", "[]", `"a"`, "5", "{", "}", whole + "x", whole + whole, "{'a':1}", `{"a":01}`, "\ufeff" + whole, whole[:20],
		"{" + alice + "," + alice + "," + action("read") + "," + record1 + "}",
		`{"subject":{"type":"user","id":"alice","id":"bob"},"action":{"name":"read"},` + record1 + `}`,
		`{"subject":{"type":"user","id":"alice","\u0069d":"bob"},"action":{"name":"read"},` + record1 + `}`,
		with(alice, action("read"), record1, `"context":{"a":1e999}`), with(alice, action("read"), record1, `"context":{"a":"\ud800"}`),
		with(alice, action("read"), record1, `"context":{"a":"\udc00\ud800"}`), with(alice, action("read"), record1, "\"context\":{\"a\":\"\xff\"}"),
		with(alice, action("read"), record1, `"context":{"a":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+"}"),
		with(alice, action("read"), record1, `"context":{"a":`+strings.Repeat(`{"a":`, 200)+"1"+strings.Repeat("}", 200)+"}"),
		strings.Repeat("[", 500_000), strings.Repeat(`{"a":`, 100_000),
	} {
		for _, path := range posts {
			refuses(t, h, http.StatusBadRequest, path, body)
		}
	}
	const maxBody = 1000
	short := http.MaxBytesHandler(h, maxBody)
	for _, path := range posts {
		refuses(t, short, http.StatusRequestEntityTooLarge, path, `{"a":"`+strings.Repeat("x", maxBody)+`"}`)
	}
}

// What is required must be there and of its type; null is as good as absent.
func TestFieldsThatAreRefused(t *testing.T) {
	h := start(t)
	for _, body := range []string{
		with(action("read"), record1), with(alice, record1), with(alice, action("read")), "{}",
		with(`"subject":null`, action("read"), record1), with(`"subject":"alice"`, action("read"), record1), with(`"subject":[]`, action("read"), record1),
		with(`"subject":{"id":"alice"}`, action("read"), record1), with(`"subject":{"type":"user"}`, action("read"), record1),
		with(`"subject":{"type":"user","id":null}`, action("read"), record1), with(`"subject":{"type":"user","id":5}`, action("read"), record1),
		with(`"subject":{"type":5,"id":"alice"}`, action("read"), record1), with(`"subject":{"type":"user","id":"alice","properties":[]}`, action("read"), record1),
		with(`"subject":{"type":"user","id":"alice","properties":"x"}`, action("read"), record1),
		with(alice, `"action":{}`, record1), with(alice, `"action":{"name":123}`, record1), with(alice, `"action":"read"`, record1),
		with(alice, `"action":{"name":"read","properties":5}`, record1),
		with(alice, action("read"), `"resource":{"id":"record-1"}`), with(alice, action("read"), `"resource":{"type":"record"}`),
		with(alice, action("read"), `"resource":{"type":"record","id":{}}`), with(alice, action("read"), `"resource":{"type":"record","id":"record-1","properties":true}`),
		with(alice, action("read"), record1, `"context":"x"`), with(alice, action("read"), record1, `"context":[]`),
		with(alice, action("read"), record1, `"context":{"zedtoken":5}`), with(alice, action("read"), record1, `"context":{"zedtoken":"nonsense"}`),
		with(alice, action("read"), record1, `"context":{"consistency":true}`), with(alice, action("read"), record1, `"context":{"consistency":"most"}`),
		with(`"Subject":{"type":"user","id":"alice"}`, action("read"), record1), // names are what they are
	} {
		refuses(t, h, http.StatusBadRequest, authzen.PathEvaluation, body)
		refuses(t, h, http.StatusBadRequest, authzen.PathEvaluations, body)
	}
	for _, page := range []string{`"x"`, `{"limit":-1}`, `{"limit":1.5}`, `{"limit":"1"}`, `{"limit":true}`, `{"token":5}`, `{"token":"nonsense"}`, `[]`} {
		refuses(t, h, http.StatusBadRequest, authzen.PathSearchAction, with(alice, record1, `"page":`+page))
	}
	for _, options := range []string{`"x"`, `[]`, `{"evaluations_semantic":5}`, `{"evaluations_semantic":"first"}`} {
		refuses(t, h, http.StatusBadRequest, authzen.PathEvaluations, with(alice, action("read"), `"evaluations":[{`+record1+`}]`, `"options":`+options))
	}
	for _, top := range []string{`"evaluations":{}`, `"evaluations":"x"`, `"subject":"alice","evaluations":[{}]`, `"context":5,"evaluations":[{}]`} {
		refuses(t, h, http.StatusBadRequest, authzen.PathEvaluations, "{"+top+"}")
	}
}

func TestWhatIsAccepted(t *testing.T) {
	h := start(t)
	for _, body := range []string{
		with(`"subject":{"type":"user","id":"alice","properties":null}`, `"action":{"name":"read","properties":null}`,
			`"resource":{"type":"record","id":"record-1","properties":null}`, `"context":null`, `"options":null`, `"evaluations":null`),
		with(alice, action("read"), record1, `"context":{"zedtoken":"","consistency":"full","explain":"perhaps","a":[{"b":null}]}`),
		with(alice, action("read"), record1, `"context":{"a":-0.0,"b":1e-999,"c":12345678901234567890,"d":"\ud83d\ude00 \\ud800"}`),
		with(alice, action("read"), record1, `"context":{"a":`+strings.Repeat("[", 90)+strings.Repeat("]", 90)+"}"),
		" \r\n\t" + with(alice, action("read"), record1) + "\n",
	} {
		answers(t, h, authzen.PathEvaluation, body, yes)
		answers(t, h, authzen.PathEvaluations, body, yes)
	}
	answers(t, h, authzen.PathEvaluation, with(`"subject":{"type":"user","id":"zo\u00eb@acme.com|{1}"}`, action("interact"), helper), yes)
	for _, unknown := range []string{
		with(`"subject":{"type":"","id":""}`, action(""), `"resource":{"type":"","id":""}`), with(`"subject":{"type":"user","id":"\u0000"}`, action("read"), record1),
		with(alice, action("fly"), record1), with(alice, action("read"), `"resource":{"type":"Record","id":"record-1"}`),
		with(alice, action("see"), helper), with(alice, action("owner"), helper),
		with(alice, action("read"), `"resource":{"type":"record","id":"`+strings.Repeat("é", 100_000)+`"}`),
	} {
		answers(t, h, authzen.PathEvaluation, unknown, no)
	}
}

// The answer says more than the decision only where there is something to say.
func TestWhatAnAnswerSays(t *testing.T) {
	h := start(t)
	upload := `"resource":{"type":"feature","id":"helper/upload"}`
	answers(t, h, authzen.PathEvaluation, with(bob, action("interact"), helper), `{"decision":false,"context":{"reason":"missing value: link","missing":["link"]}}`)
	answers(t, h, authzen.PathEvaluation, with(bob, action("interact"), helper, `"context":{"link":"l"}`), yes)
	answers(t, h, authzen.PathEvaluation, with(alice, `"action":{"name":"use","properties":{"mb":9}}`, upload), `{"decision":true,"context":{"limits":{"max_mb":10}}}`)
	answers(t, h, authzen.PathEvaluation, with(alice, `"action":{"name":"use","properties":{"mb":11}}`, upload),
		`{"decision":false,"context":{"reason":"over the limit: mb","limits":{"max_mb":10}}}`)
	answers(t, h, authzen.PathEvaluation, with(alice, `"action":{"name":"use","properties":{"mb":10.00000000000000000001}}`, upload),
		`{"decision":false,"context":{"reason":"over the limit: mb","limits":{"max_mb":10}}}`)
	answers(t, h, authzen.PathEvaluation, with(alice, action("write"), `"resource":{"type":"record","id":"record-2","properties":{"status":1}}`),
		`{"decision":false,"context":{"reason":"missing value: role; wrong type for the condition: status","missing":["role"],"mistyped":["status"]}}`)
	answers(t, h, authzen.PathEvaluation, with(alice, action("read"), `"resource":{"type":"chatbot","id":"nope"}`), no)
	answers(t, h, authzen.PathEvaluation, with(alice, action("read"), `"resource":{"type":"chatbot","id":"nope"}`, `"context":{"explain":true}`),
		`{"decision":false,"context":{"stopped_by":["chatbot:nope does not exist, or you may not see it"]}}`)
	answers(t, h, authzen.PathExplain, with(alice, action("read"), `"resource":{"type":"chatbot","id":"nope"}`),
		`{"decision":false,"because":[],"stopped_by":["chatbot:nope does not exist, or you may not see it"],"could_be_granted_by":[],"rules":{}}`)
	answers(t, h, authzen.PathExplain, with(alice, action("read"), helper),
		`{"decision":true,"because":["alice owns helper (A1)"],"stopped_by":[],"could_be_granted_by":[],"rules":{"A1":"https://pdp.example.com/docs/model#A1"}}`)
	answers(t, h, authzen.PathSearchSubject, with(`"subject":{"type":"api_key"}`, action("interact"), helper),
		`{"page":{"next_token":"","count":1},"results":[{"type":"api_key","id":"k1","properties":{"by":"id"}}]}`)
	answers(t, h, authzen.PathEvaluation, with(`"subject":{"type":"api_key","id":"k1","properties":{"by":"id"}}`, action("interact"), helper), yes)
	answers(t, h, authzen.PathSearchAction, with(bob, helper, `"context":{"link":"l"}`), `{"page":{"next_token":"","count":1},"results":[{"name":"interact"}]}`)
	answers(t, h, authzen.PathSearchAction, with(bob, helper), `{"page":{"next_token":"","count":0},"results":[]}`)
}

// The semantics cut the answer behind the item that decides; a bad item is a denial and fails nobody else.
func TestSemantics(t *testing.T) {
	h := start(t)
	items := func(kinds string) string {
		var list []string
		for _, k := range kinds {
			list = append(list, map[rune]string{'y': "{" + record1 + "}", 'n': `{"resource":{"type":"record","id":"none"}}`, 'b': "5"}[k])
		}
		return strings.Join(list, ",")
	}
	for _, c := range []struct{ semantic, asked, want string }{
		{"execute_all", "yny", "yny"}, {"execute_all", "byb", "byb"}, {"execute_all", "b", "b"},
		{"deny_on_first_deny", "yyny", "yyn"}, {"deny_on_first_deny", "yyby", "yyb"}, {"deny_on_first_deny", "yyy", "yyy"}, {"deny_on_first_deny", "n", "n"},
		{"permit_on_first_permit", "nbyny", "nby"}, {"permit_on_first_permit", "nn", "nn"}, {"permit_on_first_permit", "yn", "y"},
	} {
		var want []string
		for i, k := range c.want {
			want = append(want, map[rune]string{'y': yes, 'n': no,
				'b': fmt.Sprintf(`{"decision":false,"context":{"error":{"status":400,"message":"/evaluations/%d: must be an object"}}}`, i)}[k])
		}
		answers(t, h, authzen.PathEvaluations,
			with(alice, action("read"), `"options":{"evaluations_semantic":"`+c.semantic+`","another":1}`, `"evaluations":[`+items(c.asked)+`]`),
			`{"evaluations":[`+strings.Join(want, ",")+`]}`)
	}
	answers(t, h, authzen.PathEvaluations, with(alice, action("read"), `"evaluations":[{`+record1+`,"context":{"zedtoken":"nonsense"}},{`+record1+`}]`),
		`{"evaluations":[{"decision":false,"context":{"error":{"status":400,"message":"this zedtoken is not from an answer of this server"}}},{"decision":true}]}`)
}

// An item's key replaces the default as a whole: an entity that lacks a member is a bad item, and is never completed from the default.
func TestDefaults(t *testing.T) {
	h := start(t)
	one := func(item string, top ...string) string {
		t.Helper()
		_, text := post(t, h, authzen.PathEvaluations, with(append(top, `"evaluations":[`+item+`]`)...))
		return text
	}
	first := func(decision string) string { return `{"evaluations":[` + decision + `]}` }
	require.JSONEq(t, first(yes), one("{}", alice, action("read"), record1), "every key may come from above")
	require.JSONEq(t, first(yes), one(`{"subject":null,"context":null}`, alice, action("read"), record1))
	require.Contains(t, one(`{"resource":{"type":"record","id":"record-2"}}`, alice, action("write"),
		`"resource":{"type":"record","id":"record-2","properties":{"status":"active"}}`), `"missing":["role","status"]`, "its properties are not those of the default")
	require.Contains(t, one(`{"context":{"a":1}}`, alice, action("write"), record2, `"context":{"status":"active"}`), `"missing":["role","status"]`)
	require.JSONEq(t, first(yes), one(`{}`, alice, action("write"), record2, `"context":{"status":"active"}`))
	for item, missing := range map[string]string{
		`{"action":{"properties":{}}}`:    "/evaluations/0/action/name",
		`{"resource":{}}`:                 "/evaluations/0/resource/type",
		`{"resource":{"type":"record"}}`:  "/evaluations/0/resource/id",
		`{"resource":{"id":"record-1"}}`:  "/evaluations/0/resource/type",
		`{"subject":{"type":"user"}}`:     "/evaluations/0/subject/id",
		`{"subject":{"properties":{}}}`:   "/evaluations/0/subject/type",
		`{"resource":{"type":"missing"}}`: "/evaluations/0/resource/id",
	} {
		require.JSONEq(t, first(`{"decision":false,"context":{"error":{"status":400,"message":"`+missing+`: is missing"}}}`),
			one(item, alice, action("read"), record1), item)
	}
}

func TestBatchesHaveALimit(t *testing.T) {
	h := start(t)
	list := strings.Repeat(`{`+record1+`},`, decision.MaxEvaluations)
	status, text := post(t, h, authzen.PathEvaluations, with(alice, action("read"), `"evaluations":[`+strings.TrimSuffix(list, ",")+`]`))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, decision.MaxEvaluations, strings.Count(text, "true"))
	refuses(t, h, http.StatusRequestEntityTooLarge, authzen.PathEvaluations, with(alice, action("read"), `"evaluations":[`+list+`{`+record1+`}]`))
}

func TestHeaders(t *testing.T) {
	h := start(t)
	send := func(method, path string, header http.Header) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(with(alice, action("read"), record1)))
		r.Header = header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for contentType, want := range map[string]int{
		"application/json": 200, "application/json; charset=utf-8": 200, `application/json;charset="UTF-8"`: 200, "Application/JSON": 200,
		"application/json; profile=x": 200, "": 400, "text/plain": 400, "application/json; charset=latin1": 400, "application/jsonx": 400,
		"application/problem+json": 400, "application/json, text/plain": 400, "multipart/form-data": 400, "json": 400,
	} {
		require.Equal(t, want, send(http.MethodPost, authzen.PathEvaluation, http.Header{"Content-Type": {contentType}}).Code, contentType)
	}
	require.Equal(t, 400, send(http.MethodPost, authzen.PathEvaluation, http.Header{}).Code)
	require.Equal(t, 400, send(http.MethodPost, authzen.PathEvaluation, http.Header{"Content-Type": {"application/json", "text/plain"}}).Code)
	for _, path := range posts {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
			w := send(method, path, http.Header{})
			require.Equal(t, http.StatusMethodNotAllowed, w.Code, "%s %s", method, path)
			require.Equal(t, http.MethodPost, w.Header().Get("Allow"))
		}
		require.Equal(t, http.StatusUnauthorized, send(http.MethodPost, path, http.Header{"Authorization": {"x"}, "Content-Type": {"application/json"}}).Code)
	}
	require.Equal(t, http.StatusNotFound, send(http.MethodPost, "/access/v1/other", http.Header{}).Code)
}

// The metadata is the configured URL's and nobody else's.
func TestMetadata(t *testing.T) {
	h := start(t)
	r := httptest.NewRequest(http.MethodGet, authzen.PathMetadata, nil)
	r.Host = "evil.example.org"
	r.Header.Set("X-Forwarded-Host", "evil.example.org")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.JSONEq(t, `{
		"policy_decision_point": "https://pdp.example.com",
		"access_evaluation_endpoint": "https://pdp.example.com/access/v1/evaluation",
		"access_evaluations_endpoint": "https://pdp.example.com/access/v1/evaluations",
		"search_subject_endpoint": "https://pdp.example.com/access/v1/search/subject",
		"search_resource_endpoint": "https://pdp.example.com/access/v1/search/resource",
		"search_action_endpoint": "https://pdp.example.com/access/v1/search/action"}`, w.Body.String())

	scoped, err := authzen.New(authzen.Config{PublicURL: "https://pdp.example.com/tenant1/"})
	require.NoError(t, err)
	w = httptest.NewRecorder()
	scoped.ServeHTTP(w, httptest.NewRequest(http.MethodGet, authzen.PathMetadata+"/tenant1", nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"policy_decision_point":"https://pdp.example.com/tenant1"`)
	require.Contains(t, w.Body.String(), `"https://pdp.example.com/tenant1/access/v1/evaluation"`)
	w = httptest.NewRecorder()
	scoped.ServeHTTP(w, httptest.NewRequest(http.MethodGet, authzen.PathMetadata, nil))
	require.Equal(t, http.StatusNotFound, w.Code, "another server may be at the root")
	for _, text := range []string{"", "pdp.example.com", "https://", "ftp://pdp.example.com", "https://pdp.example.com?a", "https://pdp.example.com/#a", "https://u:p@pdp.example.com", "https://pdp.example.com/{x}"} {
		_, err := authzen.New(authzen.Config{PublicURL: text})
		require.Error(t, err, text)
	}
}
