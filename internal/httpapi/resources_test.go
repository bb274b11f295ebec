package httpapi_test

import (
	"bytes"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

var collectionOf = map[access.Type]string{access.TypeDocument: "documents", access.TypeMCPServer: "mcp-servers", access.TypeMetric: "metrics"}

// TestResources tells the life of what hangs on a chatbot (R1, R2, I3).
func TestResources(t *testing.T) {
	for typ, collection := range collectionOf {
		t.Run(string(typ), func(t *testing.T) {
			e := newWorld(t)
			o := access.Object{Type: typ, ID: "todo:{id}/a b"}
			action := access.Actions[typ][0]
			made := e.As(mel).Puts(o, fields{"chatbot": helper})
			require.NotEmpty(t, made["zedtoken"])
			delete(made, "zedtoken")
			require.Equal(t, map[string]any{"id": o.ID, "type": string(typ), "chatbot": "helper", "access": "public", "allowed": []any{}}, made)
			require.Equal(t, made, e.As(adam).Sees("v1", collection, o.ID))
			e.Can(bob, action, o)
			e.As(mel).Puts(o, fields{"access": "restricted", "allowed": []string{"user:alice", "email:x@Y.example"}})
			e.Cannot(bob, action, o)
			require.Equal(t, []any{"email:x@y.example", "user:alice"}, e.As(mel).Sees("v1", collection, o.ID)["allowed"])
			e.As(mel).Puts(o, fields{"allowed": nil, "access": nil})
			e.Can(bob, action, o)

			e.As(bob).Refused(access.KindDenied, "R2").Sees("v1", collection, o.ID) // may use it, and not manage it
			e.As(bob).Refused(access.KindDenied, "R2").Puts(o, fields{"access": "restricted"})
			e.As(bob).Refused(access.KindDenied, "R2").Does(http.MethodDelete, testenv.Path("v1", collection, o.ID), nil)
			e.As(mel).Refused(access.KindUnprocessable, "I3").Puts(access.Object{Type: typ, ID: "new"}, fields{"access": "public"})
			e.As(mel).Refused(access.KindNotFound, "").Puts(access.Object{Type: typ, ID: "new"}, fields{"chatbot": "nowhere"})
			e.As(mel).Refused(access.KindUnprocessable, "R1").Puts(o, fields{"allowed": []string{"organization:acme"}})
			e.As(mel).Refused(access.KindInvalid, "").Puts(o, fields{"allowed": []string{"bob"}})
			e.As(mel).Refused(access.KindInvalid, "").Puts(o, fields{"access": "secret"})

			e.As(mel).Does(http.MethodDelete, testenv.Path("v1", collection, o.ID), nil)
			e.Cannot(bob, action, o)
			e.As(mel).Refused(access.KindNotFound, "").Sees("v1", collection, o.ID)
			e.As(mel).Refused(access.KindNotFound, "").Does(http.MethodDelete, testenv.Path("v1", collection, o.ID), nil)
		})
	}
}

// TestListsAgreeWithDecisions: what is listed for a subject is what a check allows (R4), and what is restricted is not there for others (R3).
func TestListsAgreeWithDecisions(t *testing.T) {
	e := newWorld(t)
	members := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyReadOnly, "organization": acme})
	e.As(mel).Shares(helper, cal, access.UseOnly)
	for typ, collection := range collectionOf {
		thing := func(id string) access.Object { return access.Object{Type: typ, ID: "x" + id} }
		e.As(mel).Puts(thing("public"), fields{"chatbot": helper})
		e.As(mel).Puts(thing("bobs"), fields{"chatbot": helper, "access": "restricted", "allowed": []string{"user:bob"}})
		e.As(mel).Puts(thing("teams"), fields{"chatbot": helper, "access": "restricted", "allowed": []string{"team:support"}})
		e.As(mel).Puts(thing("nobodys"), fields{"chatbot": helper, "access": "restricted"})
		for _, user := range []access.UserID{alice, adam, mel, bob, cal, gus, "unknown"} {
			listed := e.Admin().Lists(helper, typ, "user:"+string(user))
			require.Equal(t, listed, e.With(members).Lists(helper, typ, "user:"+string(user)))
			for _, id := range e.As(mel).Lists(helper, typ, "") {
				o := access.Object{Type: typ, ID: id}
				if slices.Contains(listed, id) {
					e.Can(user, access.Actions[typ][0], o)
				} else {
					e.Cannot(user, access.Actions[typ][0], o)
				}
			}
		}
		require.NotContains(t, e.As(cal).Lists(helper, typ, "user:cal"), "xbobs")
		require.Contains(t, e.As(bob).Lists(helper, typ, "user:bob"), "xbobs")
		require.Contains(t, e.As(mel).Lists(helper, typ, "user:bob"), "xteams")
		require.Contains(t, e.As(mel).Lists(helper, typ, "user:mel"), "xnobodys", "R2")
		require.Empty(t, e.Admin().Lists(helper, typ, "visitor:anonymous"))
		require.Empty(t, e.Admin().Lists(helper, typ, "api_key:unknown"))

		own := e.As(cal).Does(http.MethodGet, "/v1/chatbots/helper/"+collection+"?subject=user:cal", nil)["items"].([]any)
		require.Contains(t, own, map[string]any{"id": "xpublic", "type": string(typ), "chatbot": "helper"}, "whom it admits is not told")

		// C7: about others ask those who manage the access; others learn of nothing (C6).
		e.As(cal).Refused(access.KindDenied, "C7").Lists(helper, typ, "user:bob")
		e.As(cal).Refused(access.KindDenied, "C7").Lists(helper, typ, "visitor:cal")
		e.As(cal).Refused(access.KindDenied, "R2").Lists(helper, typ, "")
		e.As(gus).Refused(access.KindNotFound, "").Lists(helper, typ, "user:gus")
		e.As(gus).Refused(access.KindNotFound, "").Lists(helper, typ, "user:bob")
		theirs := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyFull, "organization": globex})
		e.With(theirs).Refused(access.KindNotFound, "").Lists(helper, typ, "user:bob")
		e.Admin().Refused(access.KindNotFound, "").Lists("nowhere", typ, "user:bob")
		for _, wrong := range []string{"bob", "team:support", "user:", "service:main"} {
			e.Admin().Refused(access.KindInvalid, "").Lists(helper, typ, wrong)
		}
	}

	e.As(mel).SetsPolicy(helper, fields{"enabled": false})
	require.Empty(t, e.Admin().Lists(helper, access.TypeMetric, "user:bob"), "R1")
	require.NotEmpty(t, e.Admin().Lists(helper, access.TypeMetric, "user:mel"), "R2")
}

