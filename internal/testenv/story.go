package testenv

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

// Caller is somebody who acts in a story, and how it goes.
type Caller struct {
	*Env
	key, actor string
	kind       access.Kind // the refusal that is expected, or ""
	rule       string
}

// As is the user, for whom the root key acts.
func (e *Env) As(user access.UserID) *Caller {
	return &Caller{Env: e, key: RootKey, actor: string(user)}
}

// With is the holder of the key, acting for nobody else.
func (e *Env) With(key string) *Caller { return &Caller{Env: e, key: key} }

// Admin is the root key, acting as a site admin.
func (e *Env) Admin() *Caller { return e.With(RootKey) }

// Refused expects that what the caller does next is refused like that; "" is any rule.
func (c *Caller) Refused(kind access.Kind, rule string) *Caller {
	again := *c
	again.kind, again.rule = kind, rule
	return &again
}

// Does makes a call, and fails the test where it does not go as expected. It returns the answer's JSON.
func (c *Caller) Does(method, path string, body any) map[string]any {
	c.Helper()
	a := c.Do(Call{Method: method, Path: path, Body: body, Key: c.key, Actor: c.actor})
	about := fmt.Sprintf("%s %s by %q: %d %s", method, path, c.actor, a.Status, a.Body)
	var answer map[string]any
	require.NoError(c, json.Unmarshal(a.Body, &answer), about)
	if c.kind == "" {
		require.Less(c, a.Status, 300, about)
		return answer
	}
	require.Equal(c, problem.Status(c.kind), a.Status, about)
	require.Equal(c, "urn:grantway:error:"+string(c.kind), answer["type"], about)
	if c.rule != "" {
		require.Equal(c, c.rule, answer["rule"], about)
	}
	return answer
}

// Fields are the members of a body.
type Fields map[string]any

// PutsUser creates or changes a user.
func (c *Caller) PutsUser(user access.UserID, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "users", string(user)), f)
}

// PutsOrganization creates or changes an organization; f names its owner at creation.
func (c *Caller) PutsOrganization(org access.OrganizationID, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "organizations", string(org)), f)
}

// PutsMember gives the user the role in the organization.
func (c *Caller) PutsMember(org access.OrganizationID, user access.UserID, role access.OrgRole) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "organizations", string(org), "members", string(user)), Fields{"role": role})
}

// AcceptsOwnership accepts the ownership that the answer to PutsMember offers.
func (c *Caller) AcceptsOwnership(offer map[string]any) map[string]any {
	c.Helper()
	return c.Does(http.MethodPost, "/v1/invitations/accept", Fields{"invitation": offer["invitation"].(map[string]any)["id"]})
}

// RemovesMember ends the user's role in the organization.
func (c *Caller) RemovesMember(org access.OrganizationID, user access.UserID) map[string]any {
	c.Helper()
	return c.Does(http.MethodDelete, Path("v1", "organizations", string(org), "members", string(user)), nil)
}

// PutsTeam creates or changes a team.
func (c *Caller) PutsTeam(team access.TeamID, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "teams", string(team)), f)
}

// PutsTeamMember puts the user into the team.
func (c *Caller) PutsTeamMember(team access.TeamID, user access.UserID, role access.TeamRole) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "teams", string(team), "members", string(user)), Fields{"role": role})
}

// PutsChatbot creates or changes a chatbot.
func (c *Caller) PutsChatbot(bot access.ChatbotID, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "chatbots", string(bot)), f)
}

// Transfers makes another user the chatbot's owner.
func (c *Caller) Transfers(bot access.ChatbotID, to access.UserID) map[string]any {
	c.Helper()
	return c.Does(http.MethodPost, Path("v1", "chatbots", string(bot), "transfer"), Fields{"to": to})
}

// Shares shares the chatbot with a user, a team, an organization, a role, a group, an address or a principal.
func (c *Caller) Shares(bot access.ChatbotID, with any, level access.Level) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "chatbots", string(bot), "shares", principal(with)), Fields{"access": level})
}

// Asks shares the chatbot like Shares where that takes a request, and returns the request.
func (c *Caller) Asks(bot access.ChatbotID, with any, level access.Level) map[string]any {
	c.Helper()
	answer := c.Shares(bot, with, level)
	require.Equal(c, "pending", answer["state"], "%v", answer)
	request, _ := answer["request"].(map[string]any)
	require.NotEmpty(c, request["id"], "%v", answer)
	return request
}

// Approves approves the request at the level, in the revision that it was read in.
func (c *Caller) Approves(request map[string]any, level access.Level) map[string]any {
	c.Helper()
	return c.Decides(request, "approve", Fields{"access": level, "revision": request["revision"]})
}

// Decides approves, denies or cancels the request.
func (c *Caller) Decides(request map[string]any, verb string, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPost, Path("v1", "requests", fmt.Sprint(request["id"]), verb), f)
}

