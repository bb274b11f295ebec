package authzen_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/authzen"
)

// Whatever is sent, it is answered, or refused as the caller's fault, and costs what its length allows.

func seeds(f *testing.F, more ...string) {
	f.Helper()
	for _, body := range append(more,
		"", "{}", "[]", with(alice, action("read"), record1), with(bobAdmin, action("write"), archived), with(bob, action("interact"), helper, `"context":{"link":"l","ip":"::1"}`),
		with(alice, `"action":{"name":"use","properties":{"mb":9}}`, `"resource":{"type":"feature","id":"helper/upload"}`),
		with(`"subject":{"type":"api_key","id":"k1","properties":{"by":"id"}}`, action("interact"), helper), with(`"subject":{"type":"visitor","id":"v"}`, action("interact"), helper),
		with(alice, action("delete"), record1, `"context":{"zedtoken":"GhUKEzE2OTM1NDA5NDAzNzMwNDU3Mjc=","consistency":"full","explain":true}`),
		strings.Repeat("[", 300), `{"a":"\ud83d\ude00"}`, `{"a":1e400}`,
	) {
		f.Add(body)
	}
}

func neverFails(t *testing.T, h http.Handler, path, body string) {
	t.Helper()
	var status int
	var text string
	perByte.Check(t, len(body), func() { status, text = post(t, h, path, body) })
	require.Contains(t, []int{http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge}, status, text)
}

func FuzzEvaluation(f *testing.F) {
	h := start(f)
	seeds(f)
	f.Fuzz(func(t *testing.T, body string) { neverFails(t, h, authzen.PathEvaluation, body) })
}

func FuzzEvaluations(f *testing.F) {
	h := start(f)
	seeds(f, with(alice, action("read"), `"evaluations":[{`+record1+`},{},5,{"resource":{"id":"x"}}]`),
		with(alice, action("read"), `"options":{"evaluations_semantic":"deny_on_first_deny"}`, `"evaluations":[{`+record1+`},{`+record2+`}]`))
	f.Fuzz(func(t *testing.T, body string) { neverFails(t, h, authzen.PathEvaluations, body) })
}

func FuzzSearch(f *testing.F) {
	h := start(f)
	seeds(f, with(alice, action("read"), `"resource":{"type":"record"}`, `"page":{"limit":1,"token":"eyJzIjpudWxsfQ"}`),
		with(`"subject":{"type":"user"}`, action("read"), record1, `"page":{"limit":0}`))
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{authzen.PathSearchSubject, authzen.PathSearchResource, authzen.PathSearchAction} {
			neverFails(t, h, path, body)
		}
	})
}
