package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

func (e *env) putOrg(actor access.Actor, id access.OrganizationID, p sharing.OrganizationPatch) error {
	_, err := e.PutOrganization(e.ctx, actor, id, p)
	return err
}

func (e *env) putMember(actor access.Actor, org access.OrganizationID, user access.UserID, role access.OrgRole) error {
	_, err := e.PutMember(e.ctx, actor, org, user, role, sharing.Offboard{})
	return err
}

func named(s string) sharing.OrganizationPatch {
	return sharing.OrganizationPatch{Name: access.Some(s)}
}

func TestO6OrganizationsAreCreatedBySiteAdminsWithAFirstOwner(t *testing.T) {
	e := acme(t)
	require.NoError(t, e.putOrg(as("iris"), "new", orgPatch("otto")))
	e.refused(e.putOrg(root, "new2", sharing.OrganizationPatch{}), access.KindUnprocessable, "O1")
	e.refused(e.putOrg(root, "new2", orgPatch("stranger")), access.KindUnprocessable, "O1")
	for _, actor := range []access.Actor{as("olga"), as("otto"), e.key("acme")} {
		e.nowhere(e.putOrg(actor, "globex", orgPatch("otto")), "globex", e.putOrg(actor, "absent", orgPatch("otto")), "absent")
	}
	require.True(t, e.may("otto", access.Billing, access.Obj[access.OrganizationID](access.TypeOrganization, "new")))
}

func TestOwnersAndAdminsEditAnOrganizationAndOnlyOwnersDeleteIt(t *testing.T) {
	e := acme(t)
	require.NoError(t, e.putOrg(as("olga"), "acme", named("Acme")))
	require.NoError(t, e.putOrg(as("adam"), "acme", named("ACME")))
	require.NoError(t, e.putOrg(as("iris"), "acme", named("Acme Inc.")), "P1")
	e.refused(e.putOrg(as("adam"), "acme", orgPatch("adam")), access.KindUnprocessable, "O1")
	require.NoError(t, e.putOrg(as("adam"), "acme", orgPatch("olga")), "repeating a creation is harmless")
	for _, u := range []access.UserID{"mia", "carl"} {
		e.refused(e.putOrg(as(u), "acme", named("x")), access.KindDenied, "")
		_, err := e.DeleteOrganization(e.ctx, as(u), "acme")
		e.refused(err, access.KindDenied, "")
	}
	for _, actor := range []access.Actor{as("adam"), e.key("acme")} {
		_, err := e.DeleteOrganization(e.ctx, actor, "acme")
		e.refused(err, access.KindDenied, "")
	}
	_, hidden := e.DeleteOrganization(e.ctx, as("otto"), "acme")
	_, absent := e.DeleteOrganization(e.ctx, as("otto"), "absent")
	e.nowhere(hidden, "acme", absent, "absent")
	_, hidden = e.Organization(e.ctx, as("otto"), "acme")
	_, absent = e.Organization(e.ctx, as("otto"), "absent")
	e.nowhere(hidden, "acme", absent, "absent")
	e.ok(e.Organization(e.ctx, as("carl"), "acme"))
	e.ok(e.DeleteOrganization(e.ctx, as("olga"), "acme"))
}

func TestO4DeletingAnOrganizationLeavesNothingForTheNextOfItsName(t *testing.T) {
	e := acme(t)
	e.makeTeam("blue", "acme", "carl")
	e.makeRole("vip", "acme", "otto")
	e.makeGroup("friends", "acme", "user:otto")
	e.home("acme", "max")
	key := e.key("acme")
	e.makeBot("desk", "globex", "gus")
	e.shared("desk", "organization:acme", access.ReadOnly)
	e.shared("desk", "team:blue", access.UseOnly)
	e.ok(e.PutPolicy(e.ctx, root, "desk", sharing.PolicyPatch{Entities: access.Some([]access.OrganizationID{"acme"})}))
	r, err := e.DeleteOrganization(e.ctx, as("olga"), "acme")
	require.NoError(t, err)
	require.Subset(t, r.Removed, []string{"chatbot:helper", "team:blue", "role:vip", "group:friends", "member user:mia", "account key " + string(key.Key), "home of user:max"})
	require.NotContains(t, r.Removed, "organization:acme in the gates of chatbot:desk", "C6: olga reads no gates of globex")
	require.Contains(t, e.lastRecord().Effects, `{"kind":"policy","before":{"enabled":true,"chatbot":"desk","entities":["acme"]}`, "globex reads it in its record")
	e.org("acme", "olga")
	e.member("acme", access.OrgMember, "mia")
	e.cannot("mia", "desk", access.See)
	require.Empty(t, whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.AccountKey, string, error) {
		return e.Keys(c, a, sharing.InOrganization{Organization: "acme"}, p)
	}, root))
	u, err := e.User(e.ctx, root, "max")
	require.NoError(t, err)
	require.Empty(t, u.Organization)
}

