package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// lastYear is the last year that RFC 3339 can express.
const lastYear = 9999

// SharePatch is the body of a PUT on a share. The expiry is truncated to whole seconds (S13).
type SharePatch struct {
	Access    access.Optional[access.Level]
	ExpiresAt access.Optional[time.Time]
	Existing  bool // change a share that is in force, and make none
}

// ShareResult is the share after a change, or the request made instead, if others decide (S4–S6).
type ShareResult struct {
	Change
	Share   access.Share
	Request *access.Request // nil if the share is in force
}

// PutShare shares a chatbot, changes level and expiry of a share in force (S10), or makes a request to the people who decide about the principal
// (S4–S6, S9).
func (s *Service) PutShare(ctx context.Context, actor access.Actor, bot access.ChatbotID, with access.Principal, p SharePatch) (r ShareResult, err error) {
	r.Change, err = s.change(ctx, actor, "share.put", access.Obj(access.TypeChatbot, bot), func(c *change) (err error) {
		r.Share, r.Request, err = c.putShare(bot, with, p)
		return err
	})
	return r, err
}

func (c *change) putShare(bot access.ChatbotID, with access.Principal, p SharePatch) (access.Share, *access.Request, error) {
	b, err := c.loadManaged(bot)
	if err != nil {
		return access.Share{}, nil, err
	}
	old, inForce, err := c.shareInForce(bot, with)
	if err != nil {
		return old, nil, err
	}
	if p.Existing && !inForce {
		return old, nil, notShared(bot, with)
	}
	share := access.Share{Chatbot: bot, Principal: with, Level: p.Access.Or(old.Level, "")}
	share.ExpiresAt = p.ExpiresAt.Or(old.ExpiresAt, time.Time{}).UTC().Truncate(time.Second)
	if err := c.admissible(b, share, !inForce); err != nil {
		return share, nil, err
	}
	if inForce && share == old {
		return share, nil, nil
	}
	if !inForce {
		if err := c.mayShareWith(with); err != nil {
			return share, nil, err
		}
		if d, decided := decisionFor(b.Organization, with); decided {
			decides, err := c.may(d.action, d.on)
			if err != nil {
				return share, nil, err
			}
			if !decides {
				r, err := c.ask(b, share, d)
				return share, &r, err
			}
			if err := c.fromAllowedAddress(d.on); err != nil { // an approval would be refused for the same reason
				return share, nil, err
			}
		}
	}
	return share, nil, c.giveShare(b, share)
}

// shareInForce returns the chatbot's share with the principal, unless it has expired (S10).
func (c *change) shareInForce(bot access.ChatbotID, with access.Principal) (access.Share, bool, error) {
	s, exists, err := c.Share(bot, with)
	if err != nil || !exists || s.ExpiredAt(c.now) {
		return access.Share{}, false, err
	}
	return s, true, nil
}

// admissible refuses a share that nobody can give: because of the chatbot's visibility (V1), its level or expiry (S1, S13), and, for a new one, its
// principal (S2, S3, O5).
func (c *change) admissible(b access.Chatbot, share access.Share, isNew bool) error {
	switch {
	case b.Visibility == access.OwnerOnly:
		return access.Conflictf("V1", "%s is owner_only and cannot be shared", access.Obj(access.TypeChatbot, b.ID))
	case share.Level == "":
		return fieldError("S1", "/access", "a new share needs an access level")
	case share.ExpiredAt(c.now) || share.ExpiresAt.Year() > lastYear:
		return fieldError("S13", "/expires_at", "a share's expiry must be in the future and before the year 10000")
	case share.Principal.Kind == access.PrincipalEveryone && !access.ReadOnly.AtLeast(share.Level):
		return fieldError("S1", "/access", "a share with everyone can give at most read_only")
	case !isNew:
		return nil
	}
	if err := c.refuseUnknown(b, share.Principal); err != nil {
		return err
	}
	return c.allowedOutside(b, share.Principal)
}

