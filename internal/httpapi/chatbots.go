package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Chatbot is a chatbot as callers see one.
type Chatbot struct {
	ID           access.ChatbotID      `json:"id"`
	Organization access.OrganizationID `json:"organization"`
	Owner        access.UserID         `json:"owner"`
	Name         string                `json:"name"`
	Visibility   access.Visibility     `json:"visibility"`
}

func showChatbot(b access.Chatbot) Chatbot {
	return Chatbot{ID: b.ID, Organization: b.Organization, Owner: b.Owner, Name: b.Name, Visibility: b.Visibility}
}

// ChatbotChanged is a chatbot after a change.
type ChatbotChanged struct {
	Chatbot
	Removal
}

func chatbotChanged(r sharing.ChatbotResult, err error) (*ChatbotChanged, error) {
	if err != nil {
		return nil, err
	}
	return &ChatbotChanged{Chatbot: showChatbot(r.Chatbot), Removal: Removal{Changed: changed(r.Change), Removed: some(r.Removed)}}, nil
}

type chatbotsQuery struct {
	Organization access.OrganizationID `query:"organization" doc:"only those of this organization"`
	Owner        access.UserID         `query:"owner" doc:"only those that this user owns"`
	pageQuery
}

func (a *api) listChatbots(ctx context.Context, actor access.Actor, in *chatbotsQuery) (*list[Chatbot], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	bots, next, err := a.Sharing.Chatbots(ctx, actor, sharing.ChatbotQuery{Organization: in.Organization, Owner: in.Owner}, p)
	return listFrom(p, bots, next, err, showChatbot)
}

type chatbotPath struct {
	Chatbot access.ChatbotID `path:"chatbot"`
}

func (a *api) getChatbot(ctx context.Context, actor access.Actor, in *chatbotPath) (*Chatbot, error) {
	b, err := a.Sharing.Chatbot(ctx, actor, in.Chatbot)
	if err != nil {
		return nil, err
	}
	return ref(showChatbot(b)), nil
}

// ChatbotPatch is the body of a PUT on a chatbot.
type ChatbotPatch struct {
	Organization access.Optional[access.OrganizationID] `json:"organization,omitzero" doc:"required at creation; cannot change (I3)"`
	Owner        access.Optional[access.UserID]         `json:"owner,omitzero" doc:"at creation, by default the actor; later, transfer the chatbot instead"`
	Name         access.Optional[string]                `json:"name,omitzero"`
	Visibility   access.Optional[access.Visibility]     `json:"visibility,omitzero" doc:"default shared"`
}

type putChatbot struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	Body    ChatbotPatch
}

func (a *api) putChatbot(ctx context.Context, actor access.Actor, in *putChatbot) (*ChatbotChanged, error) {
	return chatbotChanged(a.Sharing.PutChatbot(ctx, actor, in.Chatbot, sharing.ChatbotPatch(in.Body)))
}

func (a *api) deleteChatbot(ctx context.Context, actor access.Actor, in *chatbotPath) (*Removal, error) {
	return removal(a.Sharing.DeleteChatbot(ctx, actor, in.Chatbot))
}

// Transfer is the body of a transfer.
type Transfer struct {
	To access.UserID `json:"to" doc:"the new owner: an owner, admin or member of the organization (A1)"`
}

type transferChatbot struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	Body    Transfer
}

func (a *api) transferChatbot(ctx context.Context, actor access.Actor, in *transferChatbot) (*ChatbotChanged, error) {
	return chatbotChanged(a.Sharing.TransferChatbot(ctx, actor, in.Chatbot, in.Body.To))
}
