package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

func (e *env) putBot(actor access.Actor, id access.ChatbotID, p sharing.ChatbotPatch) error {
	_, err := e.PutChatbot(e.ctx, actor, id, p)
	return err
}

func (e *env) transfer(actor access.Actor, bot access.ChatbotID, to access.UserID) error {
	_, err := e.TransferChatbot(e.ctx, actor, bot, to)
	return err
}

func owned(org access.OrganizationID, owner access.UserID) sharing.ChatbotPatch {
	return sharing.ChatbotPatch{Organization: access.Some(org), Owner: access.Some(owner)}
}

func TestO6WhoCreatesAChatbotOwnsItAndOwnersAndAdminsMayNameAnother(t *testing.T) {
	e := acme(t)
	mine := sharing.ChatbotPatch{Organization: inAcme}
	for _, u := range []access.UserID{"olga", "adam", "max"} {
		id := access.ChatbotID(u + "'s")
		require.NoError(t, e.putBot(as(u), id, mine))
		e.can(u, id, access.Actions[access.TypeChatbot]...)
	}
	require.NoError(t, e.putBot(as("adam"), "a", owned("acme", "max")))
	require.NoError(t, e.putBot(as("max"), "b", owned("acme", "max")))
	e.refused(e.putBot(as("max"), "c", owned("acme", "adam")), access.KindDenied, "O6")
	e.refused(e.putBot(as("carl"), "c", mine), access.KindDenied, "")
	e.refused(e.putBot(root, "c", mine), access.KindUnprocessable, "O6")
	e.refused(e.putBot(as("max"), "c", sharing.ChatbotPatch{}), access.KindUnprocessable, "O6")
	for _, owner := range []access.UserID{"carl", "otto", "stranger"} {
		e.refused(e.putBot(as("adam"), "c", owned("acme", owner)), access.KindUnprocessable, "A1")
	}
	e.refused(e.putBot(as("iris"), "c", mine), access.KindUnprocessable, "A1")
	e.nowhere(e.putBot(as("otto"), "c", mine), "acme", e.putBot(as("otto"), "c", owned("nowhere", "otto")), "nowhere")
}

func TestI3AChatbotNeverMoves(t *testing.T) {
	e := acme(t)
	e.member("globex", access.OrgMember, "mia")
	e.refused(e.putBot(as("mia"), "helper", sharing.ChatbotPatch{Organization: inGlobex}), access.KindIDTaken, "I3")
	e.refused(e.putBot(as("gus"), "helper", sharing.ChatbotPatch{Organization: inGlobex}), access.KindIDTaken, "I3")
	e.refused(e.putBot(as("mia"), "helper", owned("acme", "max")), access.KindConflict, "A1")
}

func TestC6AChatbotThatMayNotBeSeenIsNotThere(t *testing.T) {
	e := acme(t)
	for _, actor := range []access.Actor{as("max"), as("carl"), as("otto"), as("gus"), e.key("globex"), acting(e.key("globex"), "gus")} {
		for name, do := range map[string]func(access.ChatbotID) error{
			"put": func(id access.ChatbotID) error {
				return e.putBot(actor, id, sharing.ChatbotPatch{Name: access.Some("N")})
			},
			"hide": func(id access.ChatbotID) error { _, err := e.visible(actor, id, access.OwnerOnly); return err },
			"foreign": func(id access.ChatbotID) error {
				return e.putBot(actor, id, sharing.ChatbotPatch{Organization: access.Some[access.OrganizationID]("nowhere")})
			},
			"transfer": func(id access.ChatbotID) error { return e.transfer(actor, id, "olga") },
			"delete":   func(id access.ChatbotID) error { _, err := e.DeleteChatbot(e.ctx, actor, id); return err },
			"get":      func(id access.ChatbotID) error { _, err := e.Chatbot(e.ctx, actor, id); return err },
			"row":      func(id access.ChatbotID) error { return e.row(actor, id, "max", access.Read) },
			"unrow":    func(id access.ChatbotID) error { _, err := e.DeleteRow(e.ctx, actor, id, "max"); return err },
			"policy": func(id access.ChatbotID) error {
				_, err := e.PutPolicy(e.ctx, actor, id, sharing.PolicyPatch{})
				return err
			},
			"feature": func(id access.ChatbotID) error {
				_, err := e.PutFeature(e.ctx, actor, id, "f", sharing.FeaturePatch{})
				return err
			},
			"document": func(id access.ChatbotID) error {
				_, err := e.PutResource(e.ctx, actor, access.TypeDocument, "d", sharing.ResourcePatch{Chatbot: access.Some(id)})
				return err
			},
		} {
			t.Log(name, actor)
			e.nowhere(do("helper"), "helper", do("absent"), "absent")
		}
	}
	require.Empty(t, whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Chatbot, string, error) {
		return e.Chatbots(c, a, sharing.ChatbotQuery{}, p)
	}, as("max")))
}

