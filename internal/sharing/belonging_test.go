package sharing_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// things are what belongs to an organization and is managed by anyone with update on it, each put and deleted alike.
var things = map[string]struct {
	put    func(e *env, actor access.Actor, id string, org access.Optional[access.OrganizationID], name access.Optional[string]) error
	del    func(e *env, actor access.Actor, id string) error
	get    func(e *env, actor access.Actor, id string) error
	member func(e *env, actor access.Actor, id string) error
}{
	"team": {
		put: func(e *env, actor access.Actor, id string, org access.Optional[access.OrganizationID], name access.Optional[string]) error {
			_, err := e.PutTeam(e.ctx, actor, access.TeamID(id), sharing.TeamPatch{Organization: org, Name: name})
			return err
		},
		del: func(e *env, actor access.Actor, id string) error {
			_, err := e.DeleteTeam(e.ctx, actor, access.TeamID(id))
			return err
		},
		get: func(e *env, actor access.Actor, id string) error {
			_, err := e.Team(e.ctx, actor, access.TeamID(id))
			return err
		},
		member: func(e *env, actor access.Actor, id string) error {
			_, err := e.PutTeamMember(e.ctx, actor, access.TeamID(id), "max", access.TeamMember)
			return err
		},
	},
	"role": {
		put: func(e *env, actor access.Actor, id string, org access.Optional[access.OrganizationID], name access.Optional[string]) error {
			_, err := e.PutRole(e.ctx, actor, access.RoleID(id), sharing.RolePatch{Organization: org, Name: name})
			return err
		},
		del: func(e *env, actor access.Actor, id string) error {
			_, err := e.DeleteRole(e.ctx, actor, access.RoleID(id))
			return err
		},
		get: func(e *env, actor access.Actor, id string) error {
			_, err := e.Role(e.ctx, actor, access.RoleID(id))
			return err
		},
		member: func(e *env, actor access.Actor, id string) error {
			_, err := e.AssignRole(e.ctx, actor, access.RoleID(id), "max")
			return err
		},
	},
	"group": {
		put: func(e *env, actor access.Actor, id string, org access.Optional[access.OrganizationID], name access.Optional[string]) error {
			_, err := e.PutGroup(e.ctx, actor, access.GroupID(id), sharing.GroupPatch{Organization: org, Name: name})
			return err
		},
		del: func(e *env, actor access.Actor, id string) error {
			_, err := e.DeleteGroup(e.ctx, actor, access.GroupID(id))
			return err
		},
		get: func(e *env, actor access.Actor, id string) error {
			_, err := e.Group(e.ctx, actor, access.GroupID(id))
			return err
		},
		member: func(e *env, actor access.Actor, id string) error {
			_, err := e.AddToGroup(e.ctx, actor, access.GroupID(id), who("user:max"))
			return err
		},
	},
}

var (
	inAcme   = access.Some[access.OrganizationID]("acme")
	inGlobex = access.Some[access.OrganizationID]("globex")
	leftOut  access.Optional[access.OrganizationID]
	noName   access.Optional[string]
)

func TestOwnersAndAdminsManageTheTeamsRolesAndGroupsOfTheirOrganization(t *testing.T) {
	for kind, thing := range things {
		t.Run(kind, func(t *testing.T) {
			e := acme(t)
			require.NoError(t, thing.put(e, as("adam"), "x", inAcme, noName))
			require.NoError(t, thing.put(e, as("olga"), "x", leftOut, access.Some("X")))
			require.NoError(t, thing.put(e, as("iris"), "x", inAcme, access.Some("X")), "P1")
			e.refused(thing.put(e, as("mia"), "y", inAcme, noName), access.KindDenied, "")
			e.refused(thing.put(e, as("mia"), "x", leftOut, access.Some("Z")), access.KindDenied, "")
			e.refused(thing.put(e, as("carl"), "y", inAcme, noName), access.KindDenied, "")
			e.refused(thing.put(e, as("gus"), "y", inAcme, noName), access.KindNotFound, "")
			require.NoError(t, thing.get(e, as("mia"), "x"), "the staff of an organization see what they work with")
			e.refused(thing.get(e, as("carl"), "x"), access.KindNotFound, "")
			e.refused(thing.del(e, as("mia"), "x"), access.KindDenied, "")
			require.NoError(t, thing.del(e, as("adam"), "x"))
			e.refused(thing.get(e, as("adam"), "x"), access.KindNotFound, "")
		})
	}
}