func TestO5LoweringPublicAccessClosesTheLinksThatExceedIt(t *testing.T) {
	e := acme(t)
	require.NoError(t, e.db.Update(e.ctx, func(tx *store.Tx) error { // as a link that was opened earlier
		b, _, err := tx.Chatbot("helper")
		if err != nil {
			return err
		}
		b.PublicMode = access.AudienceEveryone
		return tx.PutChatbot(b)
	}))
	r, err := e.PutOrganization(e.ctx, as("adam"), "acme", sharing.OrganizationPatch{PublicAccess: access.Some(access.AudienceAuthenticated)})
	require.NoError(t, err)
	require.Equal(t, []string{"public link (everyone) of chatbot:helper"}, r.Removed)
	b, err := e.Chatbot(e.ctx, as("mia"), "helper")
	require.NoError(t, err)
	require.Equal(t, access.AudienceNone, b.PublicMode)
}

func TestO2AnAdminManagesMembersButNoOwners(t *testing.T) {
	e := acme(t)
	for _, actor := range []access.Actor{as("adam"), e.key("acme")} {
		require.NoError(t, e.putMember(actor, "acme", "otto", access.OrgMember))
		require.NoError(t, e.putMember(actor, "acme", "otto", access.OrgAdmin))
		e.refused(e.putMember(actor, "acme", "otto", access.OrgOwner), access.KindDenied, "O2")
		e.refused(e.putMember(actor, "acme", "olga", access.OrgMember), access.KindDenied, "O2")
		_, err := e.RemoveMember(e.ctx, actor, "acme", "olga", sharing.Offboard{Successor: "otto"})
		e.refused(err, access.KindDenied, "O2")
		e.ok(e.RemoveMember(e.ctx, actor, "acme", "otto", sharing.Offboard{}))
	}
	for _, u := range []access.UserID{"mia", "carl"} {
		e.refused(e.putMember(as(u), "acme", "otto", access.OrgClient), access.KindDenied, "")
	}
	e.nowhere(e.putMember(as("gus"), "acme", "otto", access.OrgClient), "acme", e.putMember(as("gus"), "absent", "otto", access.OrgClient), "absent")
	e.refused(e.putMember(as("adam"), "acme", "stranger", access.OrgClient), access.KindUnprocessable, "O1")
	require.NoError(t, e.putMember(as("olga"), "acme", "adam", access.OrgOwner))
	_, _, err := e.Members(e.ctx, as("carl"), "acme", sharing.Page{Limit: 1})
	e.refused(err, access.KindDenied, "")
}

func TestO1TheLastOwnerStaysUnlessASuccessorIsNamed(t *testing.T) {
	e := acme(t)
	e.refused(e.putMember(as("olga"), "acme", "olga", access.OrgAdmin), access.KindConflict, "O1")
	_, err := e.RemoveMember(e.ctx, as("olga"), "acme", "olga", sharing.Offboard{Successor: "olga"})
	e.refused(err, access.KindConflict, "O1")
	_, err = e.RemoveMember(e.ctx, as("olga"), "acme", "olga", sharing.Offboard{Successor: "otto"})
	e.refused(err, access.KindUnprocessable, "O1")
	_, err = e.PutMember(e.ctx, as("olga"), "acme", "olga", access.OrgClient, sharing.Offboard{Successor: "adam"})
	e.refused(err, access.KindUnprocessable, "O7")
	e.joins("acme", "adam", "mia")
	_, err = e.PutMember(e.ctx, as("olga"), "acme", "olga", access.OrgClient, sharing.Offboard{Successor: "adam"})
	require.NoError(t, err)
	require.True(t, e.may("adam", access.Delete, access.Obj[access.OrganizationID](access.TypeOrganization, "acme")))
	e.ok(e.RemoveMember(e.ctx, as("adam"), "acme", "adam", sharing.Offboard{Successor: "mia"}))
	_, err = e.RemoveMember(e.ctx, as("mia"), "acme", "otto", sharing.Offboard{})
	e.refused(err, access.KindNotFound, "")
}

