package sharing

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/record"
	"github.com/grantway/grantway/internal/store"
)

const (
	// DefaultSessionLifetime is how long a session lasts (D6).
	DefaultSessionLifetime = 30 * 24 * time.Hour
	// SignInLinkTTL is how long a link can be used to sign in (D4).
	SignInLinkTTL = time.Hour
	// maxDevice is how many bytes of a User-Agent are kept.
	maxDevice = 200
)

// SignInLinkResult is the new link and its secret, which is shown here and never again.
type SignInLinkResult struct {
	Change
	Link   access.SignInLink
	Secret string
}

// MakeSignInLink makes a one-time link with which the user can sign in to the console, and ends earlier ones (D4). It takes the right to act as anybody:
// an unconfined full key that acts for itself.
func (s *Service) MakeSignInLink(ctx context.Context, actor access.Actor, user access.UserID) (r SignInLinkResult, err error) {
	minted := s.secrets.NewSignInLink()
	o := access.Obj(access.TypeUser, user)
	r.Change, err = s.change(ctx, actor, "sign_in_link.create", o, func(c *change) error {
		if c.actor.Limited(access.KeyFull) {
			return access.Deniedf("B1", "you need a full account key")
		}
		if !c.actor.Unconfined() {
			return access.Deniedf("D4", "you need a full account key that is not confined, and must not act for a user")
		}
		u, known, err := c.User(user)
		if err != nil {
			return err
		}
		if !known || u.Deleted {
			return access.NotFound(o)
		}
		if u.Gone() {
			return access.Conflictf("N2", "%s is not active", o)
		}
		if err := c.DeleteSignInLinks(user); err != nil {
			return err
		}
		r.Link, r.Secret = access.SignInLink{User: user, ExpiresAt: c.now.Add(SignInLinkTTL).Truncate(time.Second)}, minted.Text
		c.state(nil, r.Link)
		return c.PutSignInLink(r.Link, minted.Digest)
	})
	return r, err
}

// Browser is where somebody signs in from.
type Browser struct {
	Device    string // its User-Agent
	Address   string // its IP address
	RequestID string
}

// SessionResult is a new session and its secret, which the browser keeps.
type SessionResult struct {
	Change
	Session access.Session
	Secret  string
}

// errSignInLink says the same whatever is wrong with a link (D7).
var errSignInLink = access.Refuse(access.KindUnauthenticated, "D4", "this link was used, was replaced, has expired or is incomplete")

// SignInByLink begins a session of the person whose link it is, and uses the link up (D4). Every other failure than one of the store is the same error
// of kind Unauthenticated.
func (s *Service) SignInByLink(ctx context.Context, link string, from Browser) (r SessionResult, err error) {
	digests := s.secrets.Digests(link)
	actor := access.Actor{Address: from.Address, RequestID: from.RequestID}
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		l, known, err := signInLink(tx, digests, s.now())
		if err == nil && !known {
			err = errSignInLink
		}
		actor.User = l.User
		return err
	}); err != nil {
		actor.User = ""
		s.refusedAtDoor(actor, access.Object{Type: record.TypeRoute, ID: "sign in by link"}, err)
		return r, err
	}
	id, minted := s.secrets.NewSession()
	r.Change, err = s.change(ctx, actor, "session.begin", access.Obj(access.TypeUser, actor.User), func(c *change) error {
		l, known, err := signInLink(c.Tx, digests, c.now)
		if err != nil {
			return err
		}
		if !known || l.User != c.actor.User {
			return errSignInLink
		}
		if err := c.DeleteSignInLinks(l.User); err != nil {
			return err
		}
		r.Session = access.Session{
			ID: id, User: l.User, Method: access.SignedInByLink, Device: device(from.Device), Address: from.Address,
			CreatedAt: c.now, SignedInAt: c.now, LastSeen: c.now, ExpiresAt: c.now.Add(c.s.sessionLifetime),
		}
		r.Secret = minted.Text
		c.state(nil, r.Session)
		return c.PutSession(r.Session, minted.Digest)
	})
	if access.KindOf(err) == access.KindUnauthenticated {
		err = errSignInLink
	}
	return r, err
}

