package sharing

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// requests writes the pending requests, in the order in which they were made.
func (e *exporting) requests() error {
	if !e.wants(KindRequest) {
		return nil
	}
	return paged(
		func(after string) ([]access.Request, error) {
			return e.PendingRequests(access.RequestID(after), exportPage)
		},
		func(r access.Request) string { return string(r.ID) },
		func(r access.Request) error {
			if r.StateAt(e.now) != access.RequestPending || r.Share().ExpiredAt(e.now) {
				return nil
			}
			return e.row(&RequestRow{
				Chatbot: r.Chatbot, Principal: r.Principal, Access: r.Level, ShareExpiresAt: r.ShareExpiresAt, Requester: r.Requester,
				Revision: r.Revision, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
			})
		})
}

// invitations writes the invitations that can be accepted.
func (e *exporting) invitations() error {
	if !e.wants(KindInvitation) {
		return nil
	}
	return paged(
		func(after string) ([]access.Invitation, error) {
			return e.Invitations(store.InvitationFilter{}, access.InvitationID(after), exportPage)
		},
		func(i access.Invitation) string { return string(i.ID) },
		func(i access.Invitation) error {
			if i.StateAt(e.now) != access.InvitationPending {
				return nil
			}
			r := &InvitationRow{
				Invitation: i.ID, Organization: i.Organization, Email: i.Email, User: i.User, Role: i.Role, Inviter: i.Inviter, InviterKey: i.Key, Confined: i.Confined,
				Revision: i.Revision, Digest: i.Digest, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
			}
			for _, s := range i.Shares {
				r.Shares = append(r.Shares, InvitedShare{Chatbot: s.Chatbot, Access: s.Level})
			}
			return e.row(r)
		})
}
