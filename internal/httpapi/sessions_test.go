package httpapi_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"

	"github.com/grantway/grantway/internal/testenv"
)

// An operator's script asks for a link for bob, and repeats the call because the answer was lost: the answer comes again without the link, which was
// shown once. A link is for the operator alone, and an earlier one stops working.
func TestAKeyMakesOneLinkForRepeatedCalls(t *testing.T) {
	e := newWorld(t)
	call := testenv.Call{
		Method: http.MethodPost, Path: "/v1/users/bob/sign-in-links", Key: testenv.RootKey, Header: http.Header{"Idempotency-Key": {"once"}},
	}
	first := members(t, e.Do(call))
	require.Contains(t, first["link"], "https://grantway.test/ui/sign-in/link#gwin_")
	require.NotContains(t, members(t, e.Do(call)), "link")

	e.As(alice).Refused(access.KindDenied, "D4").Does(http.MethodPost, call.Path, nil)
	e.Admin().Refused(access.KindNotFound, "").Does(http.MethodPost, "/v1/users/nobody/sign-in-links", nil)
	e.Admin().PutsUser(bob, fields{"active": false})
	e.Admin().Refused(access.KindConflict, "N2").Does(http.MethodPost, call.Path, nil)
}

// D6: bob lists his sessions and ends one; alice, who owns his home, ends the others; dora, of another organization, learns nothing of them.
func TestD6SessionsAreEndedByThePersonAndTheirHome(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	e := newWorld(t, testenv.At(func() time.Time { return now }))
	e.Admin().PutsUser(bob, fields{"organization": acme})
	laptop, phone, tablet := e.SignsIn(bob), e.SignsIn(bob), e.SignsIn(bob)
	signedIn := func(b *testenv.Browser) bool { return b.Opens("/ui/security").Status == http.StatusOK }
	require.True(t, signedIn(laptop) && signedIn(phone) && signedIn(tablet))

	listed := e.As(bob).Sees("v1", "sessions")["items"].([]any)
	require.Len(t, listed, 3)
	path := func(b *testenv.Browser) string { return testenv.Path("v1", "sessions", string(b.Session)) }
	e.As(gus).Refused(access.KindNotFound, "").Does(http.MethodDelete, path(phone), nil)
	e.As(gus).Refused(access.KindNotFound, "").Does(http.MethodDelete, "/v1/sessions/none", nil)

	e.As(bob).Does(http.MethodDelete, path(phone), nil)
	require.False(t, signedIn(phone))
	require.Equal(t, 2.0, e.As(alice).Does(http.MethodDelete, "/v1/users/bob/sessions", nil)["ended"])
	require.False(t, signedIn(laptop) || signedIn(tablet))

	// A link that nobody has used yet ends with them, and the record says so (H1).
	ends := func() int {
		return len(e.Admin().Does(http.MethodGet, "/v1/audit?action=session.end_all", nil)["items"].([]any))
	}
	before, waiting := ends(), e.SignInLink(bob)
	require.Zero(t, e.As(alice).Does(http.MethodDelete, "/v1/users/bob/sessions", nil)["ended"])
	require.Equal(t, http.StatusUnauthorized, (&testenv.Browser{Env: e}).Sends("/ui/sign-in/link", url.Values{"link": {waiting}}).Status)
	require.Equal(t, before+1, ends())

	// They end by the clock and with the person, too, and a link ends with the hour.
	again := e.SignsIn(bob)
	now = now.Add(30*24*time.Hour - time.Second)
	require.True(t, signedIn(again))
	now = now.Add(time.Second)
	require.False(t, signedIn(again))
	link := e.SignInLink(bob)
	now = now.Add(time.Hour)
	late := (&testenv.Browser{Env: e}).Sends("/ui/sign-in/link", url.Values{"link": {link}})
	require.Equal(t, http.StatusUnauthorized, late.Status)
	last, unused := e.SignsIn(bob), e.SignInLink(bob)
	e.Admin().PutsUser(bob, fields{"active": false})
	require.False(t, signedIn(last))
	e.Admin().PutsUser(bob, fields{"active": true})
	require.False(t, signedIn(last), "who comes back signs in anew")
	require.Equal(t, http.StatusUnauthorized, (&testenv.Browser{Env: e}).Sends("/ui/sign-in/link", url.Values{"link": {unused}}).Status)
}