func TestA1TheOwnerHasEveryActionAndPassesItOn(t *testing.T) {
	e := acme(t)
	for _, v := range access.Visibilities {
		_, err := e.visible(as("mia"), "helper", v)
		require.NoError(t, err)
		e.can("mia", "helper", access.Actions[access.TypeChatbot]...)
	}
	_, err := e.visible(as("mia"), "helper", access.Shared)
	require.NoError(t, err)
	e.shared("helper", "user:max", access.ReadWrite)
	e.shared("helper", "email:max@acme.test", access.UseOnly)
	require.NoError(t, e.row(root, "helper", "max", access.Read))
	e.ok(e.PutPolicy(e.ctx, root, "helper", sharing.PolicyPatch{DeniedUsers: access.Some([]access.UserID{"max"})}))
	for _, u := range []access.UserID{"adam", "max"} {
		e.refused(e.transfer(as(u), "helper", u), access.KindDenied, "A1")
	}
	for _, to := range []access.UserID{"carl", "otto", "stranger"} {
		e.refused(e.transfer(as("mia"), "helper", to), access.KindUnprocessable, "A1")
	}
	r, err := e.TransferChatbot(e.ctx, as("mia"), "helper", "max")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"row of user:max on chatbot:helper", "share read_write of chatbot:helper with user:max", "share use_only of chatbot:helper with email:max@acme.test",
	}, r.Removed)
	e.can("max", "helper", access.Actions[access.TypeChatbot]...)
	e.cannot("mia", "helper", access.See)
	require.NotNil(t, facts(e, func(tx *store.Tx) ([]access.UserID, error) {
		p, _, err := tx.Policy("helper")
		return p.DeniedUsers, err
	}), "G8")
	require.NoError(t, e.transfer(as("olga"), "helper", "mia"))
	require.NoError(t, e.transfer(as("iris"), "helper", "adam"), "P1")
	require.NoError(t, e.transfer(as("adam"), "helper", "adam"), "repeating it is harmless")
}

func TestA3NameAndVisibilityNeedTheirRights(t *testing.T) {
	e := acme(t)
	named := func(actor access.Actor) error {
		return e.putBot(actor, "helper", sharing.ChatbotPatch{Name: access.Some(string(actor.User))})
	}
	shown := func(actor access.Actor, v access.Visibility) error {
		_, err := e.visible(actor, "helper", v)
		return err
	}
	e.shared("helper", "user:otto", access.ReadWrite)
	e.shared("helper", "user:carl", access.ReadWrite)
	e.shared("helper", "user:max", access.ReadOnly)
	for _, u := range []access.UserID{"mia", "adam", "olga", "otto", "carl"} {
		require.NoError(t, named(as(u)), "%s", u)
	}
	e.refused(named(as("max")), access.KindDenied, "")
	e.refused(shown(as("max"), access.OrganizationVisible), access.KindDenied, "")
	e.refused(shown(as("carl"), access.OrganizationVisible), access.KindDenied, "")
	require.NoError(t, shown(as("otto"), access.OrganizationVisible))
	require.NoError(t, shown(as("adam"), access.OwnerOnly))
	e.refused(shown(as("adam"), access.Shared), access.KindDenied, "A3")
	e.refused(named(as("adam")), access.KindDenied, "")
	require.NoError(t, shown(as("olga"), access.Shared))
	require.NoError(t, shown(as("adam"), access.OwnerOnly))
	require.NoError(t, shown(as("mia"), access.Shared))
}

func TestO4DeletingAChatbotLeavesNothingForTheNextOfItsName(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:otto", access.ReadWrite)
	require.NoError(t, e.row(root, "helper", "max", access.Read))
	e.ok(e.PutPolicy(e.ctx, root, "helper", sharing.PolicyPatch{UserTypes: access.Some([]access.UserType{access.Internal})}))
	e.ok(e.PutFeature(e.ctx, root, "helper", "traces", sharing.FeaturePatch{Enabled: access.Some(true)}))
	e.ok(e.PutResource(e.ctx, root, access.TypeDocument, "doc", sharing.ResourcePatch{Chatbot: access.Some[access.ChatbotID]("helper")}))
	_, err := e.DeleteChatbot(e.ctx, as("adam"), "helper")
	e.refused(err, access.KindDenied, "")
	d, err := e.DeleteChatbot(e.ctx, as("mia"), "helper")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"share read_write of chatbot:helper with user:otto", "row of user:max on chatbot:helper", "document:doc", "feature:helper/traces", "chatbot:helper",
	}, d.Removed)
	e.makeBot("helper", "globex", "gus")
	e.cannot("mia", "helper", access.See)
	e.cannot("otto", "helper", access.See)
	e.can("gus", "helper", access.Interact)
	_, err = e.DeleteResource(e.ctx, as("gus"), access.TypeDocument, "doc")
	e.refused(err, access.KindNotFound, "")
}
