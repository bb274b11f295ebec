package httpapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/idp"
)

// zedtoken is of the moment at which the engine was asked.
var zedtoken = regexp.MustCompile(`"zedtoken":"[^"]*"`)

// TestDirectCallers calls each route with the token of an issuer: a user who calls directly is answered, to the byte, as the root key that acts for
// the same user. With a token that is not valid, or one and an actor, every route refuses.
func TestDirectCallers(t *testing.T) {
	p := idp.New(t)
	e := newWorld(t, testenv.SignIns(t, fmt.Sprintf("- {issuer: '%s', audience: [shop], user: {adopt: true}}", p.URL)))
	here := things(e)
	before := everything(e)
	tokens := map[access.UserID]string{}
	for _, user := range []access.UserID{mel, gus} {
		p.Knows(string(user), map[string]any{"email": string(user) + "@example.com", "email_verified": true})
		tokens[user], _ = p.LogsIn(string(user))
	}
	for _, rt := range demanding(t) {
		t.Run(rt.Name, func(t *testing.T) {
			c := callOf(rt, here)
			c.Key = tokens[mel] + "x"
			requireProblem(t, e.Do(c), access.KindUnauthenticated, "U1")
			c.Key, c.Actor = tokens[mel], string(mel)
			requireProblem(t, e.Do(c), access.KindDenied, "B2")

			missing := map[string]string{}
			for name, id := range here {
				missing[name] = missingID(id)
			}
			calls := []testenv.Call{callOf(rt, missing)} // changes nothing
			if rt.Method == http.MethodGet {
				calls = append(calls, callOf(rt, here))
			}
			for _, user := range []access.UserID{mel, gus} {
				for _, c := range calls {
					direct, acting := c, c
					direct.Key = tokens[user]
					acting.Key, acting.Actor = testenv.RootKey, string(user)
					a, b := e.Do(acting), e.Do(direct)
					require.Equal(t, a.Status, b.Status, "%s %s: %s, %s", c.Method, c.Path, a.Body, b.Body)
					require.NotEqual(t, http.StatusUnauthorized, b.Status)
					require.Equal(t, string(zedtoken.ReplaceAll(a.Body, nil)), string(zedtoken.ReplaceAll(b.Body, nil)))
				}
			}
		})
	}
	require.Equal(t, before, everything(e), "a call changed something")
}

// TestTokensOfBeforeStayRefused offboards ann and takes her back (N2). Her tokens of before stay refused, whether or not she had signed in, also
// one of an issuer whose clock is ahead; one of the next second is good, and she starts with nothing.
func TestTokensOfBeforeStayRefused(t *testing.T) {
	p := idp.New(t)
	var clock atomic.Int64
	clock.Store(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).UnixMicro())
	now := func() time.Time { return time.UnixMicro(clock.Load()).UTC() }
	passes := func(d time.Duration) { clock.Add(d.Microseconds()) }
	world := newWorld(t, testenv.At(now), testenv.SignIns(t, fmt.Sprintf("- {issuer: '%s', audience: [shop], user: {adopt: true}}", p.URL)))
	deactivated := func(e *testenv.Env, ann access.UserID) { e.Admin().PutsUser(ann, fields{"active": false}) }
	deleted := func(e *testenv.Env, ann access.UserID) {
		e.Admin().Does(http.MethodDelete, testenv.Path("v1", "users", string(ann)), nil)
	}
	for name, c := range map[string]struct {
		leave  func(*testenv.Env, access.UserID)
		signed bool // in, before
	}{
		"deactivated":                  {deactivated, true},
		"deactivated, never signed in": {deactivated, false},
		"deleted":                      {deleted, true},
		"deleted, never signed in":     {deleted, false},
	} {
		t.Run(name, func(t *testing.T) {
			e, ann := world.For(t), access.UserID(name)
			p.Knows(name, map[string]any{})
			reads := testenv.Call{Method: http.MethodGet, Path: testenv.Path("v1", "users", name)}
			refused := func(tokens ...string) {
				t.Helper()
				for _, token := range tokens {
					reads.Key = token
					requireProblem(t, e.Do(reads), access.KindUnauthenticated, "U1")
				}
			}
			taken := func(token string) {
				t.Helper()
				reads.Key = token
				require.Equal(t, http.StatusOK, e.Do(reads).Status)
			}
			e.Admin().PutsUser(ann, fields{})
			e.Admin().PutsMember(acme, ann, access.OrgAdmin)
			old, ahead := p.Issues(name, now().Add(-time.Minute)), p.Issues(name, now().Add(20*time.Second))
			if c.signed {
				taken(old)
				taken(ahead)
			}
			passes(time.Second)
			unused := p.Issues(name, now())
			passes(300 * time.Millisecond)
			c.leave(e, ann)
			refused(old, unused)
			passes(10 * time.Second)
			e.Admin().PutsUser(ann, fields{"active": true})
			refused(old, unused)
			if c.signed { // from the server's future, and first seen before
				refused(ahead)
			}
			passes(time.Minute)
			fresh := p.Issues(name, now())
			taken(fresh)
			refused(old, unused)
			e.Cannot(ann, access.ViewData, acme)
		})
	}
}
