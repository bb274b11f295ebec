package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/testenv"
)

// TestIsolation makes every call of the route table as callers of another organization, once with an ID of acme's and once with an ID that nothing
// has, in each place of the path, of the query and of the body that names a thing. Both answers must be the same, byte for byte (C6).
//
// A route is covered as soon as it is in the table. What it names by a new word has to be told below, or the test fails and says so.

// What the words of paths, queries and bodies name: the key of a thing in tenants. A path parameter that is not here names the thing of its
// own name.
var wordNames = map[string]string{
	"organization": "org", "entities": "org",
	"owner": "user", "to": "user", "successor": "user", "keys_to": "user", "allowed_users": "user", "denied_users": "user",
	"allowed_roles": "role", "required_roles": "role",
	"chatbot": "chatbot", "allowed": "principal", "subject": "subject", "email": "email",
	"actor": "subject", "resource": "object", "q": "user", "key": "keys/key",
}

// Words that name nothing.
var plainWords = []string{
	"name", "email_domains", "allowed_ips", "expires_at", "page_size", "page_token", "format", "table", "dry_run", "skip_invalid", "file", "action", "token", "grace", "keys_grace", "reason", "wait", "broken",
}

// tenant is one thing of each kind that an organization has, by the names of path parameters; where these are too general, with the collection
// before them.
type tenant map[string]string

// acmes is what acme has. What the server names is made here.
func acmes(e *testenv.Env) tenant {
	things := tenant(things(e))
	key := e.As(alice).Does(http.MethodPost, "/v1/keys", fields{"name": "acme's", "access": access.KeyReadOnly, "organization": acme})
	things["keys/key"] = key["id"].(string)
	botKey := e.As(mel).MakesAPIKey("helper", fields{"name": "acme's", "access": access.UseOnly})
	things["api-keys/key"] = botKey["id"].(string)
	things["subject"], things["object"], things["email"] = "user:bob", "chatbot:helper", "bob@example.com"
	return things
}

// globexs is what globex has, and makes it.
func globexs(e *testenv.Env) tenant {
	e.Admin().PutsUser("stranger", fields{})
	e.Admin().PutsUser("gina", fields{"email": "gina@example.com", "email_verified": true})
	e.Admin().PutsMember(globex, "gina", access.OrgMember)
	owner := e.As(gus)
	owner.PutsTeam("gteam", fields{"organization": globex})
	owner.PutsTeam("gnested", fields{"organization": globex})
	owner.PutsTeamMember("gteam", "gina", access.TeamMember)
	owner.Does(http.MethodPut, "/v1/teams/gteam/teams/gnested", nil)
	owner.PutsRole("grole", fields{"organization": globex})
	owner.Assigns("grole", "gina")
	owner.PutsGroup("ggroup", fields{"organization": globex})
	owner.PutsGroupMember("ggroup", access.UserID("gina"))
	owner.PutsChatbot("gbot", fields{"organization": globex})
	putsGated(owner)
	owner.Shares("gbot", access.UserID("gina"), access.ReadWrite)
	owner.PutsFeature("gbot", "gtraces", fields{"enabled": true})
	owner.Puts(access.Object{Type: access.TypeDocument, ID: "gdoc"}, fields{"chatbot": "gbot"})
	owner.Puts(access.Object{Type: access.TypeMCPServer, ID: "gtools"}, fields{"chatbot": "gbot"})
	owner.Puts(access.Object{Type: access.TypeMetric, ID: "gmetric"}, fields{"chatbot": "gbot"})
	request := e.As("gina").Asks("gbot", access.TeamID("gnested"), access.UseOnly)
	told := owner.Does(http.MethodGet, "/v1/notifications", nil)["items"].([]any)[0].(map[string]any)
	key := owner.Does(http.MethodPost, "/v1/keys", fields{"name": "globex's", "access": access.KeyReadOnly, "organization": globex})
	botKey := owner.MakesAPIKey("gbot", fields{"name": "globex's", "access": access.UseOnly})
	invitation := owner.Invites(globex, "gil@example.com", access.OrgMember, nil)
	return tenant{
		"invitation": invitation["id"].(string),
		"user":       "gina", "org": "globex", "team": "gteam", "inner": "gnested", "role": "grole", "group": "ggroup", "principal": "user:gina",
		"chatbot": "gbot", "feature": "gtraces", "documents/id": "gdoc", "mcp-servers/id": "gtools", "metrics/id": "gmetric", "doctor/id": "c/d",
		"session": string(e.SignsIn("gina").Session),
		"request": request["id"].(string), "notification": told["id"].(string),
		"keys/key": key["id"].(string), "api-keys/key": botKey["id"].(string), "subject": "user:gina", "object": "chatbot:gbot", "email": "gina@example.com",
	}
}

