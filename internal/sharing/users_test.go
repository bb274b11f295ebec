package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// home makes users whose home organization it is.
func (e *env) home(org access.OrganizationID, ids ...access.UserID) {
	e.t.Helper()
	for _, id := range ids {
		e.known(id)
		e.ok(e.PutUser(e.ctx, root, id, sharing.UserPatch{Organization: access.Some(org)}))
	}
}

func (e *env) putUser(actor access.Actor, id access.UserID, p sharing.UserPatch) error {
	_, err := e.PutUser(e.ctx, actor, id, p)
	return err
}

var inactive = sharing.UserPatch{Active: access.Some(false)}

func TestU1SiteAdminsCreateUsersAndOthersCreateThoseOfTheirHomeOrganization(t *testing.T) {
	e := acme(t)
	at := func(org access.OrganizationID) sharing.UserPatch {
		return sharing.UserPatch{Organization: access.Some(org)}
	}
	e.ok(e.PutUser(e.ctx, as("iris"), "new", sharing.UserPatch{}))
	e.ok(e.PutUser(e.ctx, as("olga"), "new2", at("acme")))
	e.ok(e.PutUser(e.ctx, as("adam"), "new3", at("acme")))
	e.ok(e.PutUser(e.ctx, as("adam"), "new3", sharing.UserPatch{Name: access.Some("Nova")}))
	for _, who := range []access.UserID{"mia", "carl", "gus", "otto"} {
		e.refused(e.putUser(as(who), "new4", at("acme")), access.KindDenied, "U1")
		e.refused(e.putUser(as(who), "new3", sharing.UserPatch{Name: access.Some("x")}), access.KindDenied, "U1")
	}
	e.refused(e.putUser(as("adam"), "new4", sharing.UserPatch{}), access.KindDenied, "U1")
	e.refused(e.putUser(as("adam"), "new4", at("globex")), access.KindDenied, "U1")
	e.refused(e.putUser(root, "new4", at("nowhere")), access.KindUnprocessable, "U1")
}

func TestU1AHomeOrganizationNeverVerifiesAnAddressSetsATypeOrMovesAUser(t *testing.T) {
	e := acme(t)
	e.home("acme", "max")
	e.refused(e.putUser(as("olga"), "max", sharing.UserPatch{Type: access.Some(access.Internal)}), access.KindDenied, "U1")
	e.refused(e.putUser(as("olga"), "max", sharing.UserPatch{Organization: access.Some[access.OrganizationID]("globex")}), access.KindDenied, "U1")
	other := access.Some(access.Email("other@acme.test"))
	e.refused(e.putUser(as("olga"), "max", sharing.UserPatch{Email: other, EmailVerified: access.Some(true)}), access.KindDenied, "U1")
	r, err := e.PutUser(e.ctx, as("olga"), "max", sharing.UserPatch{Email: other})
	require.NoError(t, err)
	require.False(t, r.User.EmailVerified, "I2: a new address is not verified")
	e.refused(e.putUser(as("olga"), "max", sharing.UserPatch{EmailVerified: access.Some(true)}), access.KindDenied, "U1")
}

func TestC6APutOnAUserAnswersAlikeWhetherThereIsOne(t *testing.T) {
	e := acme(t)
	for _, p := range []sharing.UserPatch{
		{}, {EmailVerified: access.Some(true)}, {EmailVerified: access.Some(false)}, {Type: access.Some(access.Internal)}, inactive,
		{Organization: access.Some[access.OrganizationID]("globex")},
	} {
		e.nowhere(e.putUser(as("otto"), "mia", p), "mia", e.putUser(as("otto"), "nobody", p), "nobody")
	}
	_, hidden := e.DeleteUser(e.ctx, as("otto"), "mia", sharing.Offboard{})
	_, absent := e.DeleteUser(e.ctx, as("otto"), "nobody", sharing.Offboard{})
	e.nowhere(hidden, "mia", absent, "nobody")
	_, hidden = e.User(e.ctx, as("otto"), "mia")
	_, absent = e.User(e.ctx, as("otto"), "nobody")
	e.nowhere(hidden, "mia", absent, "nobody")
}

