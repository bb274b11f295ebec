package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

const linkOfHelper = "/v1/chatbots/helper/public-access"

// TestPublicLink tells the life of a public link as a backend sees it.
func TestPublicLink(t *testing.T) {
	e := newWorld(t)
	e.As(mel).Does(http.MethodPut, "/v1/chatbots/helper/policy", fields{"email_domains": nil})
	admitted := func(subjectType, id string, link any) bool {
		t.Helper()
		return e.Admin().Does(http.MethodPost, "/access/v1/evaluation", fields{
			"subject": fields{"type": subjectType, "id": id}, "action": fields{"name": "interact"}, "resource": fields{"type": "chatbot", "id": "helper"},
			"context": fields{"link": link},
		})["decision"].(bool)
	}
	require.Equal(t, map[string]any{"mode": "none", "link": nil}, e.As(mel).Does(http.MethodGet, linkOfHelper, nil))
	e.As(bob).Refused(access.KindDenied, "L2").Does(http.MethodGet, linkOfHelper, nil)
	e.As(bob).Refused(access.KindDenied, "A3").Does(http.MethodPut, linkOfHelper, fields{"mode": "everyone"})
	e.As(gus).Refused(access.KindNotFound, "").Does(http.MethodGet, linkOfHelper, nil)
	e.As(mel).Refused(access.KindInvalid, "").Does(http.MethodPut, linkOfHelper, fields{"mode": "anybody"})
	e.As(mel).Refused(access.KindConflict, "L1").Does(http.MethodPost, linkOfHelper+"/rotate", nil)

	opened := e.As(mel).Does(http.MethodPut, linkOfHelper, fields{"mode": "authenticated"})
	link := opened["link"]
	require.NotEmpty(t, opened["zedtoken"])
	require.True(t, admitted("user", "nobody knows me", link))
	require.False(t, admitted("visitor", "v", link))
	require.False(t, admitted("user", "nobody knows me", "guess"))
	require.Equal(t, link, e.As(mel).Does(http.MethodPut, linkOfHelper, fields{"mode": "everyone"})["link"])
	require.True(t, admitted("visitor", "v", link))
	require.Equal(t, map[string]any{"mode": "everyone", "link": link}, e.As(alice).Does(http.MethodGet, linkOfHelper, nil))

	// A repeated rotation rotates once, and what is kept of its answer has no link.
	rotate := testenv.Call{
		Method: http.MethodPost, Path: linkOfHelper + "/rotate", Key: testenv.RootKey, Actor: string(mel), Header: http.Header{"Idempotency-Key": {"once"}},
	}
	first, again := e.Do(rotate), e.Do(rotate)
	require.Equal(t, http.StatusOK, first.Status, "%s", first.Body)
	require.Equal(t, http.StatusOK, again.Status)
	rotated := e.As(mel).Does(http.MethodGet, linkOfHelper, nil)["link"]
	require.Contains(t, string(first.Body), rotated)
	require.Contains(t, string(again.Body), `"link":null`)
	require.False(t, admitted("visitor", "v", link))
	require.True(t, admitted("visitor", "v", rotated))

	e.As(mel).PutsChatbot(helper, fields{"visibility": "owner_only"})
	require.False(t, admitted("visitor", "v", rotated))
	e.As(mel).Refused(access.KindConflict, "V1").Does(http.MethodPut, linkOfHelper, fields{"mode": "everyone"})
	e.As(mel).PutsChatbot(helper, fields{"visibility": "shared"})
	e.Admin().PutsOrganization(acme, fields{"public_access": "authenticated"})
	e.As(mel).Refused(access.KindUnprocessable, "O5").Does(http.MethodPut, linkOfHelper, fields{"mode": "everyone"})
}