// signInLink gives the link with one of the digests, if it can still be used.
func signInLink(tx *store.Tx, digests []string, now time.Time) (access.SignInLink, bool, error) {
	for _, d := range digests {
		if l, known, err := tx.SignInLinkByDigest(d); err != nil || known {
			return l, known && now.Before(l.ExpiresAt), err
		}
	}
	return access.SignInLink{}, false, nil
}

// device shortens a User-Agent to what is kept.
func device(userAgent string) string {
	userAgent = strings.ToValidUTF8(userAgent, "\uFFFD")
	if len(userAgent) > maxDevice {
		userAgent = strings.ToValidUTF8(userAgent[:maxDevice], "")
	}
	return userAgent
}

// Sessions lists the user's sessions, the newest first: for the user, for site admins, and for the owners and admins of the user's home (D6).
func (s *Service) Sessions(ctx context.Context, actor access.Actor, user access.UserID) (found []access.Session, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if err := c.handlesSessions(user); err != nil {
			return err
		}
		all, err := c.SessionsOf(user)
		found = slices.DeleteFunc(all, func(s access.Session) bool { return s.ExpiredAt(c.now) })
		slices.SortFunc(found, func(a, b access.Session) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
		})
		return err
	})
	return found, err
}

// typeSession is the type of sessions, which are no objects of the model.
const typeSession access.Type = "session"

// EndSession ends a session, for those who may list it (D6). To others it is not there.
func (s *Service) EndSession(ctx context.Context, actor access.Actor, id access.SessionID) (Change, error) {
	o := access.Obj(typeSession, id)
	return s.change(ctx, actor, "session.end", o, func(c *change) error {
		session, known, err := c.Session(id)
		if err != nil {
			return err
		}
		if !known || session.ExpiredAt(c.now) {
			return access.NotFound(o)
		}
		switch err := c.handlesSessions(session.User); access.KindOf(err) {
		case access.KindDenied, access.KindNotFound:
			return access.NotFound(o)
		default:
			if err != nil {
				return err
			}
		}
		c.resource = access.Obj(access.TypeUser, session.User)
		c.state(session, nil)
		return c.DeleteSession(id)
	})
}

// EndSessions ends all sessions of the user but the actor's own, for those who may list them (D6). Links with which the user could sign in end with them.
func (s *Service) EndSessions(ctx context.Context, actor access.Actor, user access.UserID) (ended int, ch Change, err error) {
	ch, err = s.change(ctx, actor, "session.end_all", access.Obj(access.TypeUser, user), func(c *change) error {
		ended = 0
		if err := c.handlesSessions(user); err != nil {
			return err
		}
		all, err := c.SessionsOf(user)
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(all, func(s access.Session) bool { return s.ID == c.actor.Session })
		for _, session := range others {
			if err := c.DeleteSession(session.ID); err != nil {
				return err
			}
		}
		link, linked, err := c.SignInLinkOf(user)
		if err != nil {
			return err
		}
		if ended = len(others); ended > 0 {
			c.state(others, nil)
		} else if linked {
			c.state(link, nil)
		}
		return c.DeleteSignInLinks(user)
	})
	return ended, ch, err
}

// handlesSessions refuses an actor who is not the user, nor somebody who manages the user (D6).
func (c *caller) handlesSessions(user access.UserID) error {
	o := access.Obj(access.TypeUser, user)
	u, known, err := c.User(user)
	if err != nil {
		return err
	}
	if !known || u.Deleted {
		return access.NotFound(o)
	}
	if c.actor.User == user {
		return nil
	}
	if seen, err := c.seesUser(user); err != nil {
		return err
	} else if !seen {
		return access.NotFound(o)
	}
	if admin, err := c.may(access.Administer, access.PlatformObject); err != nil || admin {
		return err
	}
	home, manages := access.Obj(access.TypeOrganization, u.Organization), false
	if u.Organization != "" {
		if manages, err = c.may(access.Update, home); err != nil {
			return err
		}
	}
	if !manages {
		return access.Deniedf("D6", "you need to be a site admin, or an owner or admin of the home organization of %s", o)
	}
	return c.fromAllowedAddress(home)
}

// forgetSignIns deletes sessions and links that have expired.
func (s *Service) forgetSignIns(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *store.Tx) error { return tx.DeleteExpiredSignIns(s.now()) })
}
