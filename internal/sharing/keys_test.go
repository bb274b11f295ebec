package sharing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

func (e *env) makeKey(actor access.Actor, n sharing.NewKey) error {
	if n.Name == "" {
		n.Name = "k"
	}
	if n.Access == "" {
		n.Access = access.KeyReadOnly
	}
	_, err := e.CreateKey(e.ctx, actor, n)
	return err
}

func keysOf(e *env, actor access.Actor) []access.AccountKey {
	return whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.AccountKey, string, error) {
		return e.Keys(c, a, sharing.InOrganization{}, p)
	}, actor)
}

func TestB1AKeyDoesWhatItsLevelSays(t *testing.T) {
	e := acme(t)
	reader, writer := root, root
	reader.Access, writer.Access = access.KeyReadOnly, access.KeyReadWrite
	e.refused(e.putOrg(reader, "acme", named("x")), access.KindDenied, "B1")
	e.ok(e.Organization(e.ctx, reader, "acme"))
	require.NoError(t, e.putOrg(writer, "acme", named("x")))
	e.refused(e.makeKey(writer, sharing.NewKey{}), access.KindDenied, "B1")
	_, err := e.DeleteKey(e.ctx, writer, "any", false)
	e.refused(err, access.KindDenied, "B1")
	_, _, err = e.Keys(e.ctx, writer, sharing.InOrganization{}, sharing.Page{Limit: 1})
	e.refused(err, access.KindDenied, "B1")
	e.refused(e.putOrg(access.Actor{}, "acme", named("x")), access.KindUnauthenticated, "B2")
	_, err = e.Organization(e.ctx, access.Actor{}, "acme")
	e.refused(err, access.KindUnauthenticated, "B2")
	for _, n := range []sharing.NewKey{
		{Name: "x", ActorRequired: true, Access: access.KeyReadWrite}, {AllowedIPs: []string{}}, {AllowedIPs: []string{"nowhere"}}, {ExpiresAt: e.now},
		{ExpiresAt: time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600))},
	} {
		e.refused(e.makeKey(root, n), access.KindUnprocessable, "B1")
	}
}

// A call may wait for others, through this server and through others, between the look at its key and its turn; an import has many turns.
func TestB1AKeyThatHasEndedSinceTheCallBeganChangesNothing(t *testing.T) {
	e := acme(t)
	r, err := e.CreateKey(e.ctx, root, sharing.NewKey{Name: "short", Access: access.KeyFull, ExpiresAt: e.now.Add(time.Hour)})
	require.NoError(t, err)
	short := access.Actor{Key: r.Key.ID, Access: access.KeyFull, Address: "127.0.0.1"}
	deleted := e.key("acme")
	for _, key := range []access.Actor{short, deleted, acting(deleted, "mia")} {
		require.NoError(t, e.putBot(key, "helper", sharing.ChatbotPatch{Name: access.Some("by " + string(key.Key+"/") + string(key.User))}))
	}
	_, err = e.DeleteKey(e.ctx, root, deleted.Key, false)
	require.NoError(t, err)
	e.now = e.now.Add(time.Hour)
	for _, key := range []access.Actor{short, deleted, acting(deleted, "mia")} {
		e.refused(e.putBot(key, "helper", sharing.ChatbotPatch{Name: access.Some("again")}), access.KindUnauthenticated, "B1")
	}
}

func TestB2AnActingKeyHasExactlyTheRightsOfTheUser(t *testing.T) {
	e := acme(t)
	e.refused(e.putOrg(as("mia"), "acme", named("x")), access.KindDenied, "")
	e.refused(e.makeKey(as("mia"), sharing.NewKey{}), access.KindDenied, "B3")
	require.Empty(t, keysOf(e, as("mia")))
	require.NoError(t, e.putBot(as("mia"), "helper", sharing.ChatbotPatch{Name: access.Some("H")}))
	r := e.lastRecord()
	require.Equal(t, "user:mia", r.Actor)
	require.Equal(t, root.Key, r.Key)
}

