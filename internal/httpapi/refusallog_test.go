package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// An operator finds in the log why a token was refused, however many strangers guess meanwhile, and no secret.
func TestTheLogSaysWhyCredentialsWereRefused(t *testing.T) {
	var log strings.Builder
	now := time.Unix(0, 0)
	l := &refusalLog{log: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now }}
	lines := func() int { return strings.Count(log.String(), "\n") }
	refusal := func(cause string) error {
		return &access.Error{Kind: access.KindUnauthenticated, Rule: "U1", Detail: "invalid token", Cause: errors.New(cause)}
	}
	issuer := access.Actor{Issuer: "https://login.example.com", RequestID: "REQ1"}
	for range 50 {
		l.note(issuer, "GET /v1/users", refusal("it is for another audience"))
	}
	require.Equal(t, 1, lines(), "equal ones are one line")
	for _, part := range []string{"issuer:https://login.example.com", "it is for another audience", "REQ1", "GET /v1/users"} {
		require.Contains(t, log.String(), part)
	}
	for n := range 1000 {
		l.note(access.Actor{}, "GET /v1/users", refusal(fmt.Sprint("it is of type ", n)))
	}
	require.Equal(t, linesPerMinute, lines())
	now = now.Add(time.Minute)
	l.note(access.Actor{}, "GET /v1/users", refusal("it is gw_0123456789ab_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG "+strings.Repeat("x", 10_000)))
	require.Equal(t, linesPerMinute+1, lines())
	require.Contains(t, log.String(), fmt.Sprint("not_logged=", 1000-(linesPerMinute-1)))
	require.NotContains(t, log.String(), "abcdefghijklmnopqrstuvwxyz")
	require.Less(t, log.Len(), 20*1024)

	l.note(access.Actor{}, "GET /v1/users", access.Unavailable(errors.New("the issuer does not answer")))
	require.Equal(t, linesPerMinute+1, lines(), "nobody was refused")
}
