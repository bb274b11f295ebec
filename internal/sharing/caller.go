package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// caller is an actor within a transaction. Nothing else in this package asks what the actor may do and see.
type caller struct {
	*store.Tx
	ctx   context.Context //nolint:containedctx // the call's: a caller lasts as long as its transaction
	s     *Service
	actor access.Actor
	now   time.Time

	forOwner bool  // the row of an import stands for a change of the chatbot's owner (see MayRestore)
	memo     *memo // of an import; else nil
	fresh    spice.Freshness
	unfresh  error   // why the engine cannot be asked
	asking   *asking // of a reading use case; else nil
	leftOut  LeftOut // of a list; else nil
}

func (s *Service) caller(ctx context.Context, tx *store.Tx, actor access.Actor) *caller {
	now := s.now().UTC().Truncate(time.Microsecond) // as the store keeps it, so that the answer equals later reads
	return &caller{Tx: tx, ctx: ctx, s: s, actor: actor, now: now, fresh: s.knownState()}
}

// knownState is the engine's state that includes everything this process has answered, and, while no other process changes facts, everything any
// process has.
func (s *Service) knownState() spice.Freshness { return spice.AtLeast(s.outbox.Last()) }

// stillCalls refuses an account key that has ended, lapsed or got another secret since the call began (B1, B5), and a session that has ended (D6):
// the call may have waited for others, and imports take long.
func (c *caller) stillCalls() error {
	if c.actor.Session != "" {
		session, known, err := c.Session(c.actor.Session)
		if err == nil && (!known || session.User != c.actor.User || session.ExpiredAt(c.now)) {
			err = access.Refuse(access.KindUnauthenticated, "D6", "you are signed out")
		}
		return err
	}
	if !c.actor.Keyed() || c.actor.Key == secret.RootKey {
		return nil
	}
	k, known, err := c.AccountKey(c.actor.Key)
	if err != nil {
		return err
	}
	if !known || k.ExpiredAt(c.now) || !k.Takes(c.actor.Version, c.actor.Access, c.now) {
		return access.Refuse(access.KindUnauthenticated, "B1", "unknown or expired key")
	}
	why, err := k.Lapse(c)
	if err == nil && why != "" {
		err = access.KeyRefused(k, why)
	}
	return err
}

// liveKey returns an account key that can be used now, and false if it is deleted, expired or refused (B1, B5).
func (c *caller) liveKey(id access.KeyID) (access.AccountKey, bool, error) {
	k, known, err := c.AccountKey(id)
	if err != nil || !known || k.ExpiredAt(c.now) {
		return k, false, err
	}
	why, err := k.Lapse(c)
	return k, err == nil && why == "", err
}

// mayChange refuses actors who may not change anything: unauthenticated callers, keys that only read (B1), users offboarded since the call began
// (N2).
func (c *caller) mayChange() error {
	if _, ok := c.actor.Subject(); !ok {
		return access.Refuse(access.KindUnauthenticated, "B2", "authentication is required")
	}
	if c.actor.Key != "" && c.actor.Access != access.KeyReadWrite && c.actor.Access != access.KeyFull {
		return access.Deniedf("B1", "a %s key cannot make changes", c.actor.Access)
	}
	if c.actor.User != "" {
		u, known, err := c.User(c.actor.User)
		if err != nil {
			return err
		}
		if !known || u.Gone() {
			return access.Refuse(access.KindUnauthenticated, "N2", "the user you act for is not active")
		}
		if c.actor.Organization != "" {
			if _, member, err := c.Membership(c.actor.Organization, c.actor.User); err != nil {
				return err
			} else if !member {
				return access.Deniedf("B3", "a key confined to an organization can act only for people in it")
			}
		}
	}
	return nil
}

// may asks the engine whether the actor has the action on the object.
func (c *caller) may(action access.Action, o access.Object) (bool, error) {
	allowed, err := c.mayEach(action, []access.Object{o})
	if err != nil {
		return false, err
	}
	return allowed[0], nil
}

// mayEach is may for several objects in one call of the engine.
func (c *caller) mayEach(action access.Action, objects []access.Object) ([]bool, error) {
	rights := make([]right, len(objects))
	for i, o := range objects {
		rights[i] = right{action, o}
	}
	return c.mayAll(rights)
}

// mayAll is may for several rights in one call of the engine. A confined key is at most an admin of its organization, even when it acts for an owner
// (B3): otherwise an admin could become an owner by creating a key.
func (c *caller) mayAll(rights []right) ([]bool, error) {
	allowed, err := c.askAll(rights)
	if err != nil || c.actor.Organization == "" || c.actor.User == "" {
		return allowed, err
	}
	itself := *c
	itself.actor.User = ""
	most, err := itself.askAll(rights)
	if err != nil {
		return nil, err
	}
	for i := range allowed {
		allowed[i] = allowed[i] && most[i]
	}
	return allowed, nil
}