func TestI2AVerifiedAddressBelongsToOneUser(t *testing.T) {
	e := acme(t)
	e.refused(e.putUser(root, "twin", userPatch(access.External, mail("mia"))), access.KindConflict, "I2")
	e.ok(e.PutUser(e.ctx, root, "twin", sharing.UserPatch{Email: access.Some(mail("mia"))}))
	e.refused(e.putUser(root, "twin", sharing.UserPatch{EmailVerified: access.Some(true)}), access.KindConflict, "I2")
	e.refused(e.putUser(root, "blank", sharing.UserPatch{EmailVerified: access.Some(true)}), access.KindUnprocessable, "I2")
	e.ok(e.DeleteUser(e.ctx, root, "mia", sharing.Offboard{}))
	e.ok(e.PutUser(e.ctx, root, "twin", sharing.UserPatch{EmailVerified: access.Some(true)}))
}

func TestI2AGrantToAnAddressTakesHoldForWhoeverVerifiesItHoweverItIsSpelled(t *testing.T) {
	e := acme(t)
	for spelled, compared := range map[string]access.Email{
		"New.Hire@BÜCHER.example": "new.hire@xn--bcher-kva.example", "Plain@Acme.Test": "plain@acme.test",
	} {
		e.shared("helper", "email:"+spelled, access.UseOnly)
		e.cannot("late", "helper", access.Interact)
		e.ok(e.PutUser(e.ctx, root, "late", sharing.UserPatch{Email: access.Some(compared)}))
		e.cannot("late", "helper", access.Interact)
		e.ok(e.PutUser(e.ctx, root, "late", sharing.UserPatch{EmailVerified: access.Some(true)}))
		e.can("late", "helper", access.Interact)
		e.ok(e.DeleteUser(e.ctx, root, "late", sharing.Offboard{}))
	}
}

func TestN2OffboardingEndsEverythingAndComingBackStartsWithNothing(t *testing.T) {
	for name, leave := range map[string]func(*env) ([]string, []sharing.Reassignment, error){
		"deleted": func(e *env) ([]string, []sharing.Reassignment, error) {
			r, err := e.DeleteUser(e.ctx, root, "mia", sharing.Offboard{})
			return r.Removed, r.Reassigned, err
		},
		"inactive": func(e *env) ([]string, []sharing.Reassignment, error) {
			r, err := e.PutUser(e.ctx, root, "mia", inactive)
			return r.Removed, r.Reassigned, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			e.ok(e.PutUser(e.ctx, root, "mia", sharing.UserPatch{Type: access.Some(access.Internal)}))
			e.ok(e.PutPlatformRole(e.ctx, root, access.ContentUser, "mia"))
			e.makeBot("desk", "globex", "gus")
			e.makeBot("open", "globex", "gus")
			e.makeBot("max's", "acme", "max")
			e.makeTeam("blue", "acme", "mia")
			e.makeRole("vip", "", "mia")
			e.makeGroup("friends", "globex", "user:mia", "email:mia@acme.test")
			e.shared("desk", "user:mia", access.ReadOnly)
			e.shared("desk", "email:mia@acme.test", access.ReadWrite)
			e.shared("open", "everyone", access.ReadOnly)
			require.NoError(t, e.row(root, "max's", "mia", access.Read))
			e.ok(e.PutPolicy(e.ctx, root, "open", sharing.PolicyPatch{DeniedUsers: access.Some([]access.UserID{"otto", "mia"})}))
			e.ok(e.PutPolicy(e.ctx, root, "desk", sharing.PolicyPatch{AllowedUsers: access.Some([]access.UserID{"mia"})}))
			e.ok(e.PutResource(e.ctx, root, access.TypeDocument, "doc", sharing.ResourcePatch{
				Chatbot: access.Some[access.ChatbotID]("helper"), Access: access.Some(access.ModeRestricted),
				Allowed: access.Some([]access.Principal{who("user:mia"), who("email:mia@acme.test")}),
			}))

			removed, reassigned, err := leave(e)
			require.NoError(t, err)
			require.Equal(t, []sharing.Reassignment{{Chatbot: "helper", To: "olga"}}, reassigned)
			require.ElementsMatch(t, []string{
				"member of team:blue", "member of organization:acme", "row of user:mia on chatbot:max's", "platform role content_user",
				"role:vip of user:mia", "share read_only of chatbot:desk with user:mia", "share read_write of chatbot:desk with email:mia@acme.test",
				"user:mia in group:friends", "email:mia@acme.test in group:friends", "user:mia on the list of document:doc",
				"email:mia@acme.test on the list of document:doc", "user:mia in the gates of chatbot:open", "user:mia in the gates of chatbot:desk",
			}, removed)
			e.cannot("mia", "helper", access.See)
			e.cannot("mia", "open", access.Interact, access.Read)
			require.Equal(t, []access.UserID{}, facts(e, func(tx *store.Tx) ([]access.UserID, error) {
				p, _, err := tx.Policy("desk")
				return p.AllowedUsers, err
			}), "G8: an emptied gate stays set")
			e.refused(e.share(root, "desk", "user:mia", access.UseOnly), access.KindUnprocessable, "S2")

			back := userPatch(access.Internal, mail("mia"))
			back.Active = access.Some(true)
			e.ok(e.PutUser(e.ctx, root, "mia", back))
			e.can("mia", "open", access.Interact, access.Read)
			e.cannot("mia", "desk", access.See)
			e.cannot("mia", "helper", access.See)
			require.False(t, e.may("mia", access.UseEnhancedFeatures, access.PlatformObject))
		})
	}
}