// callers are the people and keys of globex, and somebody who is nobody anywhere.
func callers(e *testenv.Env) map[string]testenv.Call {
	confined := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyFull, "organization": globex})
	return map[string]testenv.Call{
		"its owner":                           {Key: testenv.RootKey, Actor: string(gus)},
		"a plain member":                      {Key: testenv.RootKey, Actor: "gina"},
		"a confined key":                      {Key: confined},
		"a confined key acting for its owner": {Key: confined, Actor: string(gus)},
		"a user of nobody":                    {Key: testenv.RootKey, Actor: "stranger"},
	}
}

// told are the places where that a thing exists is told to whoever may make the call on something of their own, and why. Each is needed by some
// caller: one that is not fails the test.
var told = map[string]string{
	"putShare {principal} team:":         "a team can be shared with (C6)",
	"putShare {principal} organization:": "an organization can be shared with (C6)",
	"putShare {principal} user:":         "any user can be shared with, and an unknown one is refused (S2)",
	"putAssignee {user}":                 "a role is assigned to any user (U2)",
	"putMember {user}":                   "any user can be made a member",
	"putPolicy /entities":                "gates name organizations, of any tenant (G4)",
	"putPolicy /allowed_users":           "gates name users, and unknown ones are refused (G6, G8)",
	"putPolicy /denied_users":            "gates name users, and unknown ones are refused (G7, G8)",
	"putDocument /allowed user:":         "lists hold users, and unknown ones are refused (R1)",
	"putMCPServer /allowed user:":        "lists hold users, and unknown ones are refused (R1)",
	"putMetric /allowed user:":           "lists hold users, and unknown ones are refused (R1)",
	"putGroupMember {principal} user:":   "a group holds any user",
}

// fresh is an ID with which things are created.
const fresh = "fresh"

// probe is two calls that differ in one ID.
type probe struct {
	route  httpapi.RouteInfo
	place  string // where the ID is, as told names it
	there  testenv.Call
	absent testenv.Call
	id     string // of acme's
	nobody string // of nothing
}

func TestIsolation(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes thousands of calls")
	}
	var mu sync.Mutex
	needed := map[string]bool{}
	t.Run("of", func(t *testing.T) {
		for _, who := range []string{"its owner", "a plain member", "a confined key", "a confined key acting for its owner", "a user of nobody"} {
			t.Run(who, func(t *testing.T) {
				t.Parallel()
				w := newIsolated(t)
				w.readsNothing(t, who)
				for i, p := range w.probes {
					if there, absent := w.answers(t, who, i); there != absent {
						assert.NotEmpty(t, told[p.place], "%s tells whether %s exists:\n%s\n%s", p.place, p.id, there, absent)
						mu.Lock()
						needed[p.place] = true
						mu.Unlock()
					}
				}
				require.Equal(t, w.before, w.ofAcme(t), "acme was changed by a call of another organization")
			})
		}
	})
	if !t.Failed() {
		require.Equal(t, slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(needed)), "these are told no more: take them out of the list")
	}
}

// isolated is a world with both tenants.
type isolated struct {
	*testenv.Env
	acme, globex tenant
	callers      map[string]testenv.Call
	described    description
	probes       []probe
	before       map[string]string // what there was of acme's
}

func newIsolated(t *testing.T) *isolated {
	e := newWorld(t)
	passesGates(e)
	w := &isolated{Env: e, acme: acmes(e)}
	require.NoError(t, json.Unmarshal(e.Do(testenv.Call{Method: http.MethodGet, Path: "/openapi.json"}).Body, &w.described))
	w.found(t)
	w.before = w.ofAcme(t)
	return w
}

// found makes globex and what it has, and the calls about it.
func (w *isolated) found(t *testing.T) {
	w.globex, w.callers = globexs(w.Env), callers(w.Env)
	require.Equal(t, slices.Sorted(maps.Keys(w.acme)), slices.Sorted(maps.Keys(w.globex)), "both tenants have one thing of each kind")
	w.probes = w.everyProbe(t)
}

