package decision_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// C1: what is unknown is a denial, never an error and never a grant.
func TestUnknownIsADenial(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(acme())
	s := e.Service(nil)
	require.True(t, can(t, s, backend, asks(user("anna"), "update", chatbot("helper"))))
	long := strings.Repeat("a", access.MaxIDBytes+1)
	for _, req := range []decision.Request{
		asks(user("anna"), "update", chatbot("nothing")),
		asks(user("anna"), "update", chatbot("")),
		asks(user("anna"), "update", chatbot(long)),
		asks(user("anna"), "fly", chatbot("helper")),
		asks(user("anna"), "", chatbot("helper")),
		asks(user("anna"), "Update", chatbot("helper")),
		asks(user("anna"), "update", thing("spaceship", "helper")),
		asks(user("anna"), "update", thing("", "helper")),
		asks(user("anna"), "see", chatbot("helper")),
		asks(user("anna"), "may_read", chatbot("helper")),
		asks(user("anna"), "admitted", chatbot("helper")),
		asks(user("anna"), "owner", chatbot("helper")),
		asks(user("anna"), "manager", thing(access.TypeOrganization, "acme")),
		asks(user("anna"), "member", thing(access.TypeTeam, "support")),
		asks(user("anna"), "holder", thing(schema.TypeEmail, "anna@acme.com")),
		asks(user("sam"), "site_admin", access.PlatformObject),
		asks(user("sam"), "administer", thing(access.TypePlatform, "other")),
		asks(user(""), "interact", chatbot("helper")),
		asks(user(long), "interact", chatbot("helper")),
		asks(user("*"), "update", chatbot("helper")),
		asks(user("main#site_admin"), "update", chatbot("helper")),
		asks(thing("service", "main"), "update", chatbot("helper")),
		asks(thing("service", "organization/acme"), "update", chatbot("helper")),
		asks(thing(access.TypePlatform, "main"), "update", chatbot("helper")),
		asks(thing(access.TypeTeam, "support"), "interact", chatbot("helper")),
		asks(thing("", "anna"), "interact", chatbot("helper")),
		asks(thing(access.TypeVisitor, "anna"), "update", chatbot("helper")),
		asks(thing(access.TypeVisitor, "*"), "interact", chatbot("helper")),
		asks(thing(access.TypeAPIKey, "anna"), "interact", chatbot("helper")),
	} {
		require.Equal(t, decision.Answer{}, answer(t, s, backend, req), "%+v", req)
	}
}

// C1, N2: a user whom the directory does not know has what is open to everyone and no more; one who is gone has nothing.
func TestWhoIsThere(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(acme())
	s := e.Service(nil)
	require.True(t, can(t, s, backend, asks(user("a stranger"), "interact", chatbot("helper"))))
	require.False(t, can(t, s, backend, asks(user("a stranger"), "update", chatbot("helper"))))
	for _, id := range []string{"gone", "idle"} {
		require.False(t, can(t, s, backend, asks(user(id), "interact", chatbot("helper"))), id)
		require.Empty(t, found(t, s.SearchResources, backend, asks(user(id), "interact", chatbot(""))), id)
		require.Empty(t, found(t, s.SearchActions, backend, asks(user(id), "", chatbot("helper"))), id)
	}
}

// N2: the directory alone keeps who is gone out, whatever the engine still holds.
func TestTheDirectoryIsAskedToo(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	e.Load(w)
	_, err := e.Engine.Apply(t.Context(), spice.Diff(spice.FoldUser(w.Users[6]), nil)) // idle, as if the engine had not heard of it
	require.NoError(t, err)
	require.False(t, can(t, e.Service(nil), backend, asks(user("idle"), "interact", chatbot("helper"))))
}