func TestB3AConfinedKeyIsAnAdminOfItsOrganizationAndReachesNothingElse(t *testing.T) {
	e := acme(t)
	key := e.key("acme")
	e.makeTeam("red", "globex", "gus")
	e.makeBot("desk", "globex", "gus")
	e.shared("desk", "organization:acme", access.ReadWrite)
	require.NoError(t, e.putOrg(key, "acme", named("x")))
	require.NoError(t, e.putBot(key, "new", owned("acme", "max")))
	e.refused(e.transfer(key, "new", "mia"), access.KindDenied, "A1")
	e.refused(e.putOrg(key, "globex", named("x")), access.KindDenied, "O6")
	e.refused(e.putBot(key, "desk", sharing.ChatbotPatch{Name: access.Some("x")}), access.KindUnprocessable, "O6")
	require.Equal(t, access.RequestPending, e.asks(key, "helper", "organization:globex", access.UseOnly).State)
	e.refused(e.makeKey(key, sharing.NewKey{}), access.KindDenied, "B3")
	e.refused(e.makeKey(key, sharing.NewKey{Organization: "globex"}), access.KindDenied, "B3")
	require.Len(t, keysOf(e, key), 1)
	for _, n := range []int{
		len(whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Organization, string, error) {
			return e.Organizations(c, a, p)
		}, key)),
		len(whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Organization, string, error) {
			return e.Organizations(c, a, p)
		}, acting(key, "adam"))),
	} {
		require.Equal(t, 1, n)
	}
}

func TestB3AConfinedKeyThatActsForAnOwnerIsStillAtMostAnAdmin(t *testing.T) {
	e := acme(t)
	olga := acting(e.key("acme"), "olga")
	require.NoError(t, e.putOrg(olga, "acme", named("x")))
	require.NoError(t, e.putMember(olga, "acme", "otto", access.OrgMember))
	e.refused(e.putMember(olga, "acme", "otto", access.OrgOwner), access.KindDenied, "O2")
	_, err := e.DeleteOrganization(e.ctx, olga, "acme")
	e.refused(err, access.KindDenied, "")
	e.refused(e.transfer(olga, "helper", "olga"), access.KindDenied, "A1")
	_, err = e.DeleteChatbot(e.ctx, olga, "helper")
	e.refused(err, access.KindDenied, "")
}

func TestB3AConfinedKeyActsOnlyForItsPeopleAndOnlyThere(t *testing.T) {
	e := acme(t)
	e.member("globex", access.OrgMember, "mia")
	e.makeTeam("red", "globex", "mia")
	e.makeBot("desk", "globex", "mia")
	mia := acting(e.key("acme"), "mia")
	require.NoError(t, e.putBot(mia, "helper", sharing.ChatbotPatch{Name: access.Some("x")}))
	e.refused(e.transfer(mia, "desk", "gus"), access.KindNotFound, "")
	_, err := e.Team(e.ctx, mia, "red")
	e.refused(err, access.KindNotFound, "")
	_, err = e.InnerTeams(e.ctx, mia, "red")
	e.refused(err, access.KindNotFound, "")
	require.Empty(t, whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Team, string, error) {
		return e.Teams(c, a, sharing.InOrganization{}, p)
	}, mia))
	iris := acting(e.key("acme"), "iris")
	e.refused(e.putOrg(iris, "acme", named("y")), access.KindDenied, "B3")
	e.member("acme", access.OrgClient, "iris")
	require.NoError(t, e.putOrg(iris, "acme", named("y")), "P1, as an admin")
	e.refused(e.putOrg(iris, "globex", named("y")), access.KindDenied, "O6")
}

