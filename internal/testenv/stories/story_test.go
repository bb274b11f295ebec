// Package stories_test tells what the access pages of five products promise, each page as one story: its people act as themselves over HTTP,
// and a backend asks what has become of it, by evaluations and by searches. Each part names the statement that it makes true and the rules
// of the access model that do so.
package stories_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// fields is a body, or a part of one.
type fields = testenv.Fields

const (
	acme   access.OrganizationID = "acme"
	globex access.OrganizationID = "globex"
)

// What an administrator of an organization has on its chatbots, and what a member has on those that the organization sees (3.1).
var (
	everything = access.Actions[access.TypeChatbot]
	asAdmin    = []access.Action{
		access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI, access.Test, access.Deploy, access.ManageAccess,
	}
	asMember = []access.Action{
		access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI, access.Test, access.Deploy,
	}
)

// story is one page's server, and everybody whom its directory knows.
type story struct {
	*testenv.Env
	cast  []access.UserID
	given fields // the context of every question
	post  *post  // or nil
}

// begin starts a server whose directory knows the people: each is their verified address, and its local part is their ID. They are external
// users unless internal says otherwise.
func begin(t *testing.T, people []string, options ...testenv.Option) *story {
	t.Helper()
	s := &story{Env: testenv.New(t, options...)}
	for _, address := range people {
		id, _, _ := strings.Cut(address, "@")
		s.cast = append(s.cast, access.UserID(id))
		s.Admin().PutsUser(access.UserID(id), fields{"email": address, "email_verified": true})
	}
	slices.Sort(s.cast)
	return s
}

// internal makes the people employees.
func (s *story) internal(people ...access.UserID) {
	s.Helper()
	for _, p := range people {
		s.Admin().PutsUser(p, fields{"type": access.Internal})
	}
}

// part tells one part of the story on its server. Parts share the people and organizations, and bring their own chatbots.
func (s *story) part(t *testing.T, statement string, tell func(s *story)) {
	t.Helper()
	t.Run(statement, func(t *testing.T) {
		again := *s
		again.Env = s.For(t)
		tell(&again)
	})
}

// with is the story as it goes for those who send these values with each question, such as the link that they came by.
func (s *story) with(values fields) *story {
	again := *s
	again.given = values
	return &again
}

// bot is a new chatbot of the organization, made by its owner.
func (s *story) bot(id access.ChatbotID, org access.OrganizationID, owner access.UserID, more ...fields) access.ChatbotID {
	s.Helper()
	body := fields{"organization": org}
	for _, m := range more {
		for name, value := range m {
			body[name] = value
		}
	}
	s.As(owner).PutsChatbot(id, body)
	return id
}

// only checks that exactly these people of the whole cast may do it: by an evaluation for each, and by a search for all who may.
func (s *story) only(action access.Action, resource any, who ...access.UserID) {
	s.Helper()
	r := testenv.Object(resource)
	var asked []any
	for _, u := range s.cast {
		asked = append(asked, fields{"subject": entity(access.Obj(access.TypeUser, u))})
	}
	answer := s.decides("evaluations", fields{"evaluations": asked, "action": fields{"name": action}, "resource": entity(r)})
	var allowed []access.UserID
	for i, d := range answer["evaluations"].([]any) {
		if d.(map[string]any)["decision"].(bool) {
			allowed = append(allowed, s.cast[i])
		}
	}
	require.ElementsMatch(s, who, allowed, "who may %s %s", action, r)
	found := s.finds("subject", fields{"subject": fields{"type": access.TypeUser}, "action": fields{"name": action}, "resource": entity(r)})
	require.ElementsMatch(s, texts(who), found, "who is found for %s on %s", action, r)
}

// nobody checks that none of the cast may do it.
func (s *story) nobody(action access.Action, resource any) {
	s.Helper()
	s.only(action, resource)
}

// has checks that the subject may do exactly these of all the actions on the resource: by evaluations, and by a search for the actions.
func (s *story) has(subject, resource any, actions ...access.Action) {
	s.Helper()
	who, r := testenv.Object(subject), testenv.Object(resource)
	all := access.Actions[r.Type]
	var asked []any
	for _, a := range all {
		asked = append(asked, fields{"action": fields{"name": a}})
	}
	answer := s.decides("evaluations", fields{"evaluations": asked, "subject": entity(who), "resource": entity(r)})
	var allowed []access.Action
	for i, d := range answer["evaluations"].([]any) {
		if d.(map[string]any)["decision"].(bool) {
			allowed = append(allowed, all[i])
		}
	}
	require.ElementsMatch(s, actions, allowed, "what %s may do to %s", who, r)
	found := s.finds("action", fields{"subject": entity(who), "resource": entity(r)})
	require.ElementsMatch(s, texts(actions), found, "what is found for %s on %s", who, r)
}