func TestO3WhoLeavesLosesEverythingThereAndNothingElsewhere(t *testing.T) {
	e := acme(t)
	e.makeBot("max's", "acme", "max")
	e.makeTeam("blue", "acme", "mia")
	e.makeRole("vip", "acme", "mia")
	e.makeRole("premium", "", "mia")
	e.makeBot("desk", "globex", "gus")
	e.member("globex", access.OrgMember, "mia")
	e.makeTeam("red", "globex", "mia")
	for _, bot := range []access.ChatbotID{"max's", "desk"} {
		e.shared(bot, "user:mia", access.UseOnly)
		e.shared(bot, "email:mia@acme.test", access.UseOnly)
		require.NoError(t, e.row(root, bot, "mia", access.Read))
	}
	r, err := e.RemoveMember(e.ctx, as("adam"), "acme", "mia", sharing.Offboard{})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"member of team:blue", "role:vip of user:mia", "row of user:mia on chatbot:max's", "share use_only of chatbot:max's with user:mia",
		"share use_only of chatbot:max's with email:mia@acme.test", "member of organization:acme",
	}, r.Removed)
	require.Equal(t, []sharing.Reassignment{{Chatbot: "helper", To: "olga"}}, r.Reassigned, "adam is no owner")
	e.cannot("mia", "helper", access.See)
	e.cannot("mia", "max's", access.See)
	e.can("mia", "desk", access.Interact)
}

func TestO3ChatbotsPassToTheActorIfAnOwnerElseToAnOwnerAlsoFromWhoBecomesAClient(t *testing.T) {
	e := acme(t)
	e.member("acme", access.OrgOwner, "zoe")
	r, err := e.PutMember(e.ctx, as("zoe"), "acme", "mia", access.OrgClient, sharing.Offboard{})
	require.NoError(t, err)
	require.Equal(t, []sharing.Reassignment{{Chatbot: "helper", To: "zoe"}}, r.Reassigned)
	e.cannot("mia", "helper", access.See)
	r, err = e.RemoveMember(e.ctx, as("zoe"), "acme", "zoe", sharing.Offboard{})
	require.NoError(t, err)
	require.Equal(t, []sharing.Reassignment{{Chatbot: "helper", To: "olga"}}, r.Reassigned)
	e.can("olga", "helper", access.Actions[access.TypeChatbot]...)
}

func TestP4PlatformRolesGoToInternalUsersAndAreLostByWhoBecomesExternal(t *testing.T) {
	e := acme(t)
	_, err := e.PutPlatformRole(e.ctx, root, access.ContentAdmin, "otto")
	e.refused(err, access.KindUnprocessable, "P4")
	_, err = e.PutPlatformRole(e.ctx, root, access.ContentAdmin, "stranger")
	e.refused(err, access.KindUnprocessable, "P4")
	_, err = e.PutPlatformRole(e.ctx, as("olga"), access.ContentUser, "iris")
	e.refused(err, access.KindDenied, "")
	_, err = e.PutPlatformRole(e.ctx, e.key("acme"), access.ContentUser, "iris")
	e.refused(err, access.KindDenied, "")
	e.ok(e.PutPlatformRole(e.ctx, as("iris"), access.ContentAdmin, "iris"))
	e.can("iris", "helper", access.ReadHistory, access.Transfer)
	r, err := e.PutUser(e.ctx, root, "iris", sharing.UserPatch{Type: access.Some(access.External)})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"platform role content_admin", "platform role site_admin"}, r.Removed)
	e.cannot("iris", "helper", access.See)
	_, err = e.DeletePlatformRole(e.ctx, root, access.SiteAdmin, "iris")
	e.refused(err, access.KindNotFound, "")
}
