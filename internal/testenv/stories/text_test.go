package stories_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/idp"
)

// rejects imports the file, which is in the format, and gives the reasons why its rows are refused. Nothing is written where there is one.
func rejects(e *testenv.Env, format, file string) (reasons []string) {
	e.Helper()
	a := e.Do(testenv.Call{
		Method: http.MethodPost, Path: "/v1/imports?format=" + format, Body: file, Key: testenv.RootKey, Header: http.Header{"Content-Type": {"text/plain"}},
	})
	require.Equal(e, http.StatusOK, a.Status, string(a.Body))
	for line := range strings.Lines(string(a.Body)) {
		var said struct {
			Reject *struct{ Rule, Reason string }
		}
		require.NoError(e, json.Unmarshal([]byte(line), &said))
		if said.Reject != nil {
			reasons = append(reasons, strings.TrimSpace(said.Reject.Rule+" "+said.Reject.Reason))
		}
	}
	return reasons
}

// jsonText is the text as JSON spells it.
func jsonText(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// TestTextMeansTheSameInEveryFormat sends the same IDs and addresses by every way that there is: the API, AuthZEN, tokens, and the three formats of
// imports. What one of them refuses, none of them takes.
func TestTextMeansTheSameInEveryFormat(t *testing.T) {
	corp := idp.New(t)
	e := testenv.New(t, testenv.SignIns(t, "- {issuer: "+corp.URL+", audience: [shop], email: {domains: ['*']}}"))
	e.Admin().PutsUser("olga", fields{})
	e.Admin().PutsOrganization(acme, fields{"owner": "olga"})
	bot := access.ChatbotID("helper")
	e.Admin().PutsChatbot(bot, fields{"organization": acme, "owner": "olga"})
	for name, tell := range map[string]func(*testing.T, *testenv.Env, *idp.Provider){
		"I1: IDs that begin or end with what nobody sees": idsWithUnseenEnds,
		"halves of surrogate pairs":                       halvesOfSurrogatePairs,
		"fields that are written twice in another case":   fieldsInAnotherCase,
		"I2: addresses with letters that nobody sees":     addressesWithUnseenLetters,
		"I2: addresses with letters in parts":             addressesInParts,
	} {
		t.Run(name, func(t *testing.T) { tell(t, e.For(t), corp) })
	}
}

func idsWithUnseenEnds(t *testing.T, e *testenv.Env, corp *idp.Provider) {
	for _, id := range []string{" alice", "alice ", "alice\u00a0", "\u200balice", "alice\ufeff", "\u3164", "alice\u2028"} {
		e.Admin().Refused(access.KindInvalid, "I1").PutsUser(access.UserID(id), fields{})
		e.Admin().Refused(access.KindInvalid, "I1").PutsOrganization("other", fields{"owner": id})
		e.As(access.UserID(id)).Refused(access.KindDenied, "B2").Sees("v1", "users")
		e.Cannot(access.UserID(id), access.Read, access.ChatbotID("helper"))
		e.With(corp.Issues(id, time.Now())).Refused(access.KindUnauthenticated, "U1").Sees("v1", "users")
		for format, file := range map[string]string{
			"csv":           "organization,user,role\nacme,\"" + id + "\",member\n",
			"jsonl":         `{"kind":"membership","organization":"acme","user":` + jsonText(id) + `,"role":"member"}`,
			"relationships": "organization:acme#member@user:" + spice.Encode(id),
		} {
			reasons := rejects(e, format, file)
			require.Len(t, reasons, 1, "%s: %q", format, id)
			require.Contains(t, reasons[0], "I1 user: an ID must not begin or end with white space", "%s: %q", format, id)
		}
	}
	require.Equal(t, []string{"I1 user: an ID must not begin or end with white space or an invisible character (here U+0020)"},
		rejects(e, "csv", "role,user\nsupport, alice\n"))
}

func halvesOfSurrogatePairs(t *testing.T, e *testenv.Env, corp *idp.Provider) {
	const half = "contains half of a surrogate pair, which is not a character"
	for path, body := range map[string]string{
		"/v1/users/bo":                       `{"name":"bo\ud83d"}`,
		"/v1/chatbots/helper/policy":         `{"denied_users":["bo\ud83d"]}`,
		"/v1/chatbots/helper/features/speak": `{"limits":{"max_\ude00":1}}`,
	} {
		require.Contains(t, e.Admin().Refused(access.KindInvalid, "").Does(http.MethodPut, path, body)["detail"], half, path)
	}
	for _, asked := range []string{
		`{"subject":{"type":"user","id":"bo\ud83d"},"action":{"name":"read"},"resource":{"type":"chatbot","id":"helper"}}`,
		`{"subject":{"type":"user","id":"bo","properties":{"\udfff":1}},"action":{"name":"read"},"resource":{"type":"chatbot","id":"helper"}}`,
	} {
		require.Contains(t, e.Admin().Refused(access.KindInvalid, "").Does(http.MethodPost, "/access/v1/evaluation", asked)["detail"], half)
	}
	for i, claims := range []fields{
		{"sub": json.RawMessage(`"bo\ud83d"`)}, {"name": json.RawMessage(`"bo\ud83d"`)}, {"groups": json.RawMessage(`["\ude00"]`)},
	} {
		subject := fmt.Sprint("bo", i)
		corp.Knows(subject, claims)
		e.With(corp.Issues(subject, time.Now())).Refused(access.KindUnauthenticated, "U1").Sees("v1", "users")
	}
	require.Equal(t, []string{"/user " + half, "/user " + half}, rejects(e, "jsonl", `{"kind":"user","user":"bo\ud83d"}`+"\n"+`{"kind":"user","user":"bo\ud83e"}`))
	require.Equal(t, []string{"R1 allowed: /0 " + half},
		rejects(e, "csv", "document,chatbot,access,allowed\nd,helper,restricted,\"[\"\"user:bo\\ud83d\"\"]\"\n"))
	require.Equal(t, []string{"I1 user: an ID must be valid UTF-8"}, rejects(e, "relationships", "organization:acme#member@user:bo=ED=A0=BD"))
}

func fieldsInAnotherCase(t *testing.T, e *testenv.Env, corp *idp.Provider) {
	e.Admin().Refused(access.KindInvalid, "").Does(http.MethodPost, "/v1/organizations/acme/invitations",
		`{"email":"bo@acme.com","role":"member","shares":[{"chatbot":"helper","access":"use_only","ACCESS":"read_write"}]}`)
	e.Admin().Refused(access.KindInvalid, "").Does(http.MethodPut, "/v1/users/bo", `{"name":"Bo","Name":"Eve"}`)
	e.Admin().Refused(access.KindInvalid, "").Does(http.MethodPut, "/v1/users/bo", `{"name":"Bo","na\u006de":"Eve"}`)
	asked := `{"subject":{"type":"user","id":"nobody","ID":"olga"},"action":{"name":"read"},"resource":{"type":"chatbot","id":"helper"}}`
	require.Equal(t, false, e.Admin().Does(http.MethodPost, "/access/v1/evaluation", asked)["decision"], "AuthZEN ignores what it does not know")
	e.Admin().Refused(access.KindInvalid, "").Does(http.MethodPost, "/access/v1/evaluation", strings.Replace(asked, "ID", "id", 1))
	corp.Knows("cased", fields{"name": "Bo", "NAME": "Eve", "Email": "eve@acme.com"})
	e.With(corp.Issues("cased", time.Now())).Sees("v1", "users", "cased")
	bo := e.Admin().Sees("v1", "users", "cased")
	require.Equal(t, []any{"Bo", nil}, []any{bo["name"], bo["email"]})
	require.Equal(t, []string{"/shares/0/CHATBOT is not a known field"}, rejects(e, "jsonl",
		`{"kind":"invitation","invitation":"i","organization":"acme","email":"a@b.c","role":"member","shares":[{"chatbot":"a","CHATBOT":"b","access":"use_only"}]}`))
	require.Contains(t, rejects(e, "jsonl", `{"kind":"role","role":"r","Role":"s"}`)[0], `unknown field "Role": `)
	require.Len(t, rejects(e, "csv", "role,user,User\nr,olga,mia\n"), 1)
}

// unseen are addresses that look like alice@acme.com.
var unseen = []string{
	"ali\u200bce@acme.com", "alice@ac\u00adme.com", "alice\u00a0@acme.com", "alice@acme\u200b.com", "\ufeffalice@acme.com", "alice@a\u034fcme.com",
	"alice@acme\ufe0f.com", "ali\u202ece@acme.com", "alice\u3164@acme.com", "al\u0085ice@acme.com",
}

func addressesWithUnseenLetters(t *testing.T, e *testenv.Env, corp *idp.Provider) {
	for i, address := range unseen {
		e.Admin().Refused(access.KindInvalid, "I2").PutsUser("mia", fields{"email": address, "email_verified": true})
		e.Admin().Refused(access.KindInvalid, "I2").Shares("helper", access.Email(address), access.UseOnly)
		e.Admin().Refused(access.KindInvalid, "I2").Invites(acme, access.Email(address), access.OrgMember, nil)
		e.Admin().Refused(access.KindInvalid, "I2").Does(http.MethodGet, "/v1/users?email="+url.QueryEscape(address), nil)
		subject := fmt.Sprint("unseen", i)
		corp.Knows(subject, fields{"email": address, "email_verified": true})
		require.Nil(t, e.With(corp.Issues(subject, time.Now())).Sees("v1", "users", subject)["email"], "%q", address)
		for format, file := range map[string]string{
			"csv":           "organization,user,role,email\nacme,mia,member,\"" + address + "\"\n",
			"jsonl":         `{"kind":"user","user":"mia","email":` + jsonText(address) + `}`,
			"relationships": "chatbot:helper#use_only@email:" + spice.Encode(address) + "#holder",
		} {
			require.Len(t, rejects(e, format, file), 1, "%s: %q", format, address)
		}
	}
	e.Admin().Refused(access.KindUnprocessable, "G2").SetsPolicy("helper", fields{"email_domains": []string{"acme\u200b.com"}})
	e.Admin().PutsUser("zoe", fields{})
	e.Admin().Shares("helper", access.UserID("zoe"), access.UseOnly)
	e.Admin().SetsPolicy("helper", fields{"email_domains": []string{"acme.com"}})
	ask := func(address string) any {
		return e.Admin().Does(http.MethodPost, "/access/v1/evaluation", fields{
			"subject": fields{"type": "user", "id": "zoe", "properties": fields{"email": address}}, "action": fields{"name": "interact"},
			"resource": fields{"type": "chatbot", "id": "helper"},
		})["decision"]
	}
	require.Equal(t, true, ask("zoe@acme.com"))
	require.Equal(t, false, ask("zoe@ac\u00adme.com"))
	e.Admin().SetsPolicy("helper", fields{"email_domains": nil})
}

// addressesInParts is about é as one letter and as e with an accent: both are one address.
func addressesInParts(t *testing.T, e *testenv.Env, corp *idp.Provider) {
	const whole, parts = "josé@acme.com", "Jose\u0301@acme.com"
	e.Admin().PutsUser("jose", fields{"email": parts, "email_verified": true})
	require.Equal(t, whole, e.Admin().Sees("v1", "users", "jose")["email"])
	require.Len(t, e.Admin().Does(http.MethodGet, "/v1/users?email="+url.QueryEscape(parts), nil)["items"], 1)
	e.Admin().Refused(access.KindConflict, "I2").PutsUser("jorge", fields{"email": whole, "email_verified": true})
	jose, bot := access.UserID("jose"), access.ChatbotID("helper")
	for _, written := range []access.Email{whole, parts} {
		e.Admin().Shares(bot, written, access.UseOnly)
		e.Can(jose, access.Interact, bot)
		e.Admin().Unshares(bot, access.Email(whole))
		e.Cannot(jose, access.Interact, bot)
	}
	for format, file := range map[string]string{
		"csv":           "chatbot,principal,access\nhelper,email:" + parts + ",use_only\n",
		"jsonl":         `{"kind":"share","chatbot":"helper","principal":"email:Jose\u0301@acme.com","access":"use_only"}`,
		"relationships": "chatbot:helper#use_only@email:" + spice.Encode(parts) + "#holder",
	} {
		require.Empty(t, rejects(e, format, file), format)
		e.Can(jose, access.Interact, bot)
		e.Admin().Unshares(bot, access.Email(whole))
	}
	corp.Knows("rene", fields{"email": "Rene\u0301@acme.com", "email_verified": true})
	e.Admin().Shares(bot, access.Email("rené@acme.com"), access.UseOnly)
	e.With(corp.Issues("rene", time.Now())).Sees("v1", "users", "rene")
	e.Can(access.UserID("rene"), access.Interact, bot)
}