// reaches checks on exactly which resources of the type the subject may do it, by a search that looks through everything there is.
func (s *story) reaches(subject any, action access.Action, of access.Type, ids ...string) {
	s.Helper()
	found := s.finds("resource", fields{"subject": entity(testenv.Object(subject)), "action": fields{"name": action}, "resource": fields{"type": of}})
	require.ElementsMatch(s, ids, found, "where %s may %s", testenv.Object(subject), action)
}

// may asks one question.
func (s *story) may(subject any, action access.Action, resource any) bool {
	s.Helper()
	return s.answers(subject, action, resource)["decision"].(bool)
}

// answers is all that is said to one question.
func (s *story) answers(subject any, action access.Action, resource any) map[string]any {
	s.Helper()
	return s.decides("evaluation", question(subject, action, resource))
}

// likeNothing checks that what is at the path with the ID answers the user byte for byte like what is not there (C6).
func (s *story) likeNothing(user access.UserID, path, id string) {
	s.Helper()
	ask := func(id string) testenv.Answer {
		return s.Do(testenv.Call{
			Method: http.MethodGet, Path: path + id, Key: testenv.RootKey, Actor: string(user), Header: http.Header{"X-Request-Id": {"r"}},
		})
	}
	nothing := "no-" + id
	there, missing := ask(id), ask(nothing)
	require.Equal(s, missing.Status, there.Status)
	require.Equal(s, strings.ReplaceAll(string(missing.Body), nothing, id), string(there.Body))
}

// decides is the answer of the decision endpoint to the question, asked by the backend's key.
func (s *story) decides(endpoint string, question fields) map[string]any {
	s.Helper()
	if s.given != nil {
		question["context"] = s.given
	}
	return s.Admin().Does(http.MethodPost, "/access/v1/"+endpoint, question)
}

// finds is all results of a search, by ID or name.
func (s *story) finds(kind string, question fields) []string {
	s.Helper()
	answer := s.decides("search/"+kind, question)
	require.Empty(s, answer["page"].(map[string]any)["next_token"], "the search has another page")
	found := []string{}
	for _, r := range items(answer, "results") {
		if kind == "action" {
			found = append(found, r["name"].(string))
		} else {
			found = append(found, r["id"].(string))
		}
	}
	return found
}

// audit is the record as the user reads it, filtered by the query.
func (s *story) audit(user access.UserID, query string) []map[string]any {
	s.Helper()
	return items(s.As(user).Does(http.MethodGet, "/v1/audit?"+query, nil), "items")
}

// The types of the model whose IDs have no type of their own.
func document(id string) access.Object  { return access.Object{Type: access.TypeDocument, ID: id} }
func mcpServer(id string) access.Object { return access.Object{Type: access.TypeMCPServer, ID: id} }
func metric(id string) access.Object    { return access.Object{Type: access.TypeMetric, ID: id} }
func apiKey(secret string) access.Object {
	return access.Object{Type: access.TypeAPIKey, ID: secret}
}
func feature(bot access.ChatbotID, name string) access.Object {
	return access.Object{Type: access.TypeFeature, ID: access.FeatureID(bot, name)}
}

// visitor is anyone who has not logged in.
var visitor = access.Object{Type: access.TypeVisitor, ID: "somebody"}

// question asks whether the subject may do it.
func question(subject any, action access.Action, resource any) fields {
	return fields{"subject": entity(testenv.Object(subject)), "action": fields{"name": action}, "resource": entity(testenv.Object(resource))}
}

func entity(o access.Object) fields { return fields{"type": o.Type, "id": o.ID} }

// items are the objects of a list in an answer.
func items(answer map[string]any, name string) []map[string]any {
	var all []map[string]any
	for _, i := range answer[name].([]any) {
		all = append(all, i.(map[string]any))
	}
	return all
}

// each is one member of every object of a list.
func each(all []map[string]any, name string) []string {
	values := []string{}
	for _, i := range all {
		values = append(values, i[name].(string))
	}
	return values
}

func texts[T ~string](values []T) []string {
	s := []string{}
	for _, v := range values {
		s = append(s, string(v))
	}
	return s
}

// at is the path of what belongs to a chatbot.
func at(bot access.ChatbotID, segments ...string) string {
	return testenv.Path(append([]string{"v1", "chatbots", string(bot)}, segments...)...)
}

// text is the JSON of a part of an answer, to look for words in it.
func (s *story) text(v any) string {
	s.Helper()
	text, err := json.Marshal(v)
	require.NoError(s, err)
	return string(text)
}

// lines are those of a text that are not empty.
func lines(text []byte) []string {
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

// without is the people except these.
func without(people []access.UserID, these ...access.UserID) []access.UserID {
	return slices.DeleteFunc(slices.Clone(people), func(u access.UserID) bool { return slices.Contains(these, u) })
}
