package httpapi

import (
	"context"
	"fmt"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Notification is a notification of the acting user.
type Notification struct {
	ID        access.NotificationID   `json:"id"`
	Kind      access.NotificationKind `json:"kind"`
	Message   string                  `json:"message" doc:"the notification in one sentence"`
	Chatbot   *access.ChatbotID       `json:"chatbot" doc:"null if it is about an organization"`
	Principal *access.Principal       `json:"principal" doc:"who the chatbot is shared with, or the request is about; or the organization"`
	Access    *access.Level           `json:"access"`
	Request   *access.RequestID       `json:"request"`
	State     *access.RequestState    `json:"state" doc:"state of the request at that time"`
	APIKey    *access.KeyID           `json:"api_key"`
	Keys      []access.KeyID          `json:"account_keys,omitempty" nullable:"false" doc:"keys that do not work until somebody takes them over (B5)"`
	In        *access.OrganizationID  `json:"organization" doc:"the organization these account keys are confined to"`
	By        string                  `json:"by" doc:"who caused it: user:ID, key:ID or system"`
	CreatedAt time.Time               `json:"created_at"`
	ReadAt    *time.Time              `json:"read_at" doc:"null while it is unread"`

	Role       *access.OrgRole      `json:"role" doc:"in the organization"`
	Invitation *access.InvitationID `json:"invitation" doc:"the invitation that offers the ownership of the organization (O7)"`
}

func showNotification(n access.Notification) Notification {
	return Notification{
		ID: n.ID, Kind: n.Kind, Message: message(n), Chatbot: orNull(n.Chatbot), Principal: orNull(n.Principal), Access: orNull(n.Level),
		Request: orNull(n.Request), State: orNull(n.State), APIKey: orNull(n.APIKey),
		Keys: n.AccountKeys, In: orNull(n.Organization), By: n.By, CreatedAt: n.CreatedAt.UTC(), ReadAt: timeOrNull(n.ReadAt),
		Role: orNull(n.Role), Invitation: orNull(n.Invitation),
	}
}

// message says what a notification is about.
func message(n access.Notification) string {
	switch n.Kind {
	case access.NotifyShared:
		return fmt.Sprintf("%s shared chatbot %s with %s at %s.", n.By, n.Chatbot, n.Principal, n.Level)
	case access.NotifyShareChanged:
		return fmt.Sprintf("%s changed the share of chatbot %s with %s to %s.", n.By, n.Chatbot, n.Principal, n.Level)
	case access.NotifyRequest:
		return fmt.Sprintf("%s wants to share chatbot %s with %s at %s. You can approve or deny the request.", n.By, n.Chatbot, n.Principal, n.Level)
	case access.NotifyRequestDecided:
		became := "was " + string(n.State)
		if n.State == access.RequestExpired || n.State == access.RequestFailed {
			became = "has " + string(n.State)
		}
		return fmt.Sprintf("Your request to share chatbot %s with %s at %s %s.", n.Chatbot, n.Principal, n.Level, became)
	case access.NotifyKeyOrphaned:
		return fmt.Sprintf("The creator of API key %s of your chatbot %s can no longer deploy it. The key still works.", n.APIKey, n.Chatbot)
	case access.NotifyKeysRefused:
		of := "the installation"
		if n.Organization != "" {
			of = access.Obj(access.TypeOrganization, n.Organization).String()
		}
		if len(n.AccountKeys) == 1 {
			return fmt.Sprintf("An account key of %s no longer works, because %s lost the rights it depends on. You can take it over or delete it.", of, n.Principal)
		}
		return fmt.Sprintf("%d account keys of %s no longer work, because %s lost the rights they depend on. You can take them over or delete them.",
			len(n.AccountKeys), of, n.Principal)
	case access.NotifyKeysHandedOver:
		of := "the installation"
		if n.Organization != "" {
			of = access.Obj(access.TypeOrganization, n.Organization).String()
		}
		if len(n.AccountKeys) == 1 {
			return fmt.Sprintf("%s offboarded %s and put you in charge of an account key of %s. It now depends on your rights: take it over to get a new secret, or delete it.", n.By, n.Principal, of)
		}
		return fmt.Sprintf("%s offboarded %s and put you in charge of %d account keys of %s. They now depend on your rights: take them over to get new secrets, or delete them.",
			n.By, n.Principal, len(n.AccountKeys), of)
	case access.NotifyAdded:
		return fmt.Sprintf("%s made you %s of %s. You can leave at any time.", n.By, n.Role, n.Principal)
	case access.NotifyOwnership:
		return fmt.Sprintf("%s invites you to become an owner of %s: accept invitation %s.", n.By, n.Principal, n.Invitation)
	case access.NotifyOwnerless:
		return fmt.Sprintf("The last owner of %s was offboarded. A site admin can name a new one.", n.Principal)
	}
	return string(n.Kind)
}

type notificationsQuery struct {
	Unread bool `query:"unread" doc:"only unread ones"`
	pageQuery
}

func (a *api) listNotifications(ctx context.Context, actor access.Actor, in *notificationsQuery) (*list[Notification], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	ns, next, err := a.Sharing.Notifications(ctx, actor, sharing.NotificationQuery{Unread: in.Unread}, p)
	return listOf(ns, next, err, showNotification)
}

type notificationPath struct {
	Notification access.NotificationID `path:"notification"`
}

func (a *api) readNotification(ctx context.Context, actor access.Actor, in *notificationPath) (*Notification, error) {
	n, err := a.Sharing.ReadNotification(ctx, actor, in.Notification)
	if err != nil {
		return nil, err
	}
	return ref(showNotification(n)), nil
}
