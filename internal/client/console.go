package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// SignInLink signs a user in to the console, once.
type SignInLink struct {
	Link      string    `json:"link"`
	ExpiresAt time.Time `json:"expires_at"`
}

// SignInLink makes a link with which the user can sign in to the console, and returns the answer as the server wrote it, too.
func (c *Client) SignInLink(ctx context.Context, user access.UserID) (l SignInLink, answer []byte, err error) {
	answer, err = c.answer(ctx, request{method: http.MethodPost, path: []string{"v1", "users", string(user), "sign-in-links"}})
	if err != nil {
		return l, nil, err
	}
	if err := json.Unmarshal(answer, &l); err != nil {
		return l, nil, fmt.Errorf("the answer of %s: %w", c.Server(), err)
	}
	return l, answer, nil
}