func TestB3AConfinedKeyMakesOnlyKeysLikeItself(t *testing.T) {
	e := acme(t)
	later := e.now.Add(time.Hour)
	r, err := e.CreateKey(e.ctx, as("adam"), sharing.NewKey{
		Name: "narrow", Access: access.KeyFull, Organization: "acme", AllowedIPs: []string{"10.0.0.0/8"}, ExpiresAt: later, ActorRequired: true,
	})
	require.NoError(t, err)
	narrow := access.Actor{Key: r.Key.ID, Access: access.KeyFull, Organization: "acme", User: "adam", Address: "10.1.2.3"}
	like := sharing.NewKey{Access: access.KeyFull, Organization: "acme", AllowedIPs: []string{"10.9.0.0/16", "10.1.2.3"}, ExpiresAt: later, ActorRequired: true}
	require.NoError(t, e.makeKey(narrow, like))
	for _, wider := range []func(*sharing.NewKey){
		func(n *sharing.NewKey) { n.AllowedIPs = nil },
		func(n *sharing.NewKey) { n.AllowedIPs = []string{"10.0.0.0/7"} },
		func(n *sharing.NewKey) { n.AllowedIPs = []string{"10.1.2.3", "192.0.2.1"} },
		func(n *sharing.NewKey) { n.ExpiresAt = time.Time{} },
		func(n *sharing.NewKey) { n.ExpiresAt = later.Add(time.Second) },
		func(n *sharing.NewKey) { n.ActorRequired = false },
		func(n *sharing.NewKey) { n.ActorRequired, n.Access = false, access.KeyReadOnly },
	} {
		n := like
		wider(&n)
		e.refused(e.makeKey(narrow, n), access.KindDenied, "B3")
	}
}

func TestConfinedKeysAreHandledByWhoMayUpdateTheOrganization(t *testing.T) {
	e := acme(t)
	acmes, globexes := e.key("acme"), e.key("globex")
	require.NoError(t, e.makeKey(as("olga"), sharing.NewKey{Organization: "acme"}))
	e.refused(e.makeKey(as("mia"), sharing.NewKey{Organization: "acme"}), access.KindDenied, "")
	e.nowhere(e.makeKey(as("gus"), sharing.NewKey{Organization: "acme"}), "acme", e.makeKey(as("gus"), sharing.NewKey{Organization: "absent"}), "absent")
	require.Len(t, keysOf(e, as("adam")), 2)
	require.Len(t, keysOf(e, as("iris")), 3)
	require.Empty(t, keysOf(e, as("mia")))
	for _, actor := range []access.Actor{as("mia"), as("adam"), acmes} {
		_, hidden := e.DeleteKey(e.ctx, actor, globexes.Key, false)
		_, absent := e.DeleteKey(e.ctx, actor, "absent", false)
		e.nowhere(hidden, string(globexes.Key), absent, "absent")
	}
	e.ok(e.DeleteKey(e.ctx, as("adam"), acmes.Key, false))
}

