package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func TestM1ARowIsExactlyWhatItSaysAndM6RemovingItRestoresTheRole(t *testing.T) {
	e := acme(t)
	_, err := e.visible(as("mia"), "helper", access.OrganizationVisible)
	require.NoError(t, err)
	e.shared("helper", "user:max", access.ReadWrite)
	e.can("max", "helper", access.Read, access.Update, access.Deploy, access.ManageAccess)
	require.NoError(t, e.row(as("mia"), "helper", "max", access.Read, access.Test))
	e.can("max", "helper", access.Interact, access.Read, access.Test, access.ReadHistory)
	e.cannot("max", "helper", access.Update, access.Deploy, access.ManageAccess, access.ConfigureUI)
	require.NoError(t, e.row(as("mia"), "helper", "max"))
	e.cannot("max", "helper", access.See)
	e.ok(e.DeleteRow(e.ctx, as("mia"), "helper", "max"))
	e.can("max", "helper", access.Read, access.Update, access.Deploy, access.ManageAccess)
	_, err = e.DeleteRow(e.ctx, as("mia"), "helper", "max")
	e.refused(err, access.KindNotFound, "")
	require.NoError(t, e.row(as("mia"), "helper", "carl", access.Read, access.Test))
	e.can("carl", "helper", access.Interact, access.Read, access.Test)
}

func TestM1RowsSleepWhileTheChatbotIsOwnerOnly(t *testing.T) {
	e := acme(t)
	require.NoError(t, e.row(as("mia"), "helper", "max", access.Read))
	require.NoError(t, e.row(as("mia"), "helper", "adam"))
	e.can("max", "helper", access.Read)
	e.cannot("adam", "helper", access.See)
	_, err := e.visible(as("mia"), "helper", access.OwnerOnly)
	require.NoError(t, err)
	e.cannot("max", "helper", access.See)
	e.can("adam", "helper", access.ManageAccess)
	_, err = e.visible(as("mia"), "helper", access.Shared)
	require.NoError(t, err)
	e.can("max", "helper", access.Read)
	e.cannot("adam", "helper", access.See)
}

func TestM2ACellAboveTheCeilingIsRefusedAndALoweredCeilingHoldsAtOnce(t *testing.T) {
	e := acme(t)
	every := access.RowActions
	for user, ceiling := range map[access.UserID][]access.Action{
		"olga": every, "adam": {access.Read, access.Update, access.Deploy, access.Test}, "max": {access.Read, access.Update, access.Deploy, access.Test},
		"carl": {access.Read, access.Update, access.Test},
	} {
		require.NoError(t, e.row(as("mia"), "helper", user, ceiling...), "%s", user)
		if len(ceiling) < len(every) {
			refusal := e.refused(e.row(as("mia"), "helper", user, every...), access.KindUnprocessable, "M2")
			require.Contains(t, refusal.Detail, "ceiling")
		}
		e.can(user, "helper", ceiling...)
	}
	e.member("acme", access.OrgClient, "max")
	e.can("max", "helper", access.Read, access.Update, access.Test)
	e.cannot("max", "helper", access.Deploy)
	e.member("acme", access.OrgMember, "max")
	e.can("max", "helper", access.Deploy)
	e.member("acme", access.OrgMember, "olga2", "iris")
	require.NoError(t, e.row(as("mia"), "helper", "iris", every...), "a site admin's ceiling is an owner's (M1)")
	e.can("iris", "helper", access.Delete)
	e.ok(e.DeletePlatformRole(e.ctx, root, access.SiteAdmin, "iris"))
	e.cannot("iris", "helper", access.Delete)
	e.can("iris", "helper", access.Deploy)
}

func TestM3M7TheOwnerAndOutsidersHaveNoRow(t *testing.T) {
	e := acme(t)
	e.refused(e.row(as("olga"), "helper", "mia", access.Read), access.KindUnprocessable, "M3")
	for _, u := range []access.UserID{"otto", "stranger", "iris"} {
		e.refused(e.row(as("olga"), "helper", u, access.Read), access.KindUnprocessable, "M7")
	}
	e.refused(e.row(as("mia"), "helper", "max", access.ManageAccess), access.KindUnprocessable, "M1")
}

func TestM4UpdateWithoutReadIsAcceptedWithAWarning(t *testing.T) {
	e := acme(t)
	r, err := e.PutRow(e.ctx, as("mia"), "helper", "max", []access.Action{access.Update})
	require.NoError(t, err)
	require.Len(t, r.Warnings, 1)
	r, err = e.PutRow(e.ctx, as("mia"), "helper", "max", []access.Action{access.Update, access.Read})
	require.NoError(t, err)
	require.Empty(t, r.Warnings)
	e.can("max", "helper", access.Update, access.Interact)
}

func TestM5AnAdminKeepsTheMatrixOnlyWhileItsRowHasUpdate(t *testing.T) {
	e := acme(t)
	require.NoError(t, e.row(as("olga"), "helper", "adam", access.Read, access.Update))
	require.NoError(t, e.row(as("adam"), "helper", "max", access.Read))
	require.NoError(t, e.row(as("adam"), "helper", "adam", access.Read))
	e.refused(e.row(as("adam"), "helper", "adam", access.Read, access.Update), access.KindDenied, "M8")
	require.NoError(t, e.row(as("mia"), "helper", "olga"))
	e.can("olga", "helper", access.ManageAccess, access.Transfer)
	e.cannot("olga", "helper", access.Read)
	require.NoError(t, e.row(as("olga"), "helper", "adam", access.Update))
	require.NoError(t, e.row(as("adam"), "helper", "max", access.Update))
}

func TestM8WhoSetsRows(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:max", access.ReadWrite)
	e.shared("helper", "user:otto", access.ReadWrite)
	for _, u := range []access.UserID{"mia", "olga", "adam", "iris"} {
		require.NoError(t, e.row(as(u), "helper", "carl", access.Read, access.Test), "%s", u)
	}
	require.NoError(t, e.row(root, "helper", "carl"))
	for _, u := range []access.UserID{"max", "otto"} {
		e.can(u, "helper", access.ManageAccess)
		e.refused(e.row(as(u), "helper", "carl", access.Read), access.KindDenied, "M8")
	}
	e.refused(e.row(as("adam"), "helper", "olga", access.Read), access.KindDenied, "M8")
	confined := e.key("acme")
	for _, user := range []access.UserID{"", "mia", "olga"} {
		key := acting(confined, user)
		require.NoError(t, e.row(key, "helper", "carl", access.Read))
		e.refused(e.row(key, "helper", "olga", access.Read), access.KindDenied, "M8") // at most an admin, whomever it acts for (B3)
	}
	require.NoError(t, e.row(as("mia"), "helper", "olga", access.Read))
	_, err := e.DeleteRow(e.ctx, as("adam"), "helper", "olga")
	e.refused(err, access.KindDenied, "M8")
	e.ok(e.DeleteRow(e.ctx, as("olga"), "helper", "olga"))

	e.member("acme", access.OrgMember, "iris") // a site admin acts as an owner (P1)
	e.refused(e.row(as("adam"), "helper", "iris", access.Read), access.KindDenied, "M8")
	require.NoError(t, e.row(as("olga"), "helper", "iris", access.Read))
}
