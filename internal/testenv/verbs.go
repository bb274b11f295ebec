package testenv

import (
	"net/http"

	"github.com/grantway/grantway/internal/access"
)

// SetsRow sets the user's row in the chatbot's permission matrix. Without actions the row gives no access at all (M6).
func (c *Caller) SetsRow(bot access.ChatbotID, user access.UserID, actions ...access.Action) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, rowPath(bot, user), Fields{"actions": append([]access.Action{}, actions...)})
}

// RemovesRow removes the user's row from the chatbot's permission matrix, which restores what the user's role gives (M6).
func (c *Caller) RemovesRow(bot access.ChatbotID, user access.UserID) map[string]any {
	c.Helper()
	return c.Does(http.MethodDelete, rowPath(bot, user), nil)
}

func rowPath(bot access.ChatbotID, user access.UserID) string {
	return Path("v1", "chatbots", string(bot), "permissions", string(user))
}

// SetsLink sets whom the chatbot's public link admits, and returns the link: "" for nobody, or where the change is refused.
func (c *Caller) SetsLink(bot access.ChatbotID, mode access.Audience) string {
	c.Helper()
	return link(c.Does(http.MethodPut, Path("v1", "chatbots", string(bot), "public-access"), Fields{"mode": mode}))
}

// RotatesLink replaces the chatbot's public link, and returns the new one.
func (c *Caller) RotatesLink(bot access.ChatbotID) string {
	c.Helper()
	return link(c.Does(http.MethodPost, Path("v1", "chatbots", string(bot), "public-access", "rotate"), nil))
}

func link(answer map[string]any) string {
	link, _ := answer["link"].(string)
	return link
}

// MakesAPIKey creates an API key of the chatbot. The answer has its id and its secret.
func (c *Caller) MakesAPIKey(bot access.ChatbotID, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPost, Path("v1", "chatbots", string(bot), "api-keys"), f)
}

// DeletesAPIKey deletes the API key of the chatbot that the answer to MakesAPIKey describes.
func (c *Caller) DeletesAPIKey(bot access.ChatbotID, made map[string]any) map[string]any {
	c.Helper()
	id, _ := made["id"].(string)
	return c.Does(http.MethodDelete, Path("v1", "chatbots", string(bot), "api-keys", id), nil)
}

// GrantsPlatformRole gives the user a role on the platform.
func (c *Caller) GrantsPlatformRole(role access.PlatformRole, user access.UserID) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "platform", "roles", string(role), string(user)), nil)
}

// RevokesPlatformRole takes the user's role on the platform away.
func (c *Caller) RevokesPlatformRole(role access.PlatformRole, user access.UserID) map[string]any {
	c.Helper()
	return c.Does(http.MethodDelete, Path("v1", "platform", "roles", string(role), string(user)), nil)
}

// PutsRole creates or changes a functional role; without an organization in f it is platform-wide.
func (c *Caller) PutsRole(role access.RoleID, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "roles", string(role)), f)
}

// Assigns gives the user a functional role.
func (c *Caller) Assigns(role access.RoleID, user access.UserID) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "roles", string(role), "assignees", string(user)), nil)
}

// Unassigns takes a functional role away from the user.
func (c *Caller) Unassigns(role access.RoleID, user access.UserID) map[string]any {
	c.Helper()
	return c.Does(http.MethodDelete, Path("v1", "roles", string(role), "assignees", string(user)), nil)
}

// PutsGroup creates or changes a group.
func (c *Caller) PutsGroup(group access.GroupID, f Fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "groups", string(group)), f)
}

// PutsGroupMember adds a user (an access.UserID) or an address (an access.Email) to the group.
func (c *Caller) PutsGroupMember(group access.GroupID, member any) map[string]any {
	c.Helper()
	return c.Does(http.MethodPut, Path("v1", "groups", string(group), "members", principal(member)), nil)
}

// RemovesGroupMember takes a user or an address off the group's list.
func (c *Caller) RemovesGroupMember(group access.GroupID, member any) map[string]any {
	c.Helper()
	return c.Does(http.MethodDelete, Path("v1", "groups", string(group), "members", principal(member)), nil)
}
