package httpapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"

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
