package store

import (
	"time"

	"github.com/grantway/grantway/internal/access"
)

const selectNotifications = `SELECT id, user_id, kind, about, created_at, read_at FROM notifications`

func scanNotification(r row) (access.Notification, error) {
	var about, stored access.Notification
	err := r.Scan(&stored.ID, &stored.User, &stored.Kind, asJSON(&about), timeColumn{&stored.CreatedAt}, timeColumn{&stored.ReadAt})
	about.ID, about.User, about.Kind, about.CreatedAt, about.ReadAt = stored.ID, stored.User, stored.Kind, stored.CreatedAt, stored.ReadAt
	return about, err
}

// AddNotification adds a notification and returns it with its ID, as newID makes it.
func (tx *Tx) AddNotification(n access.Notification) (access.Notification, error) {
	id, err := newID()
	if err != nil {
		return n, tx.fail(err, "the ID of a notification")
	}
	n.ID = access.NotificationID(id)
	return n, tx.exec(`INSERT INTO notifications (id, user_id, kind, about, created_at, read_at) VALUES `+tuple(1, 6),
		n.ID, n.User, n.Kind, asJSON(&n), micros(n.CreatedAt), micros(n.ReadAt))
}

// Notification gives the notification.
func (tx *Tx) Notification(id access.NotificationID) (access.Notification, bool, error) {
	return one(tx, scanNotification, selectNotifications+` WHERE id = $1`, id)
}

// NotificationFilter narrows Notifications.
type NotificationFilter struct {
	Unread bool
}

// Notifications lists the user's notifications, newest first, before the given one, or from the newest on if that is "".
func (tx *Tx) Notifications(user access.UserID, f NotificationFilter, before access.NotificationID, limit int) ([]access.Notification, error) {
	l := from(selectNotifications+` WHERE user_id = $1`, user)
	if f.Unread {
		l.and("read_at = ?", 0)
	}
	if before != "" {
		l.and("id < ?", before)
	}
	return many(tx, scanNotification, l.orderBy("id DESC", limit))
}

// ReadNotification notes when the user has read it, unless that is known.
func (tx *Tx) ReadNotification(id access.NotificationID, at time.Time) error {
	return tx.exec(`UPDATE notifications SET read_at = $1 WHERE id = $2 AND read_at = 0`, micros(at), id)
}

// DeleteNotificationsOf removes the user's notifications, and the emails to the user that have not been sent.
func (tx *Tx) DeleteNotificationsOf(user access.UserID) error {
	if err := tx.exec(`DELETE FROM notifications WHERE user_id = $1`, user); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM mails WHERE user_id = $1 AND state = $2`, user, access.MailQueued)
}