func TestI3AnIDThatExistsElsewhereIsTakenAndNothingMoves(t *testing.T) {
	for kind, thing := range things {
		t.Run(kind, func(t *testing.T) {
			e := acme(t)
			require.NoError(t, thing.put(e, root, "x", inGlobex, access.Some("X")))
			e.refused(thing.put(e, as("adam"), "x", inAcme, noName), access.KindIDTaken, "I3")
			e.refused(thing.put(e, root, "x", inAcme, noName), access.KindIDTaken, "I3")
			e.refused(thing.put(e, root, "x", access.Optional[access.OrganizationID]{Set: true, Null: true}, noName), access.KindIDTaken, "I3")
		})
	}
}

func TestC6TheTeamsRolesAndGroupsOfAnotherOrganizationAreNotThere(t *testing.T) {
	for kind, thing := range things {
		t.Run(kind, func(t *testing.T) {
			e := acme(t)
			require.NoError(t, thing.put(e, root, "hidden", inGlobex, noName))
			for _, actor := range []access.Actor{as("adam"), as("carl"), as("otto"), e.key("acme")} {
				for _, org := range []access.Optional[access.OrganizationID]{leftOut, inGlobex} {
					e.nowhere(thing.put(e, actor, "hidden", org, access.Some("N")), "hidden", thing.put(e, actor, "absent", org, access.Some("N")), "absent")
				}
				e.nowhere(thing.get(e, actor, "hidden"), "hidden", thing.get(e, actor, "absent"), "absent")
				e.nowhere(thing.del(e, actor, "hidden"), "hidden", thing.del(e, actor, "absent"), "absent")
				e.nowhere(thing.member(e, actor, "hidden"), "hidden", thing.member(e, actor, "absent"), "absent")
			}
		})
	}
}

func TestT1ATeamIsManagedByItsAdminsAndHoldsPeopleOfItsOrganization(t *testing.T) {
	e := acme(t)
	e.makeTeam("blue", "acme", "carl")
	e.refused(things["team"].member(e, as("carl"), "blue"), access.KindDenied, "T1")
	e.ok(e.PutTeamMember(e.ctx, root, "blue", "carl", access.TeamAdmin))
	e.ok(e.PutTeamMember(e.ctx, as("carl"), "blue", "max", access.TeamAdmin))
	e.refused(things["team"].del(e, as("max"), "blue"), access.KindDenied, "")
	_, err := e.PutTeamMember(e.ctx, as("max"), "blue", "otto", access.TeamMember)
	e.refused(err, access.KindUnprocessable, "T1")
	e.refused(things["team"].member(e, as("mia"), "blue"), access.KindDenied, "T1")
	e.ok(e.RemoveTeamMember(e.ctx, as("carl"), "blue", "max"))
	_, err = e.RemoveTeamMember(e.ctx, as("carl"), "blue", "max")
	e.refused(err, access.KindNotFound, "")
	require.Len(t, whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.TeamMembership, string, error) {
		return e.TeamMembers(c, a, "blue", p)
	}, as("carl")), 1)
}

