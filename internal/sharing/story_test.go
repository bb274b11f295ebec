package sharing_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// ctx keeps the lists of a story on one line.
type ctx = context.Context

// newStoryOn is an empty world on the store at the URI, or on files of its own for "". When its test ends, the engine must hold exactly what the
// facts imply, and the record reproduce the facts.
func newStoryOn(t *testing.T, uri string) *env {
	t.Helper()
	t.Parallel()
	e := newEnvOn(t, uri)
	t.Cleanup(e.agrees)
	t.Cleanup(e.replays)
	return e
}

// agrees checks that the engine holds exactly what the facts imply.
func (e *env) agrees() {
	e.t.Helper()
	require.Empty(e.t, spice.Diff(e.held(), e.implied()), "the engine does not hold what the facts imply")
}

// users makes users of a type with the verified addresses name@acme.test.
func (e *env) users(t access.UserType, ids ...access.UserID) {
	e.t.Helper()
	for _, id := range ids {
		_, err := e.PutUser(e.ctx, root, id, userPatch(t, mail(id)))
		require.NoError(e.t, err)
	}
}

func mail(id access.UserID) access.Email { return access.Email(id + "@acme.test") }

// org founds an organization, and its owner where nobody knows them yet.
func (e *env) org(id access.OrganizationID, owner access.UserID) {
	e.t.Helper()
	e.known(owner)
	_, err := e.PutOrganization(e.ctx, root, id, orgPatch(owner))
	require.NoError(e.t, err)
}

func (e *env) known(id access.UserID) {
	e.t.Helper()
	if _, err := e.User(e.ctx, root, id); access.KindOf(err) == access.KindNotFound {
		e.users(access.External, id)
	}
}

// member gives users a role in an organization.
func (e *env) member(org access.OrganizationID, role access.OrgRole, ids ...access.UserID) {
	e.t.Helper()
	for _, id := range ids {
		e.known(id)
		_, err := e.PutMember(e.ctx, root, org, id, role, sharing.Offboard{})
		require.NoError(e.t, err)
	}
}

// acme is the organization of most stories: olga owns it, adam is an admin, mia and max are members and carl is a client; mia owns the chatbot
// helper. globex is another, which gus owns; otto is nobody anywhere, and iris, a site admin, is nobody in particular.
func acme(t *testing.T) *env {
	t.Helper()
	return acmeOn(t, "")
}

// acmeOn is acme on the store at the URI.
func acmeOn(t *testing.T, uri string) *env {
	t.Helper()
	e := newStoryOn(t, uri)
	e.acme()
	return e
}

func (e *env) acme() {
	e.t.Helper()
	e.org("acme", "olga")
	e.member("acme", access.OrgAdmin, "adam")
	e.member("acme", access.OrgMember, "mia", "max")
	e.member("acme", access.OrgClient, "carl")
	e.org("globex", "gus")
	e.users(access.External, "otto")
	e.users(access.Internal, "iris")
	e.ok(e.PutPlatformRole(e.ctx, root, access.SiteAdmin, "iris"))
	e.makeBot("helper", "acme", "mia")
	for _, u := range []access.UserID{"olga", "adam", "mia", "max", "carl", "gus", "otto", "iris"} {
		e.told(u) // that they were added (O7) is no part of the stories
	}
	e.mailed()
}

func (e *env) makeBot(id access.ChatbotID, org access.OrganizationID, owner access.UserID) {
	e.t.Helper()
	_, err := e.PutChatbot(e.ctx, root, id, sharing.ChatbotPatch{Organization: access.Some(org), Owner: access.Some(owner)})
	require.NoError(e.t, err)
}

func (e *env) makeTeam(id access.TeamID, org access.OrganizationID, members ...access.UserID) {
	e.t.Helper()
	_, err := e.PutTeam(e.ctx, root, id, sharing.TeamPatch{Organization: access.Some(org)})
	require.NoError(e.t, err)
	for _, m := range members {
		_, err := e.PutTeamMember(e.ctx, root, id, m, access.TeamMember)
		require.NoError(e.t, err)
	}
}

func (e *env) makeRole(id access.RoleID, org access.OrganizationID, holders ...access.UserID) {
	e.t.Helper()
	p := sharing.RolePatch{}
	if org != "" {
		p.Organization = access.Some(org)
	}
	_, err := e.PutRole(e.ctx, root, id, p)
	require.NoError(e.t, err)
	for _, u := range holders {
		e.ok(e.AssignRole(e.ctx, root, id, u))
	}
}

func (e *env) makeGroup(id access.GroupID, org access.OrganizationID, members ...string) {
	e.t.Helper()
	_, err := e.PutGroup(e.ctx, root, id, sharing.GroupPatch{Organization: access.Some(org)})
	require.NoError(e.t, err)
	for _, m := range members {
		e.ok(e.AddToGroup(e.ctx, root, id, who(m)))
	}
}

// who is a principal as it is written in paths.
func who(s string) access.Principal {
	p, err := access.ParsePrincipal(s)
	if err != nil {
		panic(err) // the test misspells it
	}
	return p
}

// share shares a chatbot as the actor.
func (e *env) share(actor access.Actor, bot access.ChatbotID, with string, level access.Level) error {
	_, err := e.PutShare(e.ctx, actor, bot, who(with), sharing.SharePatch{Access: access.Some(level)})
	return err
}