// TestListsForASubjectInPages reads a list of what a subject may use in pages of every size.
func TestListsForASubjectInPages(t *testing.T) {
	e := newWorld(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		f := fields{"chatbot": helper}
		if id == "c" {
			f["access"] = access.ModeRestricted
		}
		e.As(mel).Puts(access.Object{Type: access.TypeMetric, ID: id}, f)
	}
	whole := e.Admin().Lists(helper, access.TypeMetric, "user:bob")
	require.Equal(t, []string{"a", "b", "d", "e", "revenue"}, whole)
	for _, size := range []string{"1", "2", "3", "4", "5"} {
		var read []string
		token := ""
		for {
			page := e.As(bob).Does(http.MethodGet, "/v1/chatbots/helper/metrics?subject=user:bob&page_size="+size+"&page_token="+token, nil)
			for _, item := range page["items"].([]any) {
				read = append(read, item.(map[string]any)["id"].(string))
			}
			if token = page["next_page_token"].(string); token == "" {
				break
			}
		}
		require.Equal(t, whole, read)
	}
	first := e.Admin().Does(http.MethodGet, "/v1/chatbots/helper/metrics?subject=user:bob&page_size=1", nil)["next_page_token"].(string)
	e.Admin().Refused(access.KindInvalid, "").Does(http.MethodGet, "/v1/chatbots/helper/metrics?subject=user:mel&page_token="+first, nil)
}

// TestR3HiddenMetrics: to all who may not see it, a restricted metric answers like one that does not exist, byte for byte; that its ID is
// taken is told to those who would create one of their own (I3).
func TestR3HiddenMetrics(t *testing.T) {
	e := newWorld(t)
	e.As(mel).Shares(helper, cal, access.UseOnly) // cal uses the chatbot, and is on no list
	e.As(gus).PutsChatbot("globot", fields{"organization": globex})
	absent := missingID(revenue.ID)
	for _, user := range []access.UserID{cal, gus} {
		for _, c := range []testenv.Call{
			{Method: http.MethodGet}, {Method: http.MethodDelete}, {Method: http.MethodPut, Body: fields{}},
			{Method: http.MethodPut, Body: fields{"access": "public"}}, {Method: http.MethodPut, Body: fields{"chatbot": helper}},
			{Method: http.MethodPut, Body: fields{"chatbot": "nowhere"}},
		} {
			c.Key, c.Actor, c.Header = testenv.RootKey, string(user), http.Header{"X-Request-Id": {"the-same"}}
			c.Path = testenv.Path("v1", "metrics", revenue.ID)
			hidden := e.Do(c)
			c.Path = testenv.Path("v1", "metrics", absent)
			nowhere := e.Do(c)
			require.Equal(t, nowhere.Status, hidden.Status, "%s", hidden.Body)
			require.Equal(t, string(bytes.ReplaceAll(nowhere.Body, []byte(absent), []byte(revenue.ID))), string(hidden.Body))
		}
	}
	answer := e.As(gus).Refused(access.KindIDTaken, "I3").Puts(revenue, fields{"chatbot": "globot", "access": "public"})
	require.NotContains(t, answer["detail"], "helper")
	require.Equal(t, "restricted", e.As(mel).Sees("v1", "metrics", revenue.ID)["access"])
}