// S13, C3: a share gives nothing from its second of expiry on, though the engine's caches were warm a moment before.
func TestExpiryToTheSecond(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	end := decisiontest.Noon.Add(time.Minute)
	w.Shares = []access.Share{{Chatbot: "private", Principal: access.Principal{Kind: access.PrincipalUser, ID: "zoe"}, Level: access.ReadWrite, ExpiresAt: end}}
	w.APIKeys = []access.APIKey{{ID: "k1", Chatbot: "private", Level: access.UseOnly, ExpiresAt: end}}
	e.Load(w)
	s := e.Service(nil)
	key := asks(thing(access.TypeAPIKey, "k1"), "interact", chatbot("private"), "subject.by", "id")
	for _, c := range []struct {
		at   time.Time
		want bool
	}{{decisiontest.Noon, true}, {end.Add(-time.Nanosecond), true}, {end, false}, {end.Add(time.Hour), false}, {end.Add(-time.Second), true}} {
		e.Set(c.at)
		for range 3 {
			require.Equal(t, c.want, can(t, s, backend, asks(user("zoe"), "update", chatbot("private"))), c.at)
			require.Equal(t, c.want, can(t, s, backend, key), c.at)
		}
		require.Equal(t, c.want, len(found(t, s.SearchResources, backend, asks(user("zoe"), "update", chatbot("")))) == 1, c.at)
	}
}

// C3: what was answered is seen at once; a caller's token asks for its change, and one that is none is refused.
func TestFreshness(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	e.Load(w)
	for name, s := range map[string]*decision.Service{
		"newest":      e.Service(nil),
		"last change": decision.New(decision.Config{Engine: e.Engine, Directory: e, Fresh: e.Fresh, Now: func() time.Time { return decisiontest.Noon }}),
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				w.Shares = nil
				e.Load(w)
				before := e.Token()
				require.False(t, can(t, s, backend, asks(user("zoe"), "interact", chatbot("private"))))
				w.Shares = []access.Share{{Chatbot: "private", Principal: access.Everyone, Level: access.UseOnly}}
				e.Load(w)
				for _, token := range []spice.Token{"", before, e.Token()} {
					req := asks(user("zoe"), "interact", chatbot("private"))
					req.Token = token
					require.True(t, can(t, s, backend, req), token)
					req.Newest = true
					require.True(t, can(t, s, backend, req), token)
				}
			}
			req := asks(user("zoe"), "interact", chatbot("private"))
			req.Token = "nonsense"
			_, err := s.Evaluate(t.Context(), backend, req)
			require.Equal(t, access.KindInvalid, access.KindOf(err))
			for _, find := range []decisiontest.Search{s.SearchSubjects, s.SearchResources, s.SearchActions} {
				_, err := find(t.Context(), backend, req, decision.Page{})
				require.Equal(t, access.KindInvalid, access.KindOf(err))
			}
		})
	}
}

func TestMany(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(acme())
	s := e.Service(nil)
	bad := asks(user("anna"), "update", chatbot("helper"))
	bad.Token = "nonsense"
	answers, err := s.EvaluateAll(t.Context(), backend, []decision.Request{
		asks(user("anna"), "update", chatbot("helper")), bad, asks(user("mia"), "update", chatbot("helper")),
		asks(user("mia"), "fly", chatbot("helper")), asks(user("mia"), "read", chatbot("helper")),
		asks(user("anna"), "update", chatbot("helper")),
	})
	require.NoError(t, err)
	var allowed []bool
	for i, a := range answers {
		allowed = append(allowed, a.Allowed)
		require.Equal(t, i == 1, a.Err != nil)
	}
	require.Equal(t, []bool{true, false, false, false, true, true}, allowed)

	answers, err = s.EvaluateAll(t.Context(), backend, nil)
	require.NoError(t, err)
	require.Empty(t, answers)
	_, err = s.EvaluateAll(t.Context(), backend, make([]decision.Request, decision.MaxEvaluations+1))
	require.Equal(t, access.KindTooLarge, access.KindOf(err))
	_, err = s.EvaluateAll(t.Context(), backend, make([]decision.Request, decision.MaxEvaluations))
	require.NoError(t, err)
}

// broken is an engine or a directory that cannot answer.
type broken struct{ decision.Engine }

var errBroken = access.Unavailable(errors.New("broken"))

func (broken) Check(context.Context, spice.Freshness, spice.Question) (spice.Answer, error) {
	return spice.Answer{Allowed: true}, errBroken
}

func (broken) CheckAll(_ context.Context, _ spice.Freshness, qs []spice.Question) ([]spice.Answer, error) {
	answers := make([]spice.Answer, len(qs))
	for i := range answers {
		answers[i] = spice.Answer{Allowed: true, Err: errBroken}
	}
	return answers, nil
}