func TestT2AMemberOfTheInnerTeamIsAMemberOfTheOuterOneAndACircleIsRefused(t *testing.T) {
	e := acme(t)
	e.makeTeam("outer", "acme")
	e.makeTeam("middle", "acme")
	e.makeTeam("inner", "acme", "carl")
	e.makeTeam("foreign", "globex")
	e.shared("helper", "team:outer", access.ReadOnly)
	e.ok(e.NestTeam(e.ctx, as("adam"), "outer", "middle"))
	e.cannot("carl", "helper", access.See)
	e.ok(e.NestTeam(e.ctx, as("adam"), "middle", "inner"))
	e.can("carl", "helper", access.Interact, access.Read)
	for _, n := range [][2]access.TeamID{{"inner", "outer"}, {"outer", "outer"}, {"middle", "outer"}} {
		_, err := e.NestTeam(e.ctx, as("adam"), n[0], n[1])
		e.refused(err, access.KindUnprocessable, "T2")
	}
	_, foreign := e.NestTeam(e.ctx, as("adam"), "outer", "foreign")
	_, absent := e.NestTeam(e.ctx, as("adam"), "outer", "absent")
	e.nowhere(foreign, "foreign", absent, "absent")
	_, err := e.NestTeam(e.ctx, as("mia"), "outer", "inner")
	e.refused(err, access.KindDenied, "T1")
	e.ok(e.DeleteTeam(e.ctx, as("adam"), "middle"))
	e.cannot("carl", "helper", access.See)
	_, err = e.UnnestTeam(e.ctx, as("adam"), "outer", "middle")
	e.refused(err, access.KindNotFound, "")
}

func TestT2TeamsNestOnlyAsDeepAsTheEngineFollows(t *testing.T) {
	e := acme(t)
	id := func(n int) access.TeamID { return access.TeamID("t" + string(rune('a'+n))) }
	e.makeTeam(id(0), "acme", "carl")
	for n := 1; n < sharing.MaxTeamLevels; n++ {
		e.makeTeam(id(n), "acme")
		e.ok(e.NestTeam(e.ctx, root, id(n), id(n-1)))
	}
	e.makeTeam("top", "acme")
	_, err := e.NestTeam(e.ctx, root, "top", id(sharing.MaxTeamLevels-1))
	e.refused(err, access.KindUnprocessable, "T2")
	e.shared("helper", "team:"+string(id(sharing.MaxTeamLevels-1)), access.UseOnly)
	require.NoError(t, e.row(root, "helper", "max", access.Read))
	e.ok(e.PutPolicy(e.ctx, root, "helper", sharing.PolicyPatch{Entities: access.Some([]access.OrganizationID{"acme"})}))
	e.can("carl", "helper", access.Interact, access.See)
}

// Two towers of teams, each within the limit, are too high as one: whichever way they are put together, and by an import as by a call.
func TestT2TwoDeepHalvesAreNotJoined(t *testing.T) {
	e := acme(t)
	tower := func(name string, teams int) (top, bottom access.TeamID) {
		for n := range teams {
			top = access.TeamID(fmt.Sprint(name, n))
			e.makeTeam(top, "acme")
			if n == 0 {
				bottom = top
				continue
			}
			e.ok(e.NestTeam(e.ctx, root, top, access.TeamID(fmt.Sprint(name, n-1))))
		}
		return top, bottom
	}
	top, _ := tower("low", 9)
	_, bottom := tower("high", 8)
	_, err := e.NestTeam(e.ctx, root, bottom, top)
	e.refused(err, access.KindUnprocessable, "T2")
	require.ErrorContains(t, err, "at most 16 levels deep; this would make 17")
	_, _, err = e.Import(e.ctx, root, []sharing.Row{&sharing.TeamNestingRow{Team: bottom, Inner: top}})
	e.refused(err, access.KindUnprocessable, "T2")
	e.ok(e.NestTeam(e.ctx, root, bottom, "low7"))
}

