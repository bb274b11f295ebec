package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

// TestStatuses holds the table against the contract and against the list of kinds.
func TestStatuses(t *testing.T) {
	want := map[access.Kind]int{
		access.KindInvalid: 400, access.KindUnauthenticated: 401, access.KindDenied: 403, access.KindNotFound: 404,
		access.KindConflict: 409, access.KindIDTaken: 409, access.KindUnprocessable: 422, access.KindTooLarge: 413,
		access.KindExhausted: 429, access.KindUnavailable: 503, access.KindInternal: 500,
	}
	require.Len(t, want, len(access.Kinds))
	for _, k := range access.Kinds {
		require.Equal(t, want[k], problem.Status(k), k)
	}
	require.Len(t, problem.Types(), len(access.Kinds)+1)
}

func TestWrite(t *testing.T) {
	w := httptest.NewRecorder()
	problem.Writer{Model: "https://pdp.example.com/docs/model"}.Write(w, "r1", fmt.Errorf("putting the row: %w", &access.Error{
		Kind: access.KindUnprocessable, Rule: "M2", Detail: "above the ceiling", Cause: errors.New("SECRET"),
		Fields: []access.FieldError{{Pointer: "/actions/1", Detail: "a member's ceiling has no delete"}},
	}))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	require.JSONEq(t, `{"type":"urn:grantway:error:unprocessable","title":"Refused by a rule","status":422,"detail":"above the ceiling",
		"request_id":"r1","rule":"M2","rule_url":"https://pdp.example.com/docs/model#M2","errors":[{"pointer":"/actions/1","detail":"a member's ceiling has no delete"}]}`, w.Body.String())
}

// TestNothingInsideLeaves checks that defects and causes are not told.
func TestNothingInsideLeaves(t *testing.T) {
	for _, err := range []error{
		errors.New("SECRET"),
		&access.Error{Kind: access.KindInternal, Rule: "SECRET", Detail: "SECRET", Cause: errors.New("SECRET")},
		&access.Error{Kind: "SECRET", Detail: "SECRET"},
		access.Unavailable(errors.New("SECRET")),
		fmt.Errorf("SECRET: %w", context.DeadlineExceeded),
	} {
		w := httptest.NewRecorder()
		problem.Writer{}.Write(w, "r1", err)
		require.NotContains(t, w.Body.String(), "SECRET")
		require.GreaterOrEqual(t, w.Code, 500)
		var p problem.Problem
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		require.Equal(t, w.Code, p.Status)
		require.Equal(t, "r1", p.RequestID)
	}
}

func TestHeaders(t *testing.T) {
	for kind, header := range map[access.Kind]string{
		access.KindUnauthenticated: "WWW-Authenticate", access.KindExhausted: "Retry-After", access.KindUnavailable: "Retry-After",
	} {
		w := httptest.NewRecorder()
		problem.Writer{}.Write(w, "", &access.Error{Kind: kind})
		require.NotEmpty(t, w.Header().Get(header), kind)
	}
}
