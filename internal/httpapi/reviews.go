package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
)

// UserOnChatbot is what a user has on the chatbot that is reviewed.
type UserOnChatbot struct {
	User access.UserID `json:"user"`
	Held
}

// ChatbotOfUser is what the user that is reviewed has on a chatbot.
type ChatbotOfUser struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	Held
}

// Held is what somebody has, and through what.
type Held struct {
	Actions []access.Action `json:"actions" nullable:"false" doc:"the actions that decisions without values allow"`
	Through []string        `json:"through" nullable:"false" doc:"everything that gives access, or would without the row"`
}

func showHeld(h decision.Held) Held { return Held{Actions: h.Actions, Through: some(h.Through)} }

// ChatbotAccess is one page of who has what on a chatbot.
type ChatbotAccess struct {
	Items         []UserOnChatbot `json:"items" nullable:"false"`
	NextPageToken string          `json:"next_page_token" doc:"page_token for the next page; empty on the last page"`
	Everyone      *access.Level   `json:"everyone" doc:"the level of its share with everyone; users with no more than that are not listed"`
	PublicLink    access.Audience `json:"public_link" doc:"the mode of its public link"`
}

func (a *api) chatbotAccess(ctx context.Context, actor access.Actor, in *chatbotQuery) (*ChatbotAccess, error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	if err := a.Sharing.MayReview(ctx, actor, in.Chatbot); err != nil {
		return nil, err
	}
	everyone, link, err := a.Decisions.OpenTo(ctx, in.Chatbot)
	if err != nil {
		return nil, err
	}
	held, next, err := a.Decisions.ChatbotAccess(ctx, actor, in.Chatbot, access.UserID(p.After), p.Limit)
	l, err := listOf(held, string(next), err, func(h decision.Held) UserOnChatbot { return UserOnChatbot{h.User, showHeld(h)} })
	if err != nil {
		return nil, err
	}
	return &ChatbotAccess{Items: l.Items, NextPageToken: l.NextPageToken, Everyone: orNull(everyone), PublicLink: link}, nil
}

type userQuery struct {
	User access.UserID `path:"user"`
	pageQuery
}

func (a *api) userAccess(ctx context.Context, actor access.Actor, in *userQuery) (*list[ChatbotOfUser], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	if _, err := a.Sharing.User(ctx, actor, in.User); err != nil {
		return nil, err
	}
	mayKnow := func(bots []access.ChatbotID) ([]bool, error) {
		return a.Sharing.MayReviewUser(ctx, actor, in.User, bots)
	}
	held, next, err := a.Decisions.UserAccess(ctx, actor, in.User, access.ChatbotID(p.After), p.Limit, mayKnow)
	return listOf(held, string(next), err, func(h decision.Held) ChatbotOfUser { return ChatbotOfUser{h.Chatbot, showHeld(h)} })
}
