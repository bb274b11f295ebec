package authzen_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/authzen"
)

// The certification scenario of AuthZEN 1.0 on its fixture, by the numbers of its sections.

const (
	alice    = `"subject":{"type":"user","id":"alice"}`
	bob      = `"subject":{"type":"user","id":"bob"}`
	bobAdmin = `"subject":{"type":"user","id":"bob","properties":{"role":"admin"}}`
	record1  = `"resource":{"type":"record","id":"record-1"}`
	record2  = `"resource":{"type":"record","id":"record-2"}`
	archived = `"resource":{"type":"record","id":"record-2","properties":{"status":"archived"}}`
	yes, no  = `{"decision":true}`, `{"decision":false}`
)

// decides expects the decisions; what else the answer says is free.
func decides(t *testing.T, h http.Handler, path, body, want string) {
	t.Helper()
	type decision struct {
		Decision    *bool
		Evaluations []struct{ Decision *bool }
	}
	status, text := post(t, h, path, body)
	require.Equal(t, http.StatusOK, status, "%s: %s", body, text)
	var got, wanted decision
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	require.NoError(t, json.Unmarshal([]byte(want), &wanted))
	require.Equal(t, wanted, got, "%s: %s", body, text)
}

func action(name string) string { return `"action":{"name":"` + name + `"}` }

func with(members ...string) string { return "{" + strings.Join(members, ",") + "}" }

func TestCertificationBasic(t *testing.T) {
	h := start(t)
	for range 3 { // 2.6
		decides(t, h, authzen.PathEvaluation, with(alice, action("read"), record1), yes) // 2.2.1
		decides(t, h, authzen.PathEvaluation, with(bob, action("write"), record1), no)   // 2.2.2
	}
	decides(t, h, authzen.PathEvaluation, with(alice, action("write"), record1), yes)
	decides(t, h, authzen.PathEvaluation, with(bob, action("read"), record1), yes)
	decides(t, h, authzen.PathEvaluation, with(alice, action("read"), record1, `"context":{"time":"2025-06-27T18:03-07:00","ip":"192.168.1.1"}`), yes) // 2.2.3
	decides(t, h, authzen.PathEvaluation, with(alice, action("write"), archived), no)                                                                  // 2.2.4
	decides(t, h, authzen.PathEvaluation, with(bobAdmin, action("write"), archived), yes)                                                              // 2.2.5
	for soft, want := range map[string]string{"true": yes, "false": no} {                                                                              // 2.2.6, 2.2.7
		decides(t, h, authzen.PathEvaluation, with(alice, `"action":{"name":"delete","properties":{"soft":`+soft+`}}`, record1), want)
	}
	decides(t, h, authzen.PathEvaluation, // 2.2.8
		`{"subject":{"type":"user","id":"alice","properties":{"department":"Sales","role":"manager"}},"action":{"name":"read","properties":{"method":"GET"}},
		"resource":{"type":"record","id":"record-1","properties":{"status":"active","owner":"bob"}}}`, yes)
	decides(t, h, authzen.PathEvaluation, with(alice, action("read"), record1, `"foo":"bar"`, `"futureField":{"nested":true}`), yes) // 2.2.9
}

func TestCertificationBatch(t *testing.T) {
	h := start(t)
	both := func(first, second string) string { return `{"evaluations":[` + first + `,` + second + `]}` }
	decides(t, h, authzen.PathEvaluations, with(alice, action("read"), `"evaluations":[{`+record1+`},{`+record2+`}]`), both(yes, no))       // 3.2.1
	decides(t, h, authzen.PathEvaluations, with(bob, record1, `"evaluations":[{`+action("read")+`},{`+action("write")+`}]`), both(yes, no)) // 3.2.2
	decides(t, h, authzen.PathEvaluations, with(alice, action("write"),
		`"evaluations":[{"resource":{"type":"record","id":"record-1","properties":{"status":"active"}}},{`+archived+`}]`), both(yes, no)) // 3.2.3
	decides(t, h, authzen.PathEvaluations, with(action("write"), archived, `"evaluations":[{`+alice+`},{`+bobAdmin+`}]`), both(no, yes)) // 3.2.4
	decides(t, h, authzen.PathEvaluations,
		with(`"evaluations":[`+with(alice, action("read"), record1)+`,`+with(bob, action("write"), record1)+`]`), both(yes, no)) // 3.2.5
	decides(t, h, authzen.PathEvaluations, with(alice, action("read"), `"context":{"time":"t"}`,
		`"evaluations":[{`+record1+`},{`+record2+`,"context":{"time":"u","source":"batch-override"}}]`), both(yes, no)) // 3.2.6
	decides(t, h, authzen.PathEvaluations, with(alice, action("write"), `"resource":{"type":"record"}`, // 3.2.7: an entity is replaced as a whole
		`"evaluations":[{"resource":{"id":"record-1","properties":{"status":"active"}}},{`+archived+`}]`), both(no, no))
	decides(t, h, authzen.PathEvaluations, with(alice, action("read"), `"evaluations":[{`+record1+`},{}]`), // 3.4.1
		both(yes, no))
	decides(t, h, authzen.PathEvaluations, with(alice, action("read"), record1), yes)                     // 3.4.2
	decides(t, h, authzen.PathEvaluations, with(alice, action("read"), record1, `"evaluations":[]`), yes) // 3.4.3
}

