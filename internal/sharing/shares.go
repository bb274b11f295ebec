package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// lastYear is the last one that RFC 3339 can spell.
const lastYear = 9999

// SharePatch is the body of a PUT on a share. A share's expiry is cut to whole seconds (S13).
type SharePatch struct {
	Access    access.Optional[access.Level]
	ExpiresAt access.Optional[time.Time]
}

// ShareResult is the share after a change.
type ShareResult struct {
	Change
	Share access.Share
}

// PutShare shares a chatbot, or replaces level and expiry of a share in force (S1–S6, S10).
func (s *Service) PutShare(ctx context.Context, actor access.Actor, bot access.ChatbotID, with access.Principal, p SharePatch) (r ShareResult, err error) {
	r.Change, err = s.change(ctx, actor, "share.put", access.Obj(access.TypeChatbot, bot), func(c *change) (err error) {
		r.Share, err = c.putShare(bot, with, p)
		return err
	})
	return r, err
}

func (c *change) putShare(bot access.ChatbotID, with access.Principal, p SharePatch) (access.Share, error) {
	b, err := c.managed(bot)
	if err != nil {
		return access.Share{}, err
	}
	if b.Visibility == access.OwnerOnly {
		return access.Share{}, access.Conflictf("V1", "%s is owner_only, which admits no shares", access.Obj(access.TypeChatbot, bot))
	}
	stored, exists, err := c.Share(bot, with)
	if err != nil {
		return stored, err
	}
	old := stored
	inForce := exists && !stored.ExpiredAt(c.now)
	if !inForce { // an expired share is no share (S10)
		old = access.Share{Chatbot: bot, Principal: with}
	}
	share := old
	share.Level = p.Access.Or(old.Level, "")
	share.ExpiresAt = p.ExpiresAt.Or(old.ExpiresAt, time.Time{}).UTC().Truncate(time.Second)
	if share.Level == "" {
		return share, fieldError("S1", "/access", "a share names its access level")
	}
	if share.ExpiredAt(c.now) || share.ExpiresAt.Year() > lastYear {
		return share, fieldError("S13", "/expires_at", "a share's expiry lies in the future, and before the year 10000")
	}
	if with.Kind == access.PrincipalEveryone && !access.ReadOnly.AtLeast(share.Level) {
		return share, fieldError("S1", "/access", "a share with everyone gives at most read_only")
	}
	if inForce && share == old {
		return share, nil
	}
	if !inForce {
		if err := c.mayShareWith(b, with); err != nil {
			return share, err
		}
	}
	if err := c.PutShare(share); err != nil {
		return share, err
	}
	if exists { // the engine still holds it, expired or not
		c.refold(spice.FoldShare(stored), spice.FoldShare(share))
	} else {
		c.refold(nil, spice.FoldShare(share))
	}
	if inForce {
		c.state(old, share)
	} else {
		c.state(nil, share)
	}
	return share, nil
}

// managed loads a chatbot whose access the actor manages.
func (c *caller) managed(bot access.ChatbotID) (access.Chatbot, error) {
	o := access.Obj(access.TypeChatbot, bot)
	b, ok, err := c.Chatbot(bot)
	if err != nil {
		return b, err
	}
	if !ok {
		return b, access.NotFound(o)
	}
	return b, c.must(access.ManageAccess, o)
}

// mayShareWith judges a new share by its principal (S2–S6, O5).
func (c *change) mayShareWith(b access.Chatbot, with access.Principal) error {
	if err := c.known(b, with); err != nil {
		return err
	}
	org, _, err := c.Organization(b.Organization)
	if err != nil {
		return err
	}
	if !org.OutsideSharing {
		out, err := c.outside(with, b.Organization)
		if err != nil {
			return err
		}
		if out {
			return access.Unprocessablef("O5", "%s does not share its chatbots with %s, which is outside it",
				access.Obj(access.TypeOrganization, b.Organization), with)
		}
	}
	return c.immediate(b, with)
}

// known refuses principals that do not exist, or cannot be shared with (S2, S3).
func (c *change) known(b access.Chatbot, with access.Principal) error {
	unknown := access.Unprocessablef("S2", "%s does not exist", with)
	switch with.Kind {
	case access.PrincipalUser:
		if access.UserID(with.ID) == b.Owner {
			return access.Unprocessablef("S2", "%s owns the chatbot and has every action already", with)
		}
		_, err := c.activeUser(access.UserID(with.ID), "S2")
		return err
	case access.PrincipalEmail:
		owner, _, err := c.User(b.Owner)
		if err != nil {
			return err
		}
		if string(owner.Verified()) == with.ID {
			return access.Unprocessablef("S2", "%s is the address of the chatbot's owner", with)
		}
	case access.PrincipalTeam:
		if _, ok, err := c.Team(access.TeamID(with.ID)); err != nil || !ok {
			return firstError(err, unknown)
		}
	case access.PrincipalOrganization:
		if _, ok, err := c.Organization(access.OrganizationID(with.ID)); err != nil || !ok {
			return firstError(err, unknown)
		}
	case access.PrincipalRole:
		role, ok, err := c.Role(access.RoleID(with.ID))
		if err != nil || !ok {
			return firstError(err, unknown)
		}
		if role.Organization != "" && role.Organization != b.Organization {
			return c.foreign(with, unknown)
		}
	case access.PrincipalGroup:
		group, ok, err := c.Group(access.GroupID(with.ID))
		if err != nil || !ok {
			return firstError(err, unknown)
		}
		if group.Organization != b.Organization {
			return c.foreign(with, unknown)
		}
	}
	return nil
}

