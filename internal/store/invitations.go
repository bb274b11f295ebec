package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
)

const selectInvitations = `SELECT id, organization, email, role, shares, inviter, key_id, confined, revision, digest, created_at, expires_at, state,
	accepted_by, closed_at, reason FROM invitations`

var putInvitation = upsert("invitations", "id", "organization, email, role, shares, inviter, key_id, confined, revision, digest, created_at, "+
	"expires_at, state, accepted_by, closed_at, reason")

func scanInvitation(r row) (i access.Invitation, err error) {
	err = r.Scan(&i.ID, &i.Organization, inviteeColumn{&i}, &i.Role, asJSON(&i.Shares), &i.Inviter, &i.Key, &i.Confined, &i.Revision, &i.Digest,
		timeColumn{&i.CreatedAt}, timeColumn{&i.ExpiresAt}, &i.State, &i.AcceptedBy, timeColumn{&i.ClosedAt}, &i.Reason)
	return i, err
}

// Invitation gives the invitation.
func (tx *Tx) Invitation(id access.InvitationID) (access.Invitation, bool, error) {
	return one(tx, scanInvitation, selectInvitations+` WHERE id = $1`, id)
}

// PutInvitation inserts or replaces the invitation. One more that is pending for the same organization and address is refused (N1).
func (tx *Tx) PutInvitation(i access.Invitation) error {
	err := tx.exec(putInvitation, i.ID, i.Organization, invitee(i.Email, i.User), i.Role, asJSON(&i.Shares), i.Inviter, i.Key, i.Confined, i.Revision, i.Digest,
		micros(i.CreatedAt), micros(i.ExpiresAt), i.State, i.AcceptedBy, micros(i.ClosedAt), i.Reason)
	if err != nil {
		return err
	}
	if err := tx.exec(`DELETE FROM invitation_chatbots WHERE invitation = $1`, i.ID); err != nil {
		return err
	}
	bots := make([][]any, len(i.Shares))
	for n, s := range i.Shares {
		bots[n] = []any{i.ID, s.Chatbot}
	}
	return tx.insertAll("invitation_chatbots (invitation, chatbot)", bots)
}

// DeleteInvitation removes the invitation.
func (tx *Tx) DeleteInvitation(id access.InvitationID) error {
	return tx.exec(`DELETE FROM invitations WHERE id = $1`, id)
}

// PendingInvitation gives the one that is kept as pending for the organization and the address; by the clock it may have expired.
func (tx *Tx) PendingInvitation(org access.OrganizationID, to access.Email) (access.Invitation, bool, error) {
	return one(tx, scanInvitation, selectInvitations+` WHERE organization = $1 AND email = $2 AND state = 'pending'`, org, to)
}

// PendingOffer gives the offer of ownership that is kept as pending for the organization and the user; by the clock it may have expired.
func (tx *Tx) PendingOffer(org access.OrganizationID, user access.UserID) (access.Invitation, bool, error) {
	return one(tx, scanInvitation, selectInvitations+` WHERE organization = $1 AND email = $2 AND state = 'pending'`, org, invitee("", user))
}

// offered begins the column of who is invited where that is a user. No address has a space in it (I2).
const offered = "user "

// invitee is how the store keeps who is invited: by the address, or by the user.
func invitee(address access.Email, user access.UserID) string {
	if user != "" {
		return offered + string(user)
	}
	return string(address)
}

// inviteeColumn scans what invitee made.
type inviteeColumn struct{ of *access.Invitation }

func (c inviteeColumn) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("cannot read the invited user from %T", v)
	}
	if user, ok := strings.CutPrefix(text, offered); ok {
		c.of.User = access.UserID(user)
		return nil
	}
	c.of.Email = access.Email(text)
	return nil
}

// InvitationFilter narrows Invitations.
type InvitationFilter struct {
	Organization access.OrganizationID
	Email        access.Email
	User         access.UserID // who is offered the ownership
}

// Invitations lists invitations by ID.
func (tx *Tx) Invitations(f InvitationFilter, after access.InvitationID, limit int) ([]access.Invitation, error) {
	l := from(selectInvitations).is("organization", string(f.Organization)).is("email", invitee(f.Email, f.User))
	return many(tx, scanInvitation, l.page("id", string(after), limit))
}

// InvitationsTo lists the invitations that the chatbot comes with, by ID.
func (tx *Tx) InvitationsTo(bot access.ChatbotID) ([]access.Invitation, error) {
	l := from(selectInvitations+` WHERE id IN (SELECT invitation FROM invitation_chatbots WHERE chatbot = $1)`, bot)
	return many(tx, scanInvitation, l.orderBy("id", 0))
}

// InvitationsDue lists those kept as pending that expire by then, the longest due first.
func (tx *Tx) InvitationsDue(by time.Time, limit int) ([]access.Invitation, error) {
	l := from(selectInvitations+` WHERE state = $1 AND expires_at <= $2`, access.InvitationPending, micros(by))
	return many(tx, scanInvitation, l.orderBy("expires_at, id", limit))
}

// ForgetInviter takes the inviter's name off the invitations that it has sent.
func (tx *Tx) ForgetInviter(inviter string) error {
	return tx.exec(`UPDATE invitations SET inviter = '' WHERE inviter = $1`, inviter)
}