func TestN2AUserWhoWasOffboardedChangesNothingMore(t *testing.T) {
	e := acme(t)
	e.ok(e.PutUser(e.ctx, root, "mia", inactive))
	e.refused(e.share(as("mia"), "helper", "user:otto", access.UseOnly), access.KindUnauthenticated, "N2")
	e.refused(e.share(as("stranger"), "helper", "user:otto", access.UseOnly), access.KindUnauthenticated, "N2")
}

func TestO1TheLastOwnerIsOffboardedWithASuccessorOnly(t *testing.T) {
	e := acme(t)
	e.makeBot("olga's", "acme", "olga")
	e.refused(e.putUser(root, "olga", inactive), access.KindConflict, "O1")
	_, err := e.DeleteUser(e.ctx, root, "olga", sharing.Offboard{Successor: "otto"})
	e.refused(err, access.KindUnprocessable, "O1")
	r, err := e.DeleteUser(e.ctx, root, "olga", sharing.Offboard{Successor: "max"})
	require.NoError(t, err)
	require.Equal(t, []sharing.Reassignment{{Chatbot: "olga's", To: "max"}}, r.Reassigned)
	require.True(t, e.may("max", access.Billing, access.Obj[access.OrganizationID](access.TypeOrganization, "acme")))
}

func TestO1ASuccessorIsNeededAndMadeAnOwnerOnlyWhereTheLastOwnerLeaves(t *testing.T) {
	e := acme(t)
	e.member("globex", access.OrgOwner, "olga")
	e.member("globex", access.OrgClient, "max")
	e.ok(e.DeleteUser(e.ctx, root, "olga", sharing.Offboard{Successor: "max"}))
	require.True(t, e.may("max", access.Billing, access.Obj[access.OrganizationID](access.TypeOrganization, "acme")))
	require.False(t, e.may("max", access.Billing, access.Obj[access.OrganizationID](access.TypeOrganization, "globex")), "gus is still there")
}

func TestO2AnAdminOffboardsTheUsersOfItsOrganizationButNoOwner(t *testing.T) {
	e := acme(t)
	e.member("acme", access.OrgOwner, "owen")
	e.home("acme", "owen", "max")
	e.refused(e.putUser(as("adam"), "owen", inactive), access.KindDenied, "O2")
	_, err := e.DeleteUser(e.ctx, as("adam"), "owen", sharing.Offboard{})
	e.refused(err, access.KindDenied, "O2")
	e.ok(e.DeleteUser(e.ctx, as("adam"), "max", sharing.Offboard{}))
	e.ok(e.DeleteUser(e.ctx, as("olga"), "owen", sharing.Offboard{}))
}