// An organization nests teams 10,000 times, and no more: another one's nestings are its own.
func TestT2AnOrganizationNestsOnlySoManyTeams(t *testing.T) {
	e := acme(t)
	var teams []sharing.Row
	for n := range 101 { // each of the outer teams could hold 100 of the inner ones
		teams = append(teams, &sharing.TeamRow{Team: access.TeamID(fmt.Sprint("outer", n)), Organization: "acme"},
			&sharing.TeamRow{Team: access.TeamID(fmt.Sprint("inner", n)), Organization: "acme"})
	}
	_, _, err := e.Import(e.ctx, root, teams)
	require.NoError(t, err)
	// Straight into the store and out of it again, since making them one by one takes half a minute.
	each := func(do func(*store.Tx, access.TeamNesting) error) {
		require.NoError(t, e.db.Update(e.ctx, func(tx *store.Tx) error {
			for n := range sharing.MaxNestings - 1 {
				nesting := access.TeamNesting{Outer: access.TeamID(fmt.Sprint("outer", n/100)), Inner: access.TeamID(fmt.Sprint("inner", n%100))}
				if err := do(tx, nesting); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	each((*store.Tx).PutTeamNesting)
	defer each((*store.Tx).DeleteTeamNesting)
	e.ok(e.NestTeam(e.ctx, as("adam"), "outer100", "inner1"))
	_, err = e.NestTeam(e.ctx, as("adam"), "outer100", "inner2")
	e.refused(err, access.KindUnprocessable, "T2")
	e.ok(e.NestTeam(e.ctx, as("adam"), "outer100", "inner1")) // it already exists
	e.makeTeam("theirs", "globex")
	e.makeTeam("within", "globex")
	e.ok(e.NestTeam(e.ctx, root, "theirs", "within"))
	e.ok(e.UnnestTeam(e.ctx, as("adam"), "outer100", "inner1"))
	e.ok(e.NestTeam(e.ctx, as("adam"), "outer100", "inner2"))
}

func TestU2RolesAreAssignedToAnyUserByWhoManagesThem(t *testing.T) {
	e := acme(t)
	e.makeRole("tier1", "acme")
	e.makeRole("premium", "")
	e.ok(e.AssignRole(e.ctx, as("adam"), "tier1", "otto"))
	_, err := e.AssignRole(e.ctx, as("adam"), "tier1", "stranger")
	e.refused(err, access.KindUnprocessable, "U2")
	e.refused(things["role"].member(e, as("mia"), "tier1"), access.KindDenied, "U2")
	e.refused(things["role"].member(e, as("olga"), "premium"), access.KindDenied, "U2")
	require.NoError(t, things["role"].get(e, as("otto"), "premium"), "anybody can be asked to hold a platform-wide role")
	e.ok(e.AssignRole(e.ctx, as("iris"), "premium", "otto"))
	e.refused(things["role"].put(e, as("olga"), "gold", leftOut, noName), access.KindDenied, "U2")
	e.ok(e.UnassignRole(e.ctx, as("adam"), "tier1", "otto"))
	_, err = e.UnassignRole(e.ctx, as("adam"), "tier1", "otto")
	e.refused(err, access.KindNotFound, "")
}

func TestG5NoRoleTakesTheNameByWhichGatesKnowAPlatformRole(t *testing.T) {
	e := acme(t)
	e.makeBot("desk", "globex", "gus")
	e.ok(e.PutPolicy(e.ctx, root, "desk", sharing.PolicyPatch{AllowedRoles: access.Some([]string{"platform:site_admin"})}))
	e.refused(things["role"].put(e, as("adam"), "platform:site_admin", inAcme, noName), access.KindUnprocessable, "G5")
	e.refused(things["role"].put(e, root, "platform:content_user", leftOut, noName), access.KindUnprocessable, "G5")
	require.NoError(t, things["role"].put(e, as("adam"), "platform:other", inAcme, noName))
	require.NoError(t, things["role"].del(e, as("adam"), "platform:other"))
	e.can("iris", "desk", access.Interact)
}

func TestAGroupListsUsersAndAddresses(t *testing.T) {
	e := acme(t)
	e.makeGroup("friends", "acme")
	e.shared("helper", "group:friends", access.UseOnly)
	e.ok(e.AddToGroup(e.ctx, as("adam"), "friends", who("user:otto")))
	e.ok(e.AddToGroup(e.ctx, as("adam"), "friends", who("email:Carl@ACME.test")))
	e.can("otto", "helper", access.Interact)
	e.can("carl", "helper", access.Interact)
	_, err := e.AddToGroup(e.ctx, as("adam"), "friends", who("user:stranger"))
	e.refused(err, access.KindUnprocessable, "S2")
	_, err = e.AddToGroup(e.ctx, as("adam"), "friends", who("team:blue"))
	e.refused(err, access.KindUnprocessable, "S2")
	_, err = e.AddToGroup(e.ctx, as("mia"), "friends", who("user:otto"))
	e.refused(err, access.KindDenied, "")
	e.ok(e.RemoveFromGroup(e.ctx, as("adam"), "friends", who("user:otto")))
	_, err = e.RemoveFromGroup(e.ctx, as("adam"), "friends", who("user:otto"))
	e.refused(err, access.KindNotFound, "")
	e.cannot("otto", "helper", access.See)
}

func TestO4DeletingATeamRoleOrGroupRemovesEverythingThatNamesIt(t *testing.T) {
	e := acme(t)
	e.makeBot("desk", "globex", "gus")
	e.makeTeam("blue", "acme", "carl")
	e.makeRole("vip", "acme", "carl")
	e.makeGroup("friends", "acme", "user:carl")
	for _, p := range []string{"team:blue", "role:vip", "group:friends"} {
		e.shared("helper", p, access.UseOnly)
	}
	e.shared("desk", "team:blue", access.UseOnly)
	e.ok(e.PutPolicy(e.ctx, root, "helper", sharing.PolicyPatch{
		AllowedRoles: access.Some([]string{"vip", "platform:site_admin"}), RequiredRoles: access.Some([]string{"vip"}),
	}))
	e.ok(e.PutFeature(e.ctx, root, "helper", "traces", sharing.FeaturePatch{Enabled: access.Some(true), AllowedRoles: access.Some([]string{"vip"})}))
	e.ok(e.PutResource(e.ctx, root, access.TypeMetric, "m", sharing.ResourcePatch{
		Chatbot: access.Some[access.ChatbotID]("helper"), Access: access.Some(access.ModeRestricted),
		Allowed: access.Some([]access.Principal{who("team:blue"), who("group:friends")}),
	}))
	team, err := e.DeleteTeam(e.ctx, as("adam"), "blue")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"user:carl, member of team:blue", "share use_only of chatbot:helper with team:blue", "team:blue on the list of metric:m", "team:blue",
	}, team.Removed, "C6: nothing of globex's chatbot")
	require.Contains(t, e.lastRecord().Effects, `"chatbot":"desk","principal":"team:blue"`)
	role, err := e.DeleteRole(e.ctx, as("adam"), "vip")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"role:vip of user:carl", "share use_only of chatbot:helper with role:vip", "role:vip in the gates of chatbot:helper",
		"role:vip in the conditions of feature:helper/traces", "role:vip",
	}, role.Removed)
	group, err := e.DeleteGroup(e.ctx, as("adam"), "friends")
	require.NoError(t, err)
	require.Contains(t, group.Removed, "group:friends on the list of metric:m")

	p := facts(e, func(tx *store.Tx) (access.Policy, error) { p, _, err := tx.Policy("helper"); return p, err })
	require.Equal(t, []string{"platform:site_admin"}, p.AllowedRoles)
	require.Equal(t, []string{}, p.RequiredRoles, "G8: emptied, and still set")
	e.cannot("iris", "helper", access.Interact)
	e.makeTeam("blue", "acme", "max")
	e.makeRole("vip", "acme", "max")
	e.makeGroup("friends", "acme", "user:max")
	e.cannot("max", "helper", access.See)
	e.cannot("max", "desk", access.See)
}
