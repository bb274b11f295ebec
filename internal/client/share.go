package client

import (
	"context"
	"net/http"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// Share gives the principal the level on the chatbot, until the expiry if it is not the zero time, and returns the answer as the server
// wrote it. A share in force gets the new level; without an expiry it keeps the one it has.
func (c *Client) Share(ctx context.Context, s access.Share) ([]byte, error) {
	wanted := struct {
		Access    access.Level `json:"access"`
		ExpiresAt string       `json:"expires_at,omitempty"`
	}{Access: s.Level}
	if !s.ExpiresAt.IsZero() {
		wanted.ExpiresAt = s.ExpiresAt.UTC().Format(time.RFC3339)
	}
	body, err := jsonBody(wanted)
	if err != nil {
		return nil, err
	}
	return c.answer(ctx, request{
		method: http.MethodPut, path: sharePath(s.Chatbot, s.Principal), body: body, contentType: "application/json",
	})
}

// Unshare removes the principal's share of the chatbot, and returns the answer as the server wrote it.
func (c *Client) Unshare(ctx context.Context, chatbot access.ChatbotID, principal access.Principal) ([]byte, error) {
	return c.answer(ctx, request{method: http.MethodDelete, path: sharePath(chatbot, principal)})
}

func sharePath(chatbot access.ChatbotID, principal access.Principal) []string {
	return []string{"v1", "chatbots", string(chatbot), "shares", principal.String()}
}