func TestO2OffboardingMakesNobodyAnOwnerOfAnOrganizationThatTheActorDoesNotOwn(t *testing.T) {
	e := acme(t)
	e.home("acme", "gus")
	e.member("globex", access.OrgClient, "max")
	r, err := e.PutUser(e.ctx, as("adam"), "gus", sharing.UserPatch{Active: access.Some(false), Offboard: sharing.Offboard{Successor: "max"}})
	require.NoError(t, err)
	require.Empty(t, r.Removed, "C6: nothing of globex")
	require.Equal(t, access.OrgClient, e.role("globex", "max"))
	require.Equal(t, []access.NotificationKind{access.NotifyOwnerless}, e.told("iris"))
}

func TestC6AnOffboardingReportsOnlyWhatTheActorMayRead(t *testing.T) {
	e := acme(t)
	e.home("acme", "max")
	e.makeBot("desk", "globex", "gus")
	e.member("globex", access.OrgMember, "max")
	e.makeBot("max's desk", "globex", "max")
	e.shared("desk", "user:max", access.UseOnly)
	e.ok(e.PutPolicy(e.ctx, root, "desk", sharing.PolicyPatch{AllowedUsers: access.Some([]access.UserID{"max"})}))
	e.makeGroup("friends", "globex", "user:max")
	r, err := e.PutUser(e.ctx, as("adam"), "max", inactive)
	require.NoError(t, err)
	require.Equal(t, []string{"member of organization:acme"}, r.Removed)
	require.Empty(t, r.Reassigned)
	require.Contains(t, e.lastRecord().Effects, `"chatbot":"desk"`, "globex reads it in its record (H1)")
	require.Contains(t, e.lastRecord().Effects, `"id":"max's desk"`)
}

func TestI3AUserWhoMayNotBeSeenIsTakenForWhoeverCouldCreateThem(t *testing.T) {
	e := acme(t)
	ours := sharing.UserPatch{Organization: access.Some[access.OrganizationID]("globex")}
	_, err := e.PutUser(e.ctx, as("gus"), "mia", ours)
	e.refused(err, access.KindIDTaken, "I3")
	_, err = e.PutUser(e.ctx, as("gus"), "mia", sharing.UserPatch{})
	_, absent := e.PutUser(e.ctx, as("gus"), "mii", sharing.UserPatch{})
	e.nowhere(err, "mia", absent, "mii")
	e.ok(e.PutUser(e.ctx, as("gus"), "mii", ours))
	_, err = e.PutUser(e.ctx, as("olga"), "mia", ours)
	e.refused(err, access.KindDenied, "U1")
}

func TestN2TheAccountKeysThatAUserMadeEndWithTheUser(t *testing.T) {
	e := acme(t)
	made, err := e.CreateKey(e.ctx, as("adam"), sharing.NewKey{Name: "adam's", Access: access.KeyFull, Organization: "acme"})
	require.NoError(t, err)
	with := access.Actor{Key: made.Key.ID, Access: access.KeyFull, Organization: "acme"}
	another, err := e.CreateKey(e.ctx, with, sharing.NewKey{Name: "made with it", Access: access.KeyFull, Organization: "acme"})
	require.NoError(t, err)
	others, err := e.CreateKey(e.ctx, as("olga"), sharing.NewKey{Name: "olga's", Access: access.KeyFull, Organization: "acme"})
	require.NoError(t, err)

	gone, err := e.DeleteUser(e.ctx, as("iris"), "adam", sharing.Offboard{})
	require.NoError(t, err)
	require.ElementsMatch(t, []access.KeyID{made.Key.ID, another.Key.ID}, gone.RefusedKeys)
	require.Equal(t, []access.KeyID{others.Key.ID}, liveKeys(e))
}

// liveKeys are the account keys that are not refused.
func liveKeys(e *env) []access.KeyID {
	return facts(e, func(tx *store.Tx) (ids []access.KeyID, err error) {
		keys, err := tx.AccountKeys(store.AccountKeyFilter{}, "", 0)
		for _, k := range keys {
			if k.RefusedFor == "" {
				ids = append(ids, k.ID)
			}
		}
		return ids, err
	})
}