// Hears reads what the user was told and marks it as read, the newest first.
func (c *Caller) Hears() (messages []string) {
	c.Helper()
	for _, n := range c.Does(http.MethodGet, "/v1/notifications?unread=true", nil)["items"].([]any) {
		n := n.(map[string]any)
		messages = append(messages, fmt.Sprint(n["message"]))
		c.Does(http.MethodPost, Path("v1", "notifications", fmt.Sprint(n["id"]), "read"), nil)
	}
	return messages
}

// Unshares ends the share.
func (c *Caller) Unshares(bot access.ChatbotID, with any) map[string]any {
	c.Helper()
	return c.Does(http.MethodDelete, Path("v1", "chatbots", string(bot), "shares", principal(with)), nil)
}

// SetsPolicy sets and unsets gates of the chatbot.
func (c *Caller) SetsPolicy(bot access.ChatbotID, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "chatbots", string(bot), "policy"), f)
}

// PutsFeature sets a feature of the chatbot.
func (c *Caller) PutsFeature(bot access.ChatbotID, name string, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "chatbots", string(bot), "features", name), f)
}

// collections are the paths of what hangs on a chatbot.
var collections = map[access.Type]string{
	access.TypeDocument: "documents", access.TypeMCPServer: "mcp-servers", access.TypeMetric: "metrics",
}

// Puts creates or changes a document, an MCP server or a metric.
func (c *Caller) Puts(o access.Object, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", collections[o.Type], o.ID), f)
}

// Lists gives the IDs of the chatbot's documents, MCP servers or metrics that the subject may use, or of all of them for "".
func (c *Caller) Lists(bot access.ChatbotID, t access.Type, subject string) []string {
	c.Helper()
	path := Path("v1", "chatbots", string(bot), collections[t])
	if subject != "" {
		path += "?subject=" + url.QueryEscape(subject)
	}
	ids := []string{}
	items, _ := c.Does(http.MethodGet, path, nil)["items"].([]any)
	for _, item := range items {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	return ids
}

// Sees reads what is at the path.
func (c *Caller) Sees(segments ...string) map[string]any {
	c.Helper()
	return c.Does(http.MethodGet, Path(segments...), nil)
}

// Invites invites whoever has the address, with what comes with it, and returns the answer, in which the token is.
func (c *Caller) Invites(org access.OrganizationID, to access.Email, role access.OrgRole, shares map[access.ChatbotID]access.Level) map[string]any {
	c.Helper()
	come := []Fields{}
	for bot, level := range shares {
		come = append(come, Fields{"chatbot": bot, "access": level})
	}
	return c.Does(http.MethodPost, Path("v1", "organizations", string(org), "invitations"), Fields{"email": to, "role": role, "shares": come})
}

// Accepts accepts the invitation that the token is of.
func (c *Caller) Accepts(token string) map[string]any {
	c.Helper()
	return c.Does(http.MethodPost, "/v1/invitations/accept", Fields{"token": token})
}

// MakesKey makes an account key and returns its secret.
func (c *Caller) MakesKey(f Fields) string {
	c.Helper()
	secret, _ := c.Does(http.MethodPost, "/v1/keys", f)["secret"].(string)
	return secret
}

// Can checks that the subject, a user unless it is an access.Object, may do it to the resource.
func (e *Env) Can(subject any, action access.Action, resource any) {
	e.Helper()
	require.True(e, e.decide(subject, action, resource), "%v cannot %s %v", subject, action, resource)
}

// Cannot is the opposite of Can.
func (e *Env) Cannot(subject any, action access.Action, resource any) {
	e.Helper()
	require.False(e, e.decide(subject, action, resource), "%v can %s %v", subject, action, resource)
}

func (e *Env) decide(subject any, action access.Action, resource any) bool {
	e.Helper()
	answer := e.Admin().Does(http.MethodPost, "/access/v1/evaluation", Fields{
		"subject": Object(subject), "action": Fields{"name": action}, "resource": Object(resource),
	})
	decision, ok := answer["decision"].(bool)
	require.True(e, ok, "%v", answer)
	return decision
}

// principal is how a path names whom a chatbot is shared with.
func principal(with any) string {
	switch p := with.(type) {
	case access.Principal:
		return p.String()
	case access.Email:
		return access.Principal{Kind: access.PrincipalEmail, ID: string(p)}.String()
	}
	return Object(with).String()
}

// Object is what an ID names, by its type; an access.Object is itself.
func Object(id any) access.Object {
	switch id := id.(type) {
	case access.Object:
		return id
	case access.UserID:
		return access.Obj(access.TypeUser, id)
	case access.OrganizationID:
		return access.Obj(access.TypeOrganization, id)
	case access.TeamID:
		return access.Obj(access.TypeTeam, id)
	case access.RoleID:
		return access.Obj(access.TypeRole, id)
	case access.GroupID:
		return access.Obj(access.TypeGroup, id)
	case access.ChatbotID:
		return access.Obj(access.TypeChatbot, id)
	}
	panic(fmt.Sprintf("%T is not the ID of anything", id))
}
