package sharing_test

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// sent is an invitation whose token somebody has, and who may give what it gives.
type sent struct {
	access.Invitation
	token string
}

// invites sends an invitation, mostly to somebody who has no role there yet, and sometimes with a chatbot (N1).
func (h *history) invites(w *plain.World) deed {
	org, role := pick(h.rng, orgs), pick(h.rng, access.OrgRoles)
	actor, n := as(h.person(w, org, access.OrgOwner, access.OrgAdmin)), sharing.NewInvitation{Role: role}
	n.Email = one(h, w.Users, func(u access.User) (access.Email, bool) {
		return u.Verified(), u.Verified() != "" && !has(w.Memberships, func(m access.Membership) bool { return m.Organization == org && m.User == u.ID })
	}, []access.Email{"nobody@acme.com"})
	about := []access.Object{organization(org)}
	if h.rng.IntN(2) == 0 {
		bot := h.theBot(w, true)
		n.Shares = []access.InvitationShare{{Chatbot: bot, Level: pick(h.rng, access.Levels)}}
		about = append(about, chatbot(bot))
	}
	may := h.mayInvite(w, by(actor), org, role, n.Shares)
	if old, pending := h.pending(org, n.Email); pending { // which this one replaces: as if it were revoked (O2)
		may = may && w.MaySetRole(by(actor), org, "", old.Role)
	}
	return deed{
		actor: actor, what: fmt.Sprintf("invites %s to %s as %s with %v", n.Email, org, role, n.Shares), about: about,
		may: may,
		do: func() error {
			r, err := h.Invite(h.ctx, actor, org, n)
			if err == nil {
				h.invited = append(h.invited, sent{r.Invitation, r.Token})
			}
			return err
		},
	}
}

// mayInvite reads N1: the right to give the role and each share.
func (h *history) mayInvite(w *plain.World, who access.UserID, org access.OrganizationID, role access.OrgRole, shares []access.InvitationShare) bool {
	for _, s := range shares {
		if !w.Has(who, access.ManageAccess, chatbot(s.Chatbot), h.now) {
			return false
		}
	}
	return w.MaySetRole(who, org, "", role)
}

// pending is the invitation of the address that can still be accepted.
func (h *history) pending(org access.OrganizationID, to access.Email) (inv access.Invitation, pending bool) {
	h.t.Helper()
	require.NoError(h.t, h.db.View(h.ctx, func(tx *store.Tx) (err error) {
		inv, pending, err = tx.PendingInvitation(org, to)
		return err
	}))
	return inv, pending && inv.StateAt(h.now) == access.InvitationPending
}

// accepts uses the token of an invitation, mostly the newest one and by whom it is for.
func (h *history) accepts(w *plain.World) deed {
	if len(h.invited) == 0 {
		return h.invites(w)
	}
	inv := h.invited[len(h.invited)-1]
	if h.blind() {
		inv = pick(h.rng, h.invited)
	}
	user1 := one(h, w.Users, func(u access.User) (access.UserID, bool) { return u.ID, u.Verified() == inv.Email }, users)
	holder, _ := find(w.Users, func(u access.User) bool { return u.ID == user1 })
	return deed{
		actor: as(user1), what: fmt.Sprint("accepts the invitation of ", inv.Email, " to ", inv.Organization),
		about: []access.Object{organization(inv.Organization), user(user1)},
		may:   holder.Verified() == inv.Email, absent: true, closes: true,
		do: func() error { return second(h.AcceptInvitation(h.ctx, as(user1), inv.token)) },
		then: func(after *plain.World) {
			require.True(h.t, h.now.Before(inv.ExpiresAt), "N1: it had not expired")
			require.False(h.t, has(w.Memberships, func(m access.Membership) bool { return m.Organization == inv.Organization && m.User == user1 }), "N1")
			inviter, _ := access.ParseObject(inv.Inviter)
			require.True(h.t, h.mayInvite(w, access.UserID(inviter.ID), inv.Organization, inv.Role, inv.Shares), "N1: its inviter may still give it")
			require.True(h.t, has(after.Memberships, func(m access.Membership) bool {
				return m.Organization == inv.Organization && m.User == user1 && m.Role == inv.Role && m.Source == access.Accepted
			}), "N1: the role")
			require.Error(h.t, second(h.AcceptInvitation(h.ctx, as(user1), inv.token)), "N1: it is used once")
		},
	}
}
