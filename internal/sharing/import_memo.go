package sharing

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// maxRemembered bounds each cache of a memo. A full cache is dropped.
const maxRemembered = 4096

// memo caches what a transaction of many rows has read, because they read the same few facts again and again. It is valid for one transaction, and
// writes invalidate it.
type memo struct {
	tx            *store.Tx
	organizations remembered[access.OrganizationID, access.Organization]
	belongings    remembered[access.Object, access.OrganizationID]
	chatbots      remembered[access.ChatbotID, access.Chatbot]
	users         remembered[access.UserID, access.User]
	memberships   remembered[membershipKey, access.Membership]
	rows          remembered[access.UserID, []access.Row]
}

type membershipKey struct {
	org  access.OrganizationID
	user access.UserID
}

// of returns the memo for the transaction. Entries from another transaction, such as an earlier run of this one, do not count.
func (m *memo) of(tx *store.Tx) *memo {
	if m.tx != tx {
		*m = memo{tx: tx}
	}
	return m
}

type remembered[K comparable, V any] map[K]found[V]

// found is what a fact reads, and whether it is there.
type found[V any] struct {
	fact V
	ok   bool
}

// recall returns the cached value, or reads it.
func recall[K comparable, V any](r *remembered[K, V], k K, read func() (V, bool, error)) (V, bool, error) {
	if f, ok := (*r)[k]; ok {
		return f.fact, f.ok, nil
	}
	fact, ok, err := read()
	if err != nil {
		return fact, ok, err
	}
	if *r == nil || len(*r) >= maxRemembered {
		*r = remembered[K, V]{}
	}
	(*r)[k] = found[V]{fact, ok}
	return fact, ok, nil
}

// The methods below shadow those of the transaction with the same names.

func (c *caller) Organization(id access.OrganizationID) (access.Organization, bool, error) {
	if c.memo == nil {
		return c.Tx.Organization(id)
	}
	return recall(&c.memo.organizations, id, func() (access.Organization, bool, error) { return c.Tx.Organization(id) })
}

func (c *caller) PutOrganization(o access.Organization) error {
	if c.memo != nil {
		delete(c.memo.organizations, o.ID)
		delete(c.memo.belongings, access.Obj(access.TypeOrganization, o.ID))
	}
	return c.Tx.PutOrganization(o)
}

func (c *caller) OrganizationOf(o access.Object) (access.OrganizationID, bool, error) {
	if c.memo == nil || o.Type != access.TypeOrganization && o.Type != access.TypeChatbot { // rows read the others only once
		return c.Tx.OrganizationOf(o)
	}
	return recall(&c.memo.belongings, o, func() (access.OrganizationID, bool, error) { return c.Tx.OrganizationOf(o) })
}

func (c *caller) Chatbot(id access.ChatbotID) (access.Chatbot, bool, error) {
	if c.memo == nil {
		return c.Tx.Chatbot(id)
	}
	return recall(&c.memo.chatbots, id, func() (access.Chatbot, bool, error) { return c.Tx.Chatbot(id) })
}

func (c *caller) PutChatbot(b access.Chatbot) error {
	if c.memo != nil {
		delete(c.memo.chatbots, b.ID)
		delete(c.memo.belongings, access.Obj(access.TypeChatbot, b.ID))
	}
	return c.Tx.PutChatbot(b)
}

func (c *caller) User(id access.UserID) (access.User, bool, error) {
	if c.memo == nil {
		return c.Tx.User(id)
	}
	return recall(&c.memo.users, id, func() (access.User, bool, error) { return c.Tx.User(id) })
}

func (c *caller) PutUser(u access.User) error {
	if err := c.Tx.PutUser(u); err != nil || c.memo == nil {
		return err
	}
	delete(c.memo.users, u.ID)
	_, _, err := recall(&c.memo.users, u.ID, func() (access.User, bool, error) { return u, true, nil })
	return err
}

func (c *caller) Membership(org access.OrganizationID, user access.UserID) (access.Membership, bool, error) {
	if c.memo == nil {
		return c.Tx.Membership(org, user)
	}
	return recall(&c.memo.memberships, membershipKey{org, user}, func() (access.Membership, bool, error) { return c.Tx.Membership(org, user) })
}

func (c *caller) PutMembership(m access.Membership) error {
	if c.memo != nil {
		delete(c.memo.memberships, membershipKey{m.Organization, m.User})
	}
	return c.Tx.PutMembership(m)
}

func (c *caller) DeleteMembership(org access.OrganizationID, user access.UserID) error {
	if c.memo != nil {
		delete(c.memo.memberships, membershipKey{org, user})
	}
	return c.Tx.DeleteMembership(org, user)
}

func (c *caller) RowsOf(user access.UserID) ([]access.Row, error) {
	if c.memo == nil {
		return c.Tx.RowsOf(user)
	}
	rows, _, err := recall(&c.memo.rows, user, func() ([]access.Row, bool, error) {
		rows, err := c.Tx.RowsOf(user)
		return rows, true, err
	})
	return rows, err
}

func (c *caller) PutRow(r access.Row) error {
	if c.memo != nil {
		delete(c.memo.rows, r.User)
	}
	return c.Tx.PutRow(r)
}

func (c *caller) DeleteRow(bot access.ChatbotID, user access.UserID) error {
	if c.memo != nil {
		delete(c.memo.rows, user)
	}
	return c.Tx.DeleteRow(bot, user)
}
