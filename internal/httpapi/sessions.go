package httpapi

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// SignInLink is a new one-time link to the console (D4).
type SignInLink struct {
	User      access.UserID `json:"user"`
	Link      string        `json:"link,omitempty" doc:"opens the console as the user, once; shown here and never again; a repeated call leaves it out"`
	ExpiresAt time.Time     `json:"expires_at"`
	Changed
}

func (l *SignInLink) withoutSecret() any {
	again := *l
	again.Link = ""
	return &again
}

type createSignInLink struct {
	User access.UserID `path:"user"`
}

func (a *api) createSignInLink(ctx context.Context, actor access.Actor, in *createSignInLink) (*SignInLink, error) {
	made, err := a.Sharing.MakeSignInLink(ctx, actor, in.User)
	if err != nil {
		return nil, err
	}
	return &SignInLink{
		User: made.Link.User, Link: strings.TrimRight(a.PublicURL, "/") + consolePath + "/sign-in/link#" + url.PathEscape(made.Secret),
		ExpiresAt: made.Link.ExpiresAt, Changed: changed(made.Change),
	}, nil
}

// Session is one browser in which a person is signed in to the console (D6).
type Session struct {
	ID         access.SessionID    `json:"id"`
	User       access.UserID       `json:"user"`
	Method     access.SignInMethod `json:"method" doc:"how the person signed in"`
	Device     string              `json:"device" doc:"the browser's User-Agent, at most 200 bytes"`
	Address    string              `json:"address" doc:"the IP address that signed in"`
	CreatedAt  time.Time           `json:"created_at"`
	SignedInAt time.Time           `json:"signed_in_at" doc:"when the person last proved who they are"`
	LastSeen   time.Time           `json:"last_seen" doc:"to the minute"`
	ExpiresAt  time.Time           `json:"expires_at"`
}

type sessionsQuery struct {
	User access.UserID `query:"user" doc:"whose sessions; the acting user's if left out"`
}

// Sessions are a user's, the newest first; all of them, since a person has few.
type Sessions struct {
	Items []Session `json:"items" nullable:"false"`
}

func (a *api) listSessions(ctx context.Context, actor access.Actor, in *sessionsQuery) (*Sessions, error) {
	user := in.User
	if user == "" {
		user = actor.User
	}
	if user == "" {
		return nil, access.Invalidf("D6", "name the user in ?user=, since the key acts for nobody")
	}
	found, err := a.Sharing.Sessions(ctx, actor, user)
	if err != nil {
		return nil, err
	}
	all := &Sessions{Items: make([]Session, len(found))}
	for i, s := range found {
		all.Items[i] = Session(s)
	}
	return all, nil
}

type sessionPath struct {
	Session access.SessionID `path:"session"`
}

func (a *api) deleteSession(ctx context.Context, actor access.Actor, in *sessionPath) (*Changed, error) {
	c, err := a.Sharing.EndSession(ctx, actor, in.Session)
	if err != nil {
		return nil, err
	}
	return ref(changed(c)), nil
}

// SessionsEnded says how many sessions have ended.
type SessionsEnded struct {
	Ended int `json:"ended"`
	Changed
}

func (a *api) deleteSessions(ctx context.Context, actor access.Actor, in *userPath) (*SessionsEnded, error) {
	ended, c, err := a.Sharing.EndSessions(ctx, actor, in.User)
	if err != nil {
		return nil, err
	}
	return &SessionsEnded{Ended: ended, Changed: changed(c)}, nil
}