// askAll asks the engine for each of the rights, in one call.
func (c *caller) askAll(rights []right) ([]bool, error) {
	subject, ok := c.actor.Subject()
	if !ok {
		return make([]bool, len(rights)), nil
	}
	allowed := make([]bool, len(rights))
	var asked []int
	var qs []spice.Question
	for i, r := range rights {
		if c.actor.Unconfined() {
			if has, err := c.siteAdminHas(r.action, r.on); err != nil {
				return nil, err
			} else if has {
				allowed[i] = true
				continue
			}
		}
		if inside, err := c.keyReaches(r.on); err != nil {
			return nil, err
		} else if !inside {
			continue
		}
		asked = append(asked, i)
		qs = append(qs, spice.Question{
			Subject: subject, Permission: string(r.action), Resource: r.on,
			Context: map[string]any{schema.ParamTime: c.now.Format(time.RFC3339Nano)},
		})
	}
	if c.unfresh != nil && len(qs) > 0 {
		return nil, notInEngine(c.unfresh)
	}
	answers, err := c.answers(qs)
	if err != nil {
		return nil, err
	}
	for n, a := range answers {
		if a.Err != nil {
			return nil, a.Err
		}
		r := rights[asked[n]]
		switch {
		case a.Allowed && c.s.rehearsal.doubts(r.on):
			a.Allowed, err = c.doubted(r.action, r.on)
		case !a.Allowed && c.memo != nil:
			a.Allowed, err = c.uncommitted(r.action, r.on)
		}
		if err != nil {
			return nil, err
		}
		allowed[asked[n]] = a.Allowed
	}
	return allowed, nil
}

// answers returns the engine's answers. A reading use case gets them between its snapshots.
func (c *caller) answers(qs []spice.Question) ([]spice.Answer, error) {
	if c.asking != nil {
		return c.asking.answers(qs)
	}
	if c.s.rehearsal != nil {
		return c.s.rehearsal.answers(c, qs)
	}
	return c.s.engine.CheckAll(c.ctx, c.fresh, qs)
}

// siteAdminHas reports rights that follow from P1 and 3.1 alone: a site admin acts as an owner of every organization and an admin of every team. For
// these the engine need not be asked, so it need not know yet what an import has just created. The engine decides all others.
func (c *caller) siteAdminHas(action access.Action, o access.Object) (bool, error) {
	switch o.Type {
	case access.TypePlatform:
		return action == access.Administer, nil
	case access.TypeOrganization, access.TypeTeam:
		return true, nil
	case access.TypeChatbot:
		switch action {
		case access.ManageAccess, access.Transfer, access.Delete, access.See:
			return true, nil
		case access.Update:
			b, ok, err := c.Chatbot(access.ChatbotID(o.ID))
			return ok && (b.Visibility != access.OwnerOnly || c.forOwner), err
		}
	}
	return false, nil
}

// keyReaches reports whether a confined key reaches the object: nothing outside its organization (B3).
func (c *caller) keyReaches(o access.Object) (bool, error) {
	if c.actor.Organization == "" {
		return true, nil
	}
	org, ok, err := c.OrganizationOf(o)
	return ok && org == c.actor.Organization, err
}

// must refuses an actor without the action on an existing object: with NotFound if the actor may not see the object (C6), otherwise with Denied.
func (c *caller) must(action access.Action, o access.Object) error {
	ok, err := c.may(action, o)
	if err != nil {
		return err
	}
	if !ok {
		seen, err := c.sees(o)
		if err != nil {
			return err
		}
		if !seen {
			return access.NotFound(o)
		}
		return access.Deniedf("", "you need %s on %s", action, o)
	}
	return c.fromAllowedAddress(o)
}

// mustOn is must for an organization that may not exist.
func (c *caller) mustOn(action access.Action, org access.OrganizationID) error {
	o := access.Obj(access.TypeOrganization, org)
	if _, ok, err := c.Organization(org); err != nil || !ok {
		return firstError(err, access.NotFound(o))
	}
	return c.must(action, o)
}

// sees reports whether the actor may know that the object exists (C6). The staff of an organization, who work with its teams, roles and groups, see
// them, and members see their teams. Documents, MCP servers and metrics are visible to those who can use or manage them (R2, R3).
func (c *caller) sees(o access.Object) (bool, error) {
	switch o.Type {
	case access.TypePlatform:
		return true, nil
	case access.TypeChatbot:
		return c.may(access.See, o)
	case access.TypeOrganization:
		return c.may(access.ViewData, o)
	case access.TypeUser:
		return c.seesUser(access.UserID(o.ID))
	case access.TypeDocument, access.TypeMCPServer, access.TypeMetric:
		return c.seesResource(o)
	case access.TypeTeam:
		if inside, err := c.keyReaches(o); err != nil || !inside {
			return false, err
		}
		if c.actor.User != "" {
			if _, member, err := c.TeamMembership(access.TeamID(o.ID), c.actor.User); err != nil || member {
				return member, err
			}
		}
		if ok, err := c.may(access.ManageMembers, o); err != nil || ok {
			return ok, err
		}
	}
	org, ok, err := c.OrganizationOf(o)
	if err != nil {
		return false, err
	}
	if !ok { // a platform-wide role, which gates can require of everyone
		return o.Type == access.TypeRole, nil
	}
	return c.may(access.CreateChatbot, access.Obj(access.TypeOrganization, org))
}

// fromAllowedAddress refuses a call about an organization's things from outside its allowed ranges (B4).
func (c *caller) fromAllowedAddress(o access.Object) error {
	id, ok, err := c.OrganizationOf(o)
	if err != nil || !ok {
		return err
	}
	admitted, err := c.admitted(id)
	if err == nil && !admitted {
		return access.Deniedf("B4", "%s can be read and changed only from its allowed IP ranges",
			access.Obj(access.TypeOrganization, id))
	}
	return err
}

// admitted reports whether the organization may be changed and read from the caller's address (B4).
func (c *caller) admitted(id access.OrganizationID) (bool, error) {
	org, _, err := c.Organization(id)
	return org.Admits(c.actor), err
}