func TestB4AnOrganizationIsChangedAndReadFromItsAllowedRangesOnly(t *testing.T) {
	e := acme(t)
	e.makeTeam("blue", "acme", "mia")
	e.makeRole("vip", "acme")
	e.makeGroup("friends", "acme")
	e.home("acme", "max")
	key := e.key("acme")
	require.NoError(t, e.putResource(root, access.TypeDocument, "doc", onHelper(access.ModePublic)))
	lock := func(actor access.Actor, ranges ...string) error {
		return e.putOrg(actor, "acme", sharing.OrganizationPatch{AllowedIPs: access.Some(ranges)})
	}
	e.refused(lock(as("adam"), "10.0.0.0/8"), access.KindUnprocessable, "B4")
	e.refused(lock(as("adam"), []string{}...), access.KindUnprocessable, "B4")
	e.refused(lock(as("adam"), "nowhere"), access.KindUnprocessable, "B4")
	require.NoError(t, lock(as("adam"), "127.0.0.0/8", "2001:db8::/32"))
	require.NoError(t, e.putOrg(from("2001:db8::7", as("adam")), "acme", named("x")))
	require.NoError(t, e.putOrg(from("::ffff:127.0.0.9", as("adam")), "acme", named("y")))

	for _, address := range []string{"192.0.2.1", "", "no address"} {
		adam, iris, mia := from(address, as("adam")), from(address, as("iris")), from(address, as("mia"))
		for name, do := range map[string]func() error{
			"organization": func() error { return e.putOrg(adam, "acme", named("z")) },
			"member":       func() error { return e.putMember(adam, "acme", "otto", access.OrgClient) },
			"home user":    func() error { return e.putUser(adam, "max", sharing.UserPatch{Name: access.Some("M")}) },
			"delete user":  func() error { _, err := e.DeleteUser(e.ctx, adam, "max", sharing.Offboard{}); return err },
			"chatbot":      func() error { return e.putBot(mia, "helper", sharing.ChatbotPatch{Name: access.Some("z")}) },
			"unchanged":    func() error { return e.putBot(mia, "helper", sharing.ChatbotPatch{}) },
			"transfer":     func() error { return e.transfer(mia, "helper", "max") },
			"share":        func() error { return e.share(mia, "helper", "user:otto", access.UseOnly) },
			"row":          func() error { return e.row(mia, "helper", "max", access.Read) },
			"policy":       func() error { _, err := e.PutPolicy(e.ctx, mia, "helper", sharing.PolicyPatch{}); return err },
			"feature":      func() error { _, err := e.PutFeature(e.ctx, mia, "helper", "f", sharing.FeaturePatch{}); return err },
			"document":     func() error { return e.putResource(mia, access.TypeDocument, "doc", sharing.ResourcePatch{}) },
			"no document":  func() error { _, err := e.DeleteResource(e.ctx, mia, access.TypeDocument, "doc"); return err },
			"team":         func() error { return things["team"].put(e, iris, "blue", inAcme, access.Some("B")) },
			"role":         func() error { return things["role"].del(e, adam, "vip") },
			"group":        func() error { return things["group"].member(e, adam, "friends") },
			"key":          func() error { return e.makeKey(adam, sharing.NewKey{Organization: "acme"}) },
			"no key":       func() error { _, err := e.DeleteKey(e.ctx, adam, key.Key, false); return err },
			"read":         func() error { _, err := e.Organization(e.ctx, adam, "acme"); return err },
			"read bot":     func() error { _, err := e.Chatbot(e.ctx, mia, "helper"); return err },
			"read team":    func() error { return things["team"].get(e, mia, "blue") },
			"read role":    func() error { return things["role"].get(e, adam, "vip") },
			"read policy":  func() error { _, err := e.Policy(e.ctx, mia, "helper"); return err },
			"read feature": func() error { _, err := e.Feature(e.ctx, mia, "helper", "f"); return err },
			"features":     func() error { _, _, err := e.Features(e.ctx, mia, "helper", sharing.Page{Limit: 1}); return err },
			"no feature":   func() error { _, err := e.DeleteFeature(e.ctx, mia, "helper", "f"); return err },
			"read doc":     func() error { _, err := e.Resource(e.ctx, mia, access.TypeDocument, "doc"); return err },
			"documents": func() error {
				_, _, err := e.Resources(e.ctx, mia, access.TypeDocument, "helper", sharing.Page{Limit: 1})
				return err
			},
			"read members": func() error { _, _, err := e.Members(e.ctx, adam, "acme", sharing.Page{Limit: 1}); return err },
			"read shares":  func() error { _, _, err := e.Shares(e.ctx, mia, "helper", sharing.Page{Limit: 1}); return err },
		} {
			t.Log(name)
			e.refused(do(), access.KindDenied, "B4")
		}
		for name, n := range e.listed(adam) {
			require.Equal(t, map[string]int{"users": 1}[name], n, "B4: %s of acme from elsewhere, but for himself", name)
		}
		e.refused(second(e.User(e.ctx, adam, "max")), access.KindDenied, "B4")
		e.ok(e.User(e.ctx, adam, "adam"))
		e.ok(e.Organization(e.ctx, from(address, root), "acme")) // an operator's key is bound by its own ranges only
	}
	for name, n := range e.listed(root) {
		require.Equal(t, map[string]int{"organizations": 2, "users": 8}[name]+map[bool]int{true: 1}[name != "organizations" && name != "users"], n, name)
	}
	for name, n := range e.listed(as("adam")) {
		require.NotZero(t, n, name)
	}
	require.NoError(t, e.putOrg(from("192.0.2.1", root), "acme", sharing.OrganizationPatch{AllowedIPs: access.Optional[[]string]{Set: true, Null: true}}), "it is lifted")
	require.NoError(t, e.putOrg(from("192.0.2.1", as("adam")), "acme", named("z")))
}

