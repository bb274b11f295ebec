package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/testenv"
)

// oddIDs are IDs of the kind that callers have (I1), and worse.
var oddIDs = []string{
	"a/b", "a%2Fb", "...", "a/.../b", "a..", "/", "//", "auth0|123", "todo:{id}", "{user}", "alice@acme.com", "héllo wörld", "日本", "\U0001F600",
	"a+b", "a b", "?", "#", "a?b=c&d", "%", "%zz", "\"", "'", "\\", "<script>", "user:alice", "everyone", "*", "$", "null", "a\u00a0b",
	strings.Repeat("é", 128), strings.Repeat("%", 256),
}

// TestIDsRoundTrip makes one of everything with each odd ID, reads it back by path and in lists, decides about it, and deletes it.
func TestIDsRoundTrip(t *testing.T) {
	e := newWorld(t)
	admin := e.Admin()
	for _, id := range oddIDs {
		t.Run(url.PathEscape(id), func(t *testing.T) {
			user, org, bot := access.UserID("u"+id), access.OrganizationID(id), access.ChatbotID(id)
			if len(user) > access.MaxIDBytes {
				user = access.UserID(id)
			}
			admin.PutsUser(user, fields{})
			require.Equal(t, string(user), admin.Sees("v1", "users", string(user))["id"])
			admin.PutsOrganization(org, fields{"owner": user})
			require.Equal(t, id, admin.Sees("v1", "organizations", id)["id"])
			for _, noun := range []string{"teams", "roles", "groups", "chatbots"} {
				body := fields{"organization": org}
				if noun == "chatbots" {
					body["owner"] = user
				}
				require.Equal(t, id, admin.Does(http.MethodPut, testenv.Path("v1", noun, id), body)["id"])
				require.Equal(t, id, admin.Sees("v1", noun, id)["id"])
				listed := admin.Does(http.MethodGet, "/v1/"+noun+"?organization="+url.QueryEscape(id), nil)["items"].([]any)
				require.Len(t, listed, 1)
				require.Equal(t, id, listed[0].(map[string]any)["id"])
			}
			admin.PutsMember(org, bob, access.OrgMember)
			admin.Does(http.MethodPut, testenv.Path("v1", "teams", id, "members", "bob"), fields{"role": "member"})
			admin.Assigns(access.RoleID(id), user)
			admin.PutsGroupMember(access.GroupID(id), user)
			admin.Shares(bot, access.TeamID(id), access.ReadOnly)
			shares := admin.Sees("v1", "chatbots", id, "shares")["items"].([]any)
			require.Len(t, shares, 1)
			require.Equal(t, "team:"+id, shares[0].(map[string]any)["principal"])
			e.Can(bob, access.Read, bot)
			e.Can(user, access.Delete, bot)
			admin.Unshares(bot, access.TeamID(id))
			e.Cannot(bob, access.Read, bot)

			admin.Does(http.MethodDelete, testenv.Path("v1", "organizations", id), nil)
			for _, noun := range []string{"organizations", "teams", "roles", "groups", "chatbots"} {
				admin.Refused(access.KindNotFound, "").Sees("v1", noun, id)
			}
			admin.Does(http.MethodDelete, testenv.Path("v1", "users", string(user)), nil)
			admin.Refused(access.KindNotFound, "").Sees("v1", "users", string(user))
		})
	}
}

// TestIDsThatAreNone sends what is no ID.
func TestIDsThatAreNone(t *testing.T) {
	e := newWorld(t)
	for _, segment := range []string{strings.Repeat("a", 257), strings.Repeat("%C3%A9", 129), "%FF", "%C3", "%ED%A0%80"} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			c := testenv.Call{Method: method, Path: "/v1/users/" + segment, Key: testenv.RootKey}
			if method == http.MethodPut {
				c.Body = "{}"
			}
			a := e.Do(c)
			requireProblem(t, a, access.KindInvalid, "I1")
			require.Equal(t, []string{"/user"}, pointers(t, a))
		}
	}
	for _, principal := range []string{"alice", "user:", "email:alice", "bot:x", "everyone:", "User:alice"} {
		a := e.Do(testenv.Call{Method: http.MethodPut, Path: "/v1/chatbots/helper/shares/" + principal, Body: `{"access":"use_only"}`, Key: testenv.RootKey})
		requireProblem(t, a, access.KindInvalid, "")
		require.Equal(t, []string{"/principal"}, pointers(t, a))
	}
}

// TestIDsThatAProxyCouldWalkAlong: behind a proxy that decodes and shortens paths, the first would delete a user.
func TestIDsThatAProxyCouldWalkAlong(t *testing.T) {
	e := newWorld(t)
	for _, path := range []string{
		"/v1/documents/..%2Fusers%2Fbob", "/v1/documents/a%2F..%2F..%2Fusers%2Fbob", "/v1/users/%2E%2E", "/v1/users/%2e", "/v1/users/a%5C..%5Cb",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			a := e.Do(testenv.Call{Method: method, Path: path, Key: testenv.RootKey, Body: map[string]any{http.MethodPut: "{}"}[method]})
			requireProblem(t, a, access.KindInvalid, "")
			require.Len(t, pointers(t, a), 1, path)
		}
	}
	e.Admin().Sees("v1", "users", "bob")
}

// TestPathsThatAreNone checks what is answered where there is nothing: never a redirect, which would change the path or the method.
func TestPathsThatAreNone(t *testing.T) {
	e := testenv.New(t)
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/user", "/v1/users/", "/v1//users", "/v1/users/.", "/v1/users/..", "/v1/users/a/../b", "/v1/users/a/", "/access/v1/", "/docs/nothing/at/all.js/"} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
			requireProblem(t, e.Do(testenv.Call{Method: method, Path: path}), access.KindNotFound, "")
		}
	}
}

func TestMethods(t *testing.T) {
	e := testenv.New(t)
	a := e.Do(testenv.Call{Method: http.MethodPatch, Path: "/v1/users/alice", Key: testenv.RootKey})
	requireProblem(t, a, problem.MethodNotAllowed, "")
	require.Equal(t, "DELETE, GET, HEAD, PUT", a.Header.Get("Allow"))
	a = e.Do(testenv.Call{Method: http.MethodGet, Path: "/access/v1/evaluation", Key: testenv.RootKey})
	requireProblem(t, a, problem.MethodNotAllowed, "")
	require.Equal(t, "POST", a.Header.Get("Allow"))
	a = e.Do(testenv.Call{Method: http.MethodHead, Path: "/v1/users", Key: testenv.RootKey})
	require.Equal(t, http.StatusOK, a.Status)
	require.Empty(t, a.Body)
}
