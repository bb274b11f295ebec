package sharing_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

func (e *env) gate(actor access.Actor, p sharing.PolicyPatch) error {
	_, err := e.PutPolicy(e.ctx, actor, "helper", p)
	return err
}

func TestA3GatesNeedManageAccess(t *testing.T) {
	e := acme(t)
	off := sharing.PolicyPatch{Enabled: access.Some(false)}
	e.shared("helper", "user:max", access.ReadOnly)
	e.refused(e.gate(as("max"), off), access.KindDenied, "A3")
	require.NoError(t, e.gate(as("adam"), off))
	e.cannot("mia", "helper", access.Interact)
	e.can("mia", "helper", access.Update, access.Read)
	require.NoError(t, e.gate(as("mia"), sharing.PolicyPatch{Enabled: access.Optional[bool]{Set: true, Null: true}}))
	e.can("mia", "helper", access.Interact)
}

func TestG2ToG7EachGateNarrowsAndTheOwnerPassesThemAll(t *testing.T) {
	for rule, s := range map[string]struct {
		gate sharing.PolicyPatch
		pass access.UserID
	}{
		"G2": {sharing.PolicyPatch{EmailDomains: access.Some([]string{"Partner.ORG", "bücher.example"})}, "pat"},
		"G3": {sharing.PolicyPatch{UserTypes: access.Some([]access.UserType{access.Internal})}, "iris"},
		"G4": {sharing.PolicyPatch{Entities: access.Some([]access.OrganizationID{"globex"})}, "gus"},
		"G5": {sharing.PolicyPatch{AllowedRoles: access.Some([]string{"vip", "platform:site_admin"})}, "iris"},
		"G6": {sharing.PolicyPatch{AllowedUsers: access.Some([]access.UserID{"gus"})}, "gus"},
		"G7": {sharing.PolicyPatch{DeniedUsers: access.Some([]access.UserID{"otto"})}, "gus"},
	} {
		t.Run(rule, func(t *testing.T) {
			e := acme(t)
			e.ok(e.PutUser(e.ctx, root, "pat", userPatch(access.External, "pat@partner.org")))
			e.makeRole("vip", "acme")
			e.shared("helper", "everyone", access.UseOnly)
			e.can("otto", "helper", access.Interact)
			require.NoError(t, e.gate(as("mia"), s.gate))
			e.cannot("otto", "helper", access.Interact)
			e.can(s.pass, "helper", access.Interact)
			e.can("mia", "helper", access.Interact)
			unset := sharing.PolicyPatch{
				EmailDomains: access.Optional[[]string]{Set: true, Null: true}, UserTypes: access.Optional[[]access.UserType]{Set: true, Null: true},
				Entities: access.Optional[[]access.OrganizationID]{Set: true, Null: true}, AllowedRoles: access.Optional[[]string]{Set: true, Null: true},
				AllowedUsers: access.Optional[[]access.UserID]{Set: true, Null: true}, DeniedUsers: access.Optional[[]access.UserID]{Set: true, Null: true},
			}
			require.NoError(t, e.gate(as("mia"), sharing.PolicyPatch{}), "left out, it stays")
			e.cannot("otto", "helper", access.Interact)
			require.NoError(t, e.gate(as("mia"), unset))
			e.can("otto", "helper", access.Interact)
		})
	}
}

func TestG5RequiredRolesAreAllHeld(t *testing.T) {
	e := acme(t)
	e.makeRole("vip", "acme", "otto", "max")
	e.makeRole("gold", "", "max")
	e.shared("helper", "everyone", access.UseOnly)
	require.NoError(t, e.gate(as("mia"), sharing.PolicyPatch{RequiredRoles: access.Some([]string{"vip", "gold"})}))
	e.can("max", "helper", access.Interact)
	e.cannot("otto", "helper", access.Interact)
}

func TestG7G8EmptyListsUnknownNamesAndADeniedOwnerAreRefused(t *testing.T) {
	e := acme(t)
	e.ok(e.PutUser(e.ctx, root, "gone", inactive))
	e.makeRole("theirs", "globex")
	for rule, patches := range map[string][]sharing.PolicyPatch{
		"G8": {
			{EmailDomains: access.Some([]string{})}, {UserTypes: access.Some([]access.UserType{})}, {Entities: access.Some([]access.OrganizationID{})},
			{AllowedRoles: access.Some([]string{})}, {RequiredRoles: access.Some([]string{})}, {AllowedUsers: access.Some([]access.UserID{})},
			{DeniedUsers: access.Some([]access.UserID{})}, {EmailDomains: access.Some(make([]string, sharing.MaxGateEntries+1))},
		},
		"G2": {{EmailDomains: access.Some([]string{"no domain"})}, {EmailDomains: access.Some([]string{strings.Repeat("a.", 200) + "test"})}},
		"G4": {{Entities: access.Some([]access.OrganizationID{"globex", "nowhere"})}},
		"G5": {
			{AllowedRoles: access.Some([]string{"absent"})}, {RequiredRoles: access.Some([]string{"platform:absent"})},
			{AllowedRoles: access.Some([]string{"theirs"})}, {RequiredRoles: access.Some([]string{"theirs"})}, // C6: not there for acme
		},
		"G6": {{AllowedUsers: access.Some([]access.UserID{"stranger"})}, {AllowedUsers: access.Some([]access.UserID{"gone"})}},
		"G7": {{DeniedUsers: access.Some([]access.UserID{"mia"})}, {DeniedUsers: access.Some([]access.UserID{"stranger"})}},
	} {
		for _, p := range patches {
			e.refused(e.gate(as("mia"), p), access.KindUnprocessable, rule)
		}
	}
	require.NoError(t, e.gate(as("iris"), sharing.PolicyPatch{AllowedRoles: access.Some([]string{"theirs"})}), "a site admin sees it")
}

func TestG8AGateThatADeletionEmptiesStaysSetAndNobodyPasses(t *testing.T) {
	e := acme(t)
	e.member("globex", access.OrgMember, "otto")
	e.shared("helper", "everyone", access.UseOnly)
	require.NoError(t, e.gate(as("mia"), sharing.PolicyPatch{Entities: access.Some([]access.OrganizationID{"globex"})}))
	e.can("otto", "helper", access.Interact)
	e.ok(e.DeleteOrganization(e.ctx, root, "globex"))
	e.org("globex", "otto")
	e.cannot("otto", "helper", access.Interact)
	require.NoError(t, e.gate(as("mia"), sharing.PolicyPatch{Enabled: access.Some(true)}), "a PUT that leaves the emptied gate out is no PUT of it")
	require.Equal(t, []access.OrganizationID{}, facts(e, func(tx *store.Tx) ([]access.OrganizationID, error) {
		p, _, err := tx.Policy("helper")
		return p.Entities, err
	}))
}