func TestCertificationSearch(t *testing.T) {
	h := start(t)
	const anyUser, anyRecord = `"subject":{"type":"user"}`, `"resource":{"type":"record"}`
	finds := func(path, body string, want ...string) {
		t.Helper()
		status, text := post(t, h, path, body)
		require.Equal(t, http.StatusOK, status, text)
		var got struct {
			Page    struct{ NextToken *string }
			Results []struct{ ID, Name string }
		}
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		found := []string{}
		for _, r := range got.Results {
			found = append(found, r.ID+r.Name)
		}
		require.Subset(t, found, want, body)
		if len(want) == 0 {
			require.Empty(t, found, body)
		}
	}
	finds(authzen.PathSearchSubject, with(anyUser, action("read"), record1), "alice", "bob")                             // 4.2.1
	finds(authzen.PathSearchSubject, with(anyUser, action("read"), record1, `"context":{"time":"t"}`), "alice", "bob")   // 4.2.2
	finds(authzen.PathSearchSubject, with(`"subject":{"type":"user","id":5}`, action("read"), record1), "alice", "bob")  // 4.2.3
	finds(authzen.PathSearchSubject, with(anyUser, action("write"), archived), "bob")                                    // 4.2.4
	finds(authzen.PathSearchResource, with(alice, action("read"), anyRecord), "record-1")                                // 4.3.1
	finds(authzen.PathSearchResource, with(alice, action("read"), `"resource":{"type":"record","id":null}`), "record-1") // 4.3.2
	finds(authzen.PathSearchResource, with(bobAdmin, action("write"), anyRecord), "record-2")                            // 4.3.3
	finds(authzen.PathSearchAction, with(alice, record1), "read", "write")                                               // 4.4.1
	finds(authzen.PathSearchAction, with(alice, record1, `"context":{}`), "read", "write")                               // 4.4.2
	finds(authzen.PathSearchAction, with(bobAdmin, archived), "write")                                                   // 4.4.3
	finds(authzen.PathSearchSubject, with(anyUser, action("read"), record1, `"page":{"limit":1}`), "alice")              // 4.5.1
	finds(authzen.PathSearchAction, with(`"subject":{"type":"user","id":"nonexistent-user"}`, record1))                  // 4.6.1
	finds(authzen.PathSearchSubject, with(`"subject":{"type":"spaceship"}`, action("read"), record1))                    // 4.6.2
	refuses(t, h, http.StatusBadRequest, authzen.PathSearchSubject, with(anyUser, record1))                              // 4.7.1
	refuses(t, h, http.StatusBadRequest, authzen.PathSearchResource, with(action("read"), anyRecord))                    // 4.7.1
	refuses(t, h, http.StatusBadRequest, authzen.PathSearchAction, with(alice))                                          // 4.7.1
	refuses(t, h, http.StatusBadRequest, authzen.PathSearchSubject, with(anyUser, action("read"), anyRecord))            // 4.7.2
	refuses(t, h, http.StatusBadRequest, authzen.PathSearchResource, with(anyUser, action("read"), anyRecord))           // 4.7.2
}

// 4.5.2: a page leads to the next by its token alone, and the last one says so.
func TestCertificationPages(t *testing.T) {
	h := start(t)
	const search = `"subject":{"type":"user"},"action":{"name":"read"},` + record1
	type page struct {
		Page struct {
			NextToken *string `json:"next_token"`
			Count     int     `json:"count"`
		} `json:"page"`
		Results []struct{ ID string } `json:"results"`
	}
	get := func(body string) (p page) {
		t.Helper()
		status, text := post(t, h, authzen.PathSearchSubject, body)
		require.Equal(t, http.StatusOK, status, text)
		require.NoError(t, json.Unmarshal([]byte(text), &p))
		require.True(t, strings.HasPrefix(text, `{"page":`), "the page comes first")
		require.NotNil(t, p.Page.NextToken)
		require.Len(t, p.Results, p.Page.Count)
		return p
	}
	first := get(with(search, `"page":{"limit":1}`))
	require.Equal(t, "alice", first.Results[0].ID)
	require.NotEmpty(t, *first.Page.NextToken)
	for _, name := range []string{"token", "next_token"} {
		last := get(with(search, `"page":{"`+name+`":"`+*first.Page.NextToken+`"}`))
		require.Equal(t, "bob", last.Results[0].ID)
		require.Empty(t, *last.Page.NextToken)
	}
	get(with(search, `"page":{"limit":1,"token":"`+*first.Page.NextToken+`"}`))
	refuses(t, h, http.StatusBadRequest, authzen.PathSearchSubject, with(search, `"page":{"limit":0}`))
	refuses(t, h, http.StatusBadRequest, authzen.PathSearchSubject, with(search, `"page":{"properties":{"a":1},"token":"`+*first.Page.NextToken+`"}`))
	refuses(t, h, http.StatusBadRequest, authzen.PathSearchSubject, with(search, `"page":{"limit":2,"token":"`+*first.Page.NextToken+`"}`))
	refuses(t, h, http.StatusBadRequest, authzen.PathSearchSubject, with(search, `"context":{"a":1}`, `"page":{"token":"`+*first.Page.NextToken+`"}`))
}