// foreign refuses a role or group of another organization (S3), which for those who may not see it is none at all (C6).
func (c *change) foreign(with access.Principal, unknown *access.Error) error {
	seen, err := c.sees(access.Object{Type: access.Type(with.Kind), ID: with.ID})
	if err != nil || !seen {
		return firstError(err, unknown)
	}
	return access.Unprocessablef("S3", "%s is of another organization", with)
}

func firstError(err error, otherwise *access.Error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// outside reports whether a share with the principal leaves the organization (O5). An address is inside only where it is the verified
// address of one of the organization's people.
func (c *change) outside(with access.Principal, org access.OrganizationID) (bool, error) {
	switch with.Kind {
	case access.PrincipalUser:
		_, member, err := c.Membership(org, access.UserID(with.ID))
		return !member, err
	case access.PrincipalEmail:
		u, ok, err := c.UserByVerifiedEmail(access.Email(with.ID))
		if err != nil || !ok {
			return true, err
		}
		_, member, err := c.Membership(org, u.ID)
		return !member, err
	case access.PrincipalTeam:
		t, ok, err := c.Team(access.TeamID(with.ID))
		return !ok || t.Organization != org, err
	case access.PrincipalOrganization:
		return with.ID != string(org), nil
	}
	return false, nil
}

// immediate refuses what would need somebody else's approval (S4–S6), and platform-wide roles to all but site admins (S3).
func (c *change) immediate(b access.Chatbot, with access.Principal) error {
	org := access.Obj(access.TypeOrganization, b.Organization)
	switch with.Kind {
	case access.PrincipalOrganization:
		return c.needsRequest("S4", access.Update, access.Object{Type: access.TypeOrganization, ID: with.ID}, with)
	case access.PrincipalTeam:
		return c.needsRequest("S5", access.ManageMembers, access.Object{Type: access.TypeTeam, ID: with.ID}, with)
	case access.PrincipalEveryone:
		return c.needsRequest("S6", access.Update, org, with)
	case access.PrincipalRole:
		role, _, err := c.Role(access.RoleID(with.ID))
		if err != nil || role.Organization != "" {
			return err
		}
		admin, err := c.may(access.Administer, access.PlatformObject)
		if err == nil && !admin {
			return access.Deniedf("S3", "only a site admin shares with the platform-wide %s", with)
		}
		return err
	}
	return nil
}

func (c *change) needsRequest(rule string, action access.Action, o access.Object, with access.Principal) error {
	ok, err := c.may(action, o)
	if err == nil && !ok {
		return access.Deniedf(rule, "sharing with %s needs the approval of those who manage it, and requests for approval are not "+
			"offered yet: ask one of them to share, or a site admin", with)
	}
	return err
}

// DeleteShare ends a share. It is an error of kind NotFound where there is none.
func (s *Service) DeleteShare(ctx context.Context, actor access.Actor, bot access.ChatbotID, with access.Principal) (Change, error) {
	return s.change(ctx, actor, "share.delete", access.Obj(access.TypeChatbot, bot), func(c *change) error {
		if _, err := c.managed(bot); err != nil {
			return err
		}
		share, ok, err := c.Share(bot, with)
		if err != nil {
			return err
		}
		if !ok {
			return access.Refuse(access.KindNotFound, "", "%s is not shared with %s", access.Obj(access.TypeChatbot, bot), with)
		}
		if err := c.Tx.DeleteShare(bot, with); err != nil {
			return err
		}
		c.refold(spice.FoldShare(share), nil)
		c.state(share, nil)
		return nil
	})
}

// Shares lists the shares in force of a chatbot, by principal, to whoever manages its access.
func (s *Service) Shares(ctx context.Context, actor access.Actor, bot access.ChatbotID, p Page) (shares []access.Share, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if _, err := c.managed(bot); err != nil {
			return err
		}
		shares, next, err = visible(p,
			func(after string, limit int) ([]access.Share, error) { return c.Shares(bot, after, limit) },
			func(s access.Share) string { return s.Principal.String() },
			func(all []access.Share) ([]bool, error) {
				inForce := make([]bool, len(all))
				for i, s := range all {
					inForce[i] = !s.ExpiredAt(c.now)
				}
				return inForce, nil
			})
		return err
	})
	return shares, next, err
}