// listed counts what the lists of things of organizations show the actor.
func (e *env) listed(actor access.Actor) map[string]int {
	e.t.Helper()
	all := sharing.InOrganization{}
	return map[string]int{
		"organizations": len(whole(e, e.Organizations, actor)),
		"users": len(whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.User, string, error) {
			return e.Users(c, a, sharing.UserQuery{}, p)
		}, actor)),
		"chatbots": len(whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Chatbot, string, error) {
			return e.Chatbots(c, a, sharing.ChatbotQuery{}, p)
		}, actor)),
		"teams": len(whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Team, string, error) {
			return e.Teams(c, a, all, p)
		}, actor)),
		"roles": len(whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Role, string, error) {
			return e.Roles(c, a, all, p)
		}, actor)),
		"groups": len(whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Group, string, error) {
			return e.Groups(c, a, all, p)
		}, actor)),
		"keys": len(keysOf(e, actor)),
	}
}

func TestB4AListIsReadInEverySpellingAndNeverLocksItsAuthorOut(t *testing.T) {
	e := acme(t)
	lock := func(actor access.Actor, ranges ...string) error {
		return e.putOrg(actor, "acme", sharing.OrganizationPatch{AllowedIPs: access.Some(ranges)})
	}
	adam := from("10.1.2.3", as("adam"))
	for _, out := range []string{"::ffff:192.0.2.0/120", "::ffff:192.0.2.1", "::/0", "10.1.2.4", "10.1.2.0/31", "11.0.0.0/8", "::a01:203"} {
		e.refused(lock(adam, out), access.KindUnprocessable, "B4")
		e.refused(lock(from("::ffff:10.1.2.3", as("adam")), out), access.KindUnprocessable, "B4")
	}
	for spelled, kept := range map[string]string{
		"::ffff:10.0.0.0/104": "10.0.0.0/8", "::ffff:10.1.2.3": "10.1.2.3/32", "::ffff:a01:203/128": "10.1.2.3/32", "10.1.2.3": "10.1.2.3/32", "10.9.9.9/8": "10.0.0.0/8",
	} {
		require.NoError(t, lock(adam, spelled))
		org, err := e.Organization(e.ctx, adam, "acme")
		require.NoError(t, err)
		require.Equal(t, []string{kept}, org.AllowedIPs)
		_, err = e.Organization(e.ctx, from("192.0.2.1", as("adam")), "acme")
		e.refused(err, access.KindDenied, "B4")
	}
	r, err := e.CreateKey(e.ctx, from("10.1.2.3", root), sharing.NewKey{Name: "k", Access: access.KeyFull, Organization: "acme", AllowedIPs: []string{"10.1.0.0/16"}})
	require.NoError(t, err)
	narrow := access.Actor{Key: r.Key.ID, Access: access.KeyFull, Organization: "acme", Address: "10.1.2.3"}
	require.NoError(t, e.makeKey(narrow, sharing.NewKey{Organization: "acme", AllowedIPs: []string{"::ffff:10.1.2.0/120"}}))
	for _, wider := range []string{"::ffff:10.0.0.0/104", "::ffff:0:0/96", "2000::/3", "0.0.0.0/0"} {
		e.refused(e.makeKey(narrow, sharing.NewKey{Organization: "acme", AllowedIPs: []string{wider}}), access.KindDenied, "B3")
	}
}