// foundAgain makes globex as it was before a call that changed something.
func (w *isolated) foundAgain(t *testing.T) {
	w.Admin().Does(http.MethodDelete, testenv.Path("v1", "organizations", string(globex)), nil)
	for _, user := range []string{fresh, nothing(w.acme["user"]), w.globex["user"], "stranger"} { // some of them are not there
		w.Do(testenv.Call{Method: http.MethodDelete, Path: testenv.Path("v1", "users", user), Key: testenv.RootKey})
	}
	w.Admin().PutsOrganization(globex, fields{"owner": gus})
	w.found(t)
}

// ofAcme is all that its owner reads of acme.
func (w *isolated) ofAcme(t *testing.T) map[string]string {
	all := map[string]string{}
	for _, rt := range demanding(t) {
		if rt.Method != http.MethodGet || rt.Name == "export" || rt.Name == "backup" || strings.HasPrefix(rt.Path, "/v1/audit") || // where attempts are, too
			rt.Path == "/v1/requests" || rt.Path == "/v1/notifications" || // where is, too, what others ask of acme
			rt.Name == "examine" { // which tells of the call
			continue
		}
		path := path(rt, w.slots(t, rt), w.acme)
		all[path] = string(w.Do(testenv.Call{Method: http.MethodGet, Path: path, Key: testenv.RootKey, Actor: string(alice)}).Body)
	}
	return all
}

// answers are what the caller is told about acme's thing and about nothing, with acme's ID in both.
func (w *isolated) answers(t *testing.T, who string, i int) (there, absent string) {
	p := w.probes[i]
	a := w.do(t, who, p.there)
	b := w.do(t, who, w.probes[i].absent)
	there, absent = tells(a), strings.ReplaceAll(tells(b), p.nobody, p.id)
	if a.Status == http.StatusConflict && strings.Contains(there, `"urn:grantway:error:id-taken"`) {
		assert.NotContains(t, there, acme, "%s", p.place)
		return there, there // an ID that is taken is told, and nothing else (C6)
	}
	if a.Status < 300 && p.there.Method == http.MethodGet {
		w.showsNothing(t, p.place, there, p.id)
	}
	return there, absent
}

// readsNothing reads all that the caller can of its own, which holds nothing of acme's.
func (w *isolated) readsNothing(t *testing.T, who string) {
	for _, rt := range demanding(t) {
		if rt.Method == http.MethodGet {
			c := testenv.Call{Method: rt.Method, Path: path(rt, w.slots(t, rt), w.globex)}
			w.showsNothing(t, rt.Name, tells(w.do(t, who, c)), "")
		}
	}
}

// showsNothing fails the test where an answer holds any ID of acme's but the one asked about.
func (w *isolated) showsNothing(t *testing.T, place, answer, asked string) {
	for _, id := range w.acme {
		assert.False(t, id != asked && strings.Contains(answer, `"`+id+`"`), "%s shows %s: %s", place, id, answer)
	}
}

var token = regexp.MustCompile(`"zedtoken":"[^"]*"`)

// made is what is new in an answer to a call that makes something, whatever the call names.
var made = regexp.MustCompile(`"(id|token|created_at|expires_at)":"[^"]*"`)

// tells is all that an answer tells, but for the moment.
func tells(a testenv.Answer) string {
	header := a.Header.Clone()
	header.Del("Date")
	header.Del("Content-Length") // times and tokens are as long as they happen to be, and the rest of the body is compared
	var text strings.Builder
	fmt.Fprintln(&text, a.Status)
	_ = header.Write(&text) // into memory
	body := token.ReplaceAll(a.Body, nil)
	if a.Status == http.StatusCreated || a.Status == http.StatusAccepted {
		body = made.ReplaceAll(body, nil)
	}
	text.Write(body)
	return text.String()
}

func (w *isolated) do(t *testing.T, who string, c testenv.Call) testenv.Answer {
	c.Key, c.Actor = w.callers[who].Key, w.callers[who].Actor
	c.Header = http.Header{"X-Request-Id": {"the-same"}}
	a := w.Do(c)
	if c.Method != http.MethodGet && a.Status < 300 && !decides(c.Path) {
		w.foundAgain(t)
	}
	return a
}
