package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// mustBePerson refuses actors without a user, because only users have notifications (N3).
func mustBePerson(actor access.Actor) error {
	switch {
	case actor.User != "":
		return nil
	case actor.Key != "" && actor.Access != access.KeyFull:
		return access.Deniedf("B1", "only users have notifications, and a %s key cannot act for one", actor.Access)
	}
	return access.Deniedf("B2", "only users have notifications: send Grantway-Actor")
}

// NotificationQuery filters a list of notifications.
type NotificationQuery struct {
	Unread bool
}

// Notifications lists the acting user's notifications, newest first (N3).
func (s *Service) Notifications(ctx context.Context, actor access.Actor, q NotificationQuery, p Page) (ns []access.Notification, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if err := mustBePerson(actor); err != nil {
			return err
		}
		ns, next, err = visible(p,
			func(before string, limit int) ([]access.Notification, error) {
				return c.Notifications(actor.User, store.NotificationFilter(q), access.NotificationID(before), limit)
			},
			func(n access.Notification) string { return string(n.ID) },
			func(ns []access.Notification) ([]bool, error) {
				mine := make([]bool, len(ns))
				for i, n := range ns {
					var err error
					if mine[i], err = c.ownsNotification(n); err != nil {
						return nil, err
					}
				}
				return mine, nil
			})
		return err
	})
	return ns, next, err
}

// ownsNotification reports whether the notification belongs to the acting user. A confined key sees it only if it is about the key's organization: one of its
// chatbots, its account keys, or a principal that belongs to it (B3).
func (c *caller) ownsNotification(n access.Notification) (bool, error) {
	if n.User != c.actor.User || c.actor.User == "" {
		return false, nil
	}
	if inside, err := c.keyReaches(access.Obj(access.TypeChatbot, n.Chatbot)); err != nil || inside {
		return inside, err
	}
	if n.Organization != "" {
		return c.keyReaches(access.Obj(access.TypeOrganization, n.Organization))
	}
	return c.keyReaches(access.Object{Type: access.Type(n.Principal.Kind), ID: n.Principal.ID})
}

// ReadNotification marks the notification as read, the first time, and returns it. This is not a change of access and leaves no entry in the record.
func (s *Service) ReadNotification(ctx context.Context, actor access.Actor, id access.NotificationID) (n access.Notification, err error) {
	if err := mustBePerson(actor); err != nil {
		s.recordRefusal(ctx, actor, step{action: "notification.read", resource: access.Obj("notification", id)}, err)
		return n, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		c := s.caller(ctx, tx, actor)
		if err := c.stillCalls(); err != nil {
			return err
		}
		if err := c.mayChange(); err != nil {
			return err
		}
		var ok bool
		if n, ok, err = c.Notification(id); err != nil {
			return err
		}
		if ok {
			if ok, err = c.ownsNotification(n); err != nil {
				return err
			}
		}
		if !ok {
			return access.NotFound(access.Obj("notification", id))
		}
		if !n.ReadAt.IsZero() {
			return nil
		}
		n.ReadAt = c.now
		return c.Tx.ReadNotification(id, c.now)
	})
	return n, err
}
