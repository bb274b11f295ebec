package decision

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// Managers of a chatbot set its gates, and could learn from decisions about a stranger what the gates check: the stranger's type, domain, roles and
// organizations. So for an actor to whom C7 applies, gates of this kind count as failed for strangers, and are not explained. A veil can only turn an
// allowed answer into a denied one.

// bound reports whether C7 applies to the actor: a user, with any key, or a confined key, which its organization's admins have.
func (r *round) bound() bool { return r.actor.User != "" || r.actor.Organization != "" }

// veiled reports whether gates must not reveal anything about the user to the actor. A stranger belongs to no organization in which the actor has
// view_data: neither by home, nor by joining, nor by an operator. Being added by an owner or admin does not count (O7).
func (r *round) veiled(n *userCache, about access.UserID) (bool, error) {
	if !r.bound() || about == r.actor.User {
		return false, nil
	}
	views, err := r.views(n)
	if err != nil {
		return false, err
	}
	if views.strangers {
		return false, nil
	}
	u, known, err := n.User(about)
	if err != nil || !known || u.Deleted {
		return true, err
	}
	memberships, err := n.Memberships(about)
	return !u.KnownIn(memberships, views.of), err
}

// views are the organizations in which an actor has view_data.
type views struct {
	strangers     bool // a site admin manages all users (U1)
	everywhere    bool
	organizations map[access.OrganizationID]bool
	manages       map[access.OrganizationID]bool // as an owner or admin, from an IP address that they allow (B4)
}

func (v views) of(org access.OrganizationID) bool { return v.everywhere || v.organizations[org] }

// views looks up where the actor has view_data (section 2, P1, P2, B3).
func (r *round) views(n *userCache) (views, error) {
	if n.views != nil {
		return *n.views, nil
	}
	v := views{organizations: map[access.OrganizationID]bool{}, manages: map[access.OrganizationID]bool{}}
	manage := func(id access.OrganizationID) error {
		org, _, err := n.Organization(id)
		v.manages[id] = org.Admits(r.actor)
		return err
	}
	switch {
	case r.actor.User == "":
		v.organizations[r.actor.Organization] = true
		if err := manage(r.actor.Organization); err != nil {
			return v, err
		}
	default:
		memberships, err := n.Memberships(r.actor.User)
		if err != nil {
			return v, err
		}
		for _, m := range memberships {
			if r.actor.Organization != "" && m.Organization != r.actor.Organization {
				continue
			}
			v.organizations[m.Organization] = true
			if m.Role == access.OrgOwner || m.Role == access.OrgAdmin {
				if err := manage(m.Organization); err != nil {
					return v, err
				}
			}
		}
		if r.actor.Organization != "" {
			break
		}
		roles, err := n.PlatformGrants(r.actor.User)
		if err != nil {
			return v, err
		}
		v.strangers = slices.Contains(roles, access.SiteAdmin)
		v.everywhere = v.strangers || slices.Contains(roles, access.ContentAdmin)
	}
	n.views = &v
	return v, nil
}

// showsAddress reports whether the actor may see the user's email address (O7). The system, which prepares reviews, is not a reader.
func (r *round) showsAddress(n *userCache, p *person) (bool, error) {
	switch {
	case r.actor == access.System || r.actor == access.Actor{}:
		return false, nil
	case !r.bound() || p.ID == r.actor.User:
		return true, nil
	}
	views, err := r.views(n)
	return err == nil && (views.strangers || p.KnownIn(p.memberships, func(org access.OrganizationID) bool { return views.manages[org] })), err
}

// asksElsewhere reports whether G2–G5 of the chatbot, or the conditions of the feature, depend on anything outside the chatbot's organization. The
// chatbot's owner passes every gate but G1.
func (n *userCache) asksElsewhere(bot access.Chatbot, f *access.Feature, about access.UserID) (bool, error) {
	var roles []string
	if f != nil {
		if f.UserTypes != nil {
			return true, nil
		}
		roles = slices.Clone(f.AllowedRoles)
	}
	if bot.Owner != about {
		p, _, err := n.Policy(bot.ID)
		if err != nil {
			return false, err
		}
		if p.EmailDomains != nil || p.UserTypes != nil ||
			slices.ContainsFunc(p.Entities, func(o access.OrganizationID) bool { return o != bot.Organization }) {
			return true, nil
		}
		roles = slices.Concat(roles, p.AllowedRoles, p.RequiredRoles)
	}
	for _, name := range roles {
		role := access.Obj(access.TypeRole, access.RoleID(name))
		org, ok, err := n.OrganizationOf(role)
		if err != nil || !ok || org != bot.Organization {
			return true, err
		}
	}
	return false, nil
}

// veil settles items that would reveal something about a stranger to the actor.
func (r *round) veil(n *userCache, it *item) error {
	if it.subject.Type != access.TypeUser {
		return nil
	}
	about := access.UserID(it.subject.ID)
	o := it.req.Resource.object()
	if o.Type == access.TypeChatbot && it.permission != string(access.Interact) {
		return nil
	}
	chatbot, ok, err := n.chatbotOf(o)
	if err != nil || !ok {
		return err
	}
	if veiled, err := r.veiled(n, about); err != nil || !veiled {
		return err
	}
	bot, ok, err := n.Chatbot(access.ChatbotID(chatbot.ID))
	if err != nil || !ok {
		return err
	}
	var f *access.Feature
	if _, name, ok := splitFeature(o.ID); ok && o.Type == access.TypeFeature {
		feature, set, err := n.Feature(bot.ID, name)
		if err != nil || !set {
			return err
		}
		f = &feature
	}
	if it.veiled, err = n.asksElsewhere(bot, f, about); err != nil || !it.veiled {
		return err
	}
	switch o.Type {
	case access.TypeChatbot, access.TypeFeature:
		it.settleBySubject("the gates are not explained for this subject (C7)")
	default: // users with update on the chatbot can use its resources regardless of its gates (R2)
		it.instead = &chatbot
	}
	return nil
}

// veilsInteract is veil for a review, which lists users' access to a chatbot.
func (r *round) veilsInteract(n *userCache, st *standing) (bool, error) {
	if veiled, err := r.veiled(n, st.who.ID); err != nil || !veiled {
		return false, err
	}
	return n.asksElsewhere(st.bot, nil, st.who.ID)
}