// giveShare puts a checked share in force. It supersedes a pending request for it, and notifies its people (S11).
func (c *change) giveShare(b access.Chatbot, share access.Share) error {
	stored, exists, err := c.Share(b.ID, share.Principal)
	if err != nil {
		return err
	}
	if err := c.PutShare(share); err != nil {
		return err
	}
	if !exists {
		c.refold(nil, spice.FoldShare(share))
	} else { // the engine still has it, expired or not
		c.refold(spice.FoldShare(stored), spice.FoldShare(share))
	}
	o := access.Obj(access.TypeChatbot, b.ID)
	if exists && !stored.ExpiredAt(c.now) {
		c.state(stored, share)
		if err := c.addEffect(altered("share", stored, share), o); err != nil {
			return err
		}
		return c.notifyShareChanged(b, stored, share)
	}
	c.state(nil, share)
	if err := c.addEffect(altered("share", nil, share), o); err != nil {
		return err
	}
	if err := c.supersede(share); err != nil {
		return err
	}
	return c.notifyShared(b, share)
}

// loadManaged loads a chatbot on which the actor has manage_access.
func (c *caller) loadManaged(bot access.ChatbotID) (access.Chatbot, error) {
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

// mayShareWith refuses platform-wide roles to all but site admins (S3).
func (c *change) mayShareWith(with access.Principal) error {
	if with.Kind != access.PrincipalRole {
		return nil
	}
	role, _, err := c.Role(access.RoleID(with.ID))
	if err != nil || role.Organization != "" {
		return err
	}
	admin, err := c.may(access.Administer, access.PlatformObject)
	if err == nil && !admin {
		return access.Deniedf("S3", "only a site admin can share with the platform-wide %s", with)
	}
	return err
}

// refuseUnknown refuses principals that do not exist or cannot be shared with (S2, S3).
func (c *change) refuseUnknown(b access.Chatbot, with access.Principal) error {
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
			return c.refuseForeign(with, unknown)
		}
	case access.PrincipalGroup:
		group, ok, err := c.Group(access.GroupID(with.ID))
		if err != nil || !ok {
			return firstError(err, unknown)
		}
		if group.Organization != b.Organization {
			return c.refuseForeign(with, unknown)
		}
	case access.PrincipalEveryone:
	default:
		return unknown
	}
	return nil
}

// refuseForeign refuses a role or group of another organization (S3); for actors who may not see it, it does not exist (C6).
func (c *change) refuseForeign(with access.Principal, unknown *access.Error) error {
	seen, err := c.sees(access.Object{Type: access.Type(with.Kind), ID: with.ID})
	if err != nil || !seen {
		return firstError(err, unknown)
	}
	return access.Unprocessablef("S3", "%s belongs to another organization", with)
}

func firstError(err error, otherwise *access.Error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// DeleteShare ends a share. The error is of kind NotFound if there is none.
func (s *Service) DeleteShare(ctx context.Context, actor access.Actor, bot access.ChatbotID, with access.Principal) (Change, error) {
	return s.change(ctx, actor, "share.delete", access.Obj(access.TypeChatbot, bot), func(c *change) error {
		if _, err := c.loadManaged(bot); err != nil {
			return err
		}
		share, ok, err := c.Share(bot, with)
		if err != nil {
			return err
		}
		if !ok {
			return notShared(bot, with)
		}
		if err := c.Tx.DeleteShare(bot, with); err != nil {
			return err
		}
		c.refold(spice.FoldShare(share), nil)
		c.state(share, nil)
		return nil
	})
}

func notShared(bot access.ChatbotID, with access.Principal) error {
	return access.Refuse(access.KindNotFound, "", "%s is not shared with %s", access.Obj(access.TypeChatbot, bot), with)
}

// Shares lists the shares in force of a chatbot, by principal, for actors with manage_access.
func (s *Service) Shares(ctx context.Context, actor access.Actor, bot access.ChatbotID, p Page) (shares []access.Share, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if _, err := c.loadManaged(bot); err != nil {
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
