package sharing_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// leavings are the ways in which somebody leaves acme.
var leavings = map[string]func(e *env, user access.UserID){
	"removed": func(e *env, user access.UserID) {
		e.ok(e.RemoveMember(e.ctx, as("adam"), "acme", user, sharing.Offboard{}))
	},
	"leaving": func(e *env, user access.UserID) {
		e.ok(e.RemoveMember(e.ctx, as(user), "acme", user, sharing.Offboard{}))
	},
	"no longer named by the provider": func(e *env, user access.UserID) {
		for _, orgs := range [][]access.Membership{{{Organization: "acme", Role: access.OrgMember}}, nil} {
			require.NoError(e.t, e.signs(corp, user, func(in *access.SignIn) {
				in.Adopt, in.Email, in.EmailVerified, in.Memberships = true, mail(user), true, orgs
			}))
		}
	},
	"offboarded": func(e *env, user access.UserID) { e.ok(e.PutUser(e.ctx, root, user, inactive)) },
	"deleted":    func(e *env, user access.UserID) { e.ok(e.DeleteUser(e.ctx, root, user, sharing.Offboard{})) },
}

// O3: who leaves an organization is named nowhere in it, by ID or address: not in its groups, nor in the gates and lists of its chatbots. Who is denied by
// name stays denied, and other organizations keep what they have given.
func TestO3WhoLeavesIsInNoGroupAndNoListOfTheOrganization(t *testing.T) {
	for name, leaves := range leavings {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			e.users(access.External, "nina")
			if name != "no longer named by the provider" {
				e.member("acme", access.OrgMember, "nina")
			}
			e.makeBot("desk", "globex", "gus")
			names := []access.Principal{who("user:nina"), who("email:nina@acme.test")}
			for org, bot := range map[access.OrganizationID]access.ChatbotID{"acme": "helper", "globex": "desk"} {
				group := "friends of " + string(org)
				e.makeGroup(access.GroupID(group), org, "user:nina", "email:nina@acme.test", "user:max")
				e.shared(bot, "group:"+group, access.UseOnly)
				for _, o := range attachedTo(bot) {
					e.ok(e.PutResource(e.ctx, root, o.Type, o.ID, sharing.ResourcePatch{
						Chatbot: access.Some(bot), Access: access.Some(access.ModeRestricted), Allowed: access.Some(append(names, who("user:max"))),
					}))
				}
				e.ok(e.PutPolicy(e.ctx, root, bot, sharing.PolicyPatch{AllowedUsers: access.Some([]access.UserID{"max", "nina"})}))
			}
			e.makeBot("closed", "acme", "mia")
			e.ok(e.PutPolicy(e.ctx, root, "closed", sharing.PolicyPatch{DeniedUsers: access.Some([]access.UserID{"nina"})}))
			leaves(e, "nina")

			gone := e.user("nina").Gone()
			require.Empty(t, e.listing("acme", "helper", "nina"))
			if gone {
				require.Empty(t, e.listing("globex", "desk", "nina"))
			} else {
				require.Len(t, e.listing("globex", "desk", "nina"), 9, "what globex gave stays")
			}
			require.Equal(t, !gone, e.may("nina", access.Interact, access.Obj[access.ChatbotID](access.TypeChatbot, "desk")))
			e.cannot("nina", "helper", access.See)
			require.Equal(t, gone, len(e.policy("closed").DeniedUsers) == 0, "G7: who is denied stays denied")
			e.can("max", "helper", access.Interact)

			if !gone { // and comes back with nothing
				e.member("acme", access.OrgMember, "nina")
				e.cannot("nina", "helper", access.See)
			}
		})
	}
}

// attachedTo is one thing of each type that hangs on the chatbot.
func attachedTo(bot access.ChatbotID) (all []access.Object) {
	for _, t := range []access.Type{access.TypeDocument, access.TypeMCPServer, access.TypeMetric} {
		all = append(all, access.Object{Type: t, ID: "of " + string(bot)})
	}
	return all
}

func (e *env) policy(bot access.ChatbotID) access.Policy {
	return facts(e, func(tx *store.Tx) (access.Policy, error) {
		p, _, err := tx.Policy(bot)
		return p, err
	})
}

// listing is where the organization and its chatbot name the user, by ID or by address.
func (e *env) listing(org access.OrganizationID, bot access.ChatbotID, user access.UserID) (all []string) {
	e.t.Helper()
	names := []access.Principal{who("user:" + string(user)), who("email:" + string(mail(user)))}
	found := func(in string, list []access.Principal) {
		for _, p := range list {
			if slices.Contains(names, p) {
				all = append(all, p.String()+" in "+in)
			}
		}
	}
	group := access.GroupID("friends of " + string(org))
	found(string(group), facts(e, func(tx *store.Tx) ([]access.Principal, error) { return tx.GroupMembers(group, "", 0) }))
	for _, o := range attachedTo(bot) {
		found(o.String(), facts(e, func(tx *store.Tx) ([]access.Principal, error) {
			r, _, err := tx.Resource(o.Type, o.ID)
			return r.Allowed, err
		}))
	}
	if slices.Contains(e.policy(bot).AllowedUsers, user) {
		all = append(all, "allowed_users of "+string(bot))
	}
	return all
}

// O3, G8: a gate that admitted only the one who leaves lets nobody pass.
func TestO3AGateThatIsEmptiedStaysSet(t *testing.T) {
	e := acme(t)
	e.ok(e.PutPolicy(e.ctx, root, "helper", sharing.PolicyPatch{AllowedUsers: access.Some([]access.UserID{"max"})}))
	r, err := e.RemoveMember(e.ctx, as("adam"), "acme", "max", sharing.Offboard{})
	require.NoError(t, err)
	require.Equal(t, []string{"user:max in the gates of chatbot:helper", "member of organization:acme"}, r.Removed)
	require.Equal(t, []access.UserID{}, e.policy("helper").AllowedUsers)
}