func (broken) Resources(context.Context, spice.Freshness, spice.Question, func(string) error) error {
	return errBroken
}

func (broken) Subjects(context.Context, spice.Freshness, *spice.Extension, spice.Question, func(string) error) error {
	return errBroken
}

func (broken) View(context.Context, func(decision.Facts) error) error { return errBroken }

func (broken) Recall(context.Context, bool, func(decision.Facts) error) error { return errBroken }

// C4: when the engine or the store cannot answer, the answer is an error, never yes.
func TestNothingIsDecidedInTheDark(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(acme())
	req := asks(user("anna"), "update", chatbot("helper"))
	for name, s := range map[string]*decision.Service{
		"engine": decision.New(decision.Config{Engine: broken{}, Directory: e}),
		"store":  decision.New(decision.Config{Engine: e.Engine, Directory: broken{}}),
		"keys": decision.New(decision.Config{Engine: e.Engine, Directory: e,
			KeyOfSecret: func(context.Context, string, bool) (access.KeyID, bool, error) { return "k1", true, errBroken }}),
	} {
		t.Run(name, func(t *testing.T) {
			req := req
			if name == "keys" {
				req.Subject = decision.Entity{Type: "api_key", ID: "x"}
			}
			for _, actor := range []access.Actor{backend, confined, as("anna"), as("sam")} {
				a, err := s.Evaluate(t.Context(), actor, req)
				require.Equal(t, access.KindUnavailable, access.KindOf(err))
				require.False(t, a.Allowed)
				answers, err := s.EvaluateAll(t.Context(), actor, []decision.Request{req, req})
				if err == nil {
					require.False(t, answers[0].Allowed)
					err = answers[1].Err
				}
				require.Equal(t, access.KindUnavailable, access.KindOf(err))
				for _, find := range []decisiontest.Search{s.SearchResources, s.SearchActions} {
					_, err := find(t.Context(), actor, req, decision.Page{})
					require.Equal(t, access.KindUnavailable, access.KindOf(err))
				}
				if name != "keys" {
					_, err := s.SearchSubjects(t.Context(), actor, req, decision.Page{})
					require.Equal(t, access.KindUnavailable, access.KindOf(err))
				}
			}
		})
	}
}

func TestNobodyAsks(t *testing.T) {
	e := decisiontest.Start(t)
	s := e.Service(nil)
	_, err := s.Evaluate(t.Context(), access.Actor{}, asks(user("anna"), "update", chatbot("helper")))
	require.Equal(t, access.KindUnauthenticated, access.KindOf(err))
	_, err = s.SearchActions(t.Context(), access.Actor{}, asks(user("anna"), "", chatbot("helper")), decision.Page{})
	require.Equal(t, access.KindUnauthenticated, access.KindOf(err))
}

// An unconfined key asks about API keys by their secrets, or, if it says so, by their IDs; never one for the other.
func TestAPIKeys(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.APIKeys = []access.APIKey{{ID: "k1", Chatbot: "private", Level: access.ReadOnly}}
	e.Load(w)
	s := e.Service(nil)
	for _, c := range []struct {
		id   string
		by   any
		want bool
	}{
		{decisiontest.Secret("k1"), nil, true}, {"k1", "id", true},
		{"k1", nil, false}, {decisiontest.Secret("k1"), "id", false},
		{"k1", "ID", false}, {"k1", "secret", false}, {"k1", 5.0, false}, {"k1", []any{"id"}, false},
	} {
		req := asks(thing(access.TypeAPIKey, c.id), "read", chatbot("private"), "subject.by", c.by)
		require.Equal(t, c.want, can(t, s, backend, req), "%v", c)
	}
	require.Equal(t, []string{"k1"}, found(t, s.SearchSubjects, backend, asks(thing(access.TypeAPIKey, ""), "read", chatbot("private"))))
	none := decision.New(decision.Config{Engine: e.Engine, Directory: e})
	require.False(t, can(t, none, backend, asks(thing(access.TypeAPIKey, decisiontest.Secret("k1")), "read", chatbot("private"))))
}