func (e *env) shared(bot access.ChatbotID, with string, level access.Level) {
	e.t.Helper()
	require.NoError(e.t, e.share(root, bot, with, level))
}

func (e *env) visible(actor access.Actor, bot access.ChatbotID, v access.Visibility) ([]string, error) {
	r, err := e.PutChatbot(e.ctx, actor, bot, sharing.ChatbotPatch{Visibility: access.Some(v)})
	return r.Removed, err
}

func (e *env) row(actor access.Actor, bot access.ChatbotID, user access.UserID, actions ...access.Action) error {
	_, err := e.PutRow(e.ctx, actor, bot, user, actions)
	return err
}

// may asks the engine what a backend would ask it, without any value for conditions.
func (e *env) may(user access.UserID, action access.Action, o access.Object) bool {
	e.t.Helper()
	return e.mayAt(spice.Newest, user, action, o)
}

// mayAt asks a state of the engine that is as fresh.
func (e *env) mayAt(f spice.Freshness, user access.UserID, action access.Action, o access.Object) bool {
	e.t.Helper()
	a, err := e.engine.Check(e.ctx, f, spice.Question{
		Subject: access.Subject{Type: access.TypeUser, ID: string(user)}, Permission: string(action), Resource: o,
		Context: map[string]any{schema.ParamTime: e.now.Format(time.RFC3339Nano)},
	})
	require.NoError(e.t, err)
	return a.Allowed
}

func (e *env) can(user access.UserID, bot access.ChatbotID, actions ...access.Action) {
	e.t.Helper()
	for _, a := range actions {
		require.True(e.t, e.may(user, a, access.Obj(access.TypeChatbot, bot)), "%s should have %s on %s", user, a, bot)
	}
}

func (e *env) cannot(user access.UserID, bot access.ChatbotID, actions ...access.Action) {
	e.t.Helper()
	for _, a := range actions {
		require.False(e.t, e.may(user, a, access.Obj(access.TypeChatbot, bot)), "%s should not have %s on %s", user, a, bot)
	}
}

// ok takes the answer of a use case that must have succeeded.
func (e *env) ok(_ any, err error) {
	e.t.Helper()
	require.NoError(e.t, err)
}

// refused checks with which kind and by which rule the call was refused.
func (e *env) refused(err error, kind access.Kind, rule string) *access.Error {
	e.t.Helper()
	var refusal *access.Error
	require.ErrorAs(e.t, err, &refusal)
	require.Equal(e.t, kind, refusal.Kind, "%v", err)
	require.Equal(e.t, rule, refusal.Rule, "%v", err)
	return refusal
}

// nowhere checks that what may not be seen answered exactly like what is not there, once the two IDs are taken for one (C6).
func (e *env) nowhere(hidden error, hiddenID string, absent error, absentID string) {
	e.t.Helper()
	var h, a *access.Error
	require.ErrorAs(e.t, hidden, &h)
	require.ErrorAs(e.t, absent, &a)
	one := *h
	one.Detail, one.Cause = strings.ReplaceAll(h.Detail, hiddenID, absentID), nil
	one.Fields = nil
	for _, f := range h.Fields {
		f.Detail = strings.ReplaceAll(f.Detail, hiddenID, absentID)
		one.Fields = append(one.Fields, f)
	}
	other := *a
	other.Cause = nil
	require.Equal(e.t, other, one, "C6: what may not be seen answers like what is not there")
}

// facts reads the store.
func facts[T any](e *env, read func(*store.Tx) (T, error)) (v T) {
	e.t.Helper()
	require.NoError(e.t, e.db.View(e.ctx, func(tx *store.Tx) (err error) {
		v, err = read(tx)
		return err
	}))
	return v
}

// lastRecord is the newest entry of the record.
func (e *env) lastRecord() access.Record {
	e.t.Helper()
	all := e.bySeq()
	require.NotEmpty(e.t, all)
	return all[len(all)-1]
}

// bySeq is the record in the order of the changes, whatever the clock said.
func (e *env) bySeq() []access.Record {
	e.t.Helper()
	all := e.records()
	slices.SortFunc(all, func(a, b access.Record) int { return int(a.Seq - b.Seq) })
	return all
}

func (e *env) records() []access.Record {
	e.t.Helper()
	return facts(e, func(tx *store.Tx) ([]access.Record, error) {
		return tx.Records(store.RecordFilter{}, store.RecordPlace{}, 0)
	})
}

// key makes a full key that is confined to an organization, and gives the actor that presents it.
func (e *env) key(org access.OrganizationID) access.Actor {
	e.t.Helper()
	r, err := e.CreateKey(e.ctx, root, sharing.NewKey{Name: "k", Access: access.KeyFull, Organization: org})
	require.NoError(e.t, err)
	return access.Actor{Key: r.Key.ID, Access: access.KeyFull, Organization: org, Address: "127.0.0.1"}
}

// acting is the key acting for a user.
func acting(key access.Actor, user access.UserID) access.Actor {
	key.User = user
	return key
}

// from is the actor calling from elsewhere.
func from(address string, a access.Actor) access.Actor {
	a.Address = address
	return a
}

// whole reads a whole list.
func whole[T any](e *env, list func(ctx, access.Actor, sharing.Page) ([]T, string, error), actor access.Actor) []T {
	e.t.Helper()
	items, next, err := list(e.ctx, actor, sharing.Page{Limit: 100})
	require.NoError(e.t, err)
	require.Empty(e.t, next)
	return items
}

var errCut = errors.New("the engine is gone")
