package sharing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/testenv/plain"
	"github.com/grantway/grantway/schema"
)

// TestO4WhatIsDeletedIsNamedNowhereAndComesBackWithNothing deletes one thing of each kind from worlds with a history, and asks the engine itself
// for every relationship that still names it.
func TestO4WhatIsDeletedIsNamedNowhereAndComesBackWithNothing(t *testing.T) {
	h := newHistory(t)
	names := 0
	for range 3 {
		h.lives(100)
		for _, end := range []func(*plain.World) ending{h.chatbotEnds, h.teamEnds, h.roleEnds, h.groupEnds, h.organizationEnds} {
			e := end(h.world())
			w, named := h.world(), h.naming(e.of)
			err := e.do()
			if access.KindOf(err) == access.KindNotFound {
				continue // it went before, with another
			}
			require.NoError(t, err, "%s", e.of)
			names += len(named)
			require.Empty(t, h.naming(e.of), "O4: what still names %s", e.of)
			h.again(w, e.of)
			require.ElementsMatch(t, h.fresh(e.of), h.naming(e.of), "O4: %s starts with nothing", e.of)
			h.agrees()
		}
		h.whole()
	}
	require.Greater(t, names, 100, "little was named that could have stayed")
}

// TestN2WhoIsOffboardedIsNamedNowhereAndComesBackWithNothing offboards people with a history, by deletion and by deactivation. Nothing names them
// any more but the mark of those who are gone, and when they come back they have what strangers have.
func TestN2WhoIsOffboardedIsNamedNowhereAndComesBackWithNothing(t *testing.T) {
	h := newHistory(t)
	left := 0
	for round := range 6 {
		h.lives(60)
		w := h.world()
		u := pick(h.rng, slices.DeleteFunc(w.Users, access.User.Gone))
		o := user(u.ID)
		err := h.leaves(u.ID, round%2 == 0)
		if err != nil { // no one successor fits every organization of which it is the last owner
			require.Contains(t, []access.Kind{access.KindConflict, access.KindUnprocessable}, access.KindOf(err), "%s: %v", u.ID, err)
			continue
		}
		left++
		h.nothingBut(o, schema.RelInactive)
		if u.Verified() != "" {
			require.Empty(t, h.naming(access.Object{Type: schema.TypeEmail, ID: string(u.Verified())}), "N2: the addresses of %s", u.ID)
		}
		for _, q := range h.about(h.world(), o) {
			require.False(t, plain.Decide(h.world(), q))
		}
		h.compare(h.world(), h.about(h.world(), o))

		h.ok(h.PutUser(h.ctx, root, u.ID, sharing.UserPatch{
			Active: access.Some(true), Type: access.Some(access.External), Email: access.Optional[access.Email]{Set: true, Null: true},
		}))
		require.Empty(t, h.naming(o), "N2: %s starts with nothing", u.ID)
		w = h.world()
		for _, q := range h.about(w, o) {
			stranger := q
			stranger.Subject.ID = "a stranger"
			require.Equal(t, plain.Decide(w, stranger), plain.Decide(w, q), "N2: %s has what is open to everyone", u.ID)
		}
		h.compare(w, h.about(w, o))
		h.whole()
	}
	require.Greater(t, left, 1, "hardly anybody left")
}

// leaves offboards the user, with the first successor who can be one wherever that is needed.
func (h *history) leaves(id access.UserID, forGood bool) (err error) {
	for _, successor := range append([]access.UserID{""}, users...) {
		if forGood {
			_, err = h.DeleteUser(h.ctx, root, id, sharing.Offboard{Successor: successor})
		} else {
			_, err = h.PutUser(h.ctx, root, id, sharing.UserPatch{Active: access.Some(false), Offboard: sharing.Offboard{Successor: successor}})
		}
		if err == nil {
			return nil
		}
	}
	return err
}

// lives makes random changes without looking at each.
func (h *history) lives(changes int) {
	for range changes {
		d := h.choose(h.world().WithSiteAdmin(theKey))
		h.told(d, d.do())
	}
}

// about is every question about the subject.
func (h *history) about(w *plain.World, subject access.Object) []plain.Question {
	return slices.DeleteFunc(h.questions(w), func(q plain.Question) bool {
		return q.Subject.Type != subject.Type || q.Subject.ID != subject.ID
	})
}

// naming is every relationship in the engine that names the object, as resource or as subject. A chatbot's ID is also in those of its
// matrix, its gatehouse, its gates and its features.
func (h *history) naming(o access.Object) (lines []string) {
	h.t.Helper()
	id := spice.Encode(o.ID)
	is := func(r *v1.ObjectReference) bool {
		switch r.GetObjectType() {
		case string(o.Type):
			return r.GetObjectId() == id
		case schema.TypeService:
			return o.Type == access.TypeOrganization && r.GetObjectId() == "organization/"+id
		case schema.TypeMatrix, schema.TypeGatehouse:
			return o.Type == access.TypeChatbot && r.GetObjectId() == id
		case schema.TypeGate:
			return o.Type == access.TypeChatbot && strings.HasPrefix(r.GetObjectId(), id+"/")
		case string(access.TypeFeature):
			return o.Type == access.TypeChatbot && strings.HasPrefix(r.GetObjectId(), spice.Encode(o.ID+"/"))
		}
		return false
	}
	for _, r := range h.held() {
		if is(r.GetResource()) || is(r.GetSubject().GetObject()) {
			lines = append(lines, line(r))
		}
	}
	return lines
}

func line(r *v1.Relationship) string {
	s := r.GetSubject()
	return fmt.Sprintf("%s:%s#%s@%s:%s#%s", r.GetResource().GetObjectType(), r.GetResource().GetObjectId(), r.GetRelation(),
		s.GetObject().GetObjectType(), s.GetObject().GetObjectId(), s.GetOptionalRelation())
}

// nothingBut checks that one relationship names the object, of that relation.
func (h *history) nothingBut(o access.Object, relation string) {
	h.t.Helper()
	named := h.naming(o)
	require.Len(h.t, named, 1, "%s is named by", o)
	require.Contains(h.t, named[0], "#"+relation+"@")
}

// ending is something that is deleted, and how.
type ending struct {
	of access.Object
	do func() error
}

func (h *history) chatbotEnds(w *plain.World) ending {
	b := h.theBot(w, false)
	return ending{chatbot(b), func() error { return second(h.DeleteChatbot(h.ctx, root, b)) }}
}

func (h *history) teamEnds(w *plain.World) ending {
	t := h.team(w).ID
	return ending{access.Obj(access.TypeTeam, t), func() error { return second(h.DeleteTeam(h.ctx, root, t)) }}
}

func (h *history) roleEnds(*plain.World) ending {
	r := pick(h.rng, roles)
	return ending{access.Obj(access.TypeRole, r), func() error { return second(h.DeleteRole(h.ctx, root, r)) }}
}

func (h *history) groupEnds(*plain.World) ending {
	g := pick(h.rng, groups)
	return ending{access.Obj(access.TypeGroup, g), func() error { return second(h.DeleteGroup(h.ctx, root, g)) }}
}

func (h *history) organizationEnds(*plain.World) ending {
	o := pick(h.rng, orgs)
	return ending{organization(o), func() error { return second(h.DeleteOrganization(h.ctx, root, o)) }}
}

// newcomer owns what is made again.
const newcomer access.UserID = "newcomer"

// again makes what was deleted anew, with the same ID.
func (h *history) again(w *plain.World, o access.Object) {
	h.t.Helper()
	switch o.Type {
	case access.TypeChatbot:
		b, _ := find(w.Chatbots, func(b access.Chatbot) bool { return string(b.ID) == o.ID })
		h.known(newcomer)
		h.member(b.Organization, access.OrgOwner, newcomer)
		h.makeBot(b.ID, b.Organization, newcomer)
	case access.TypeTeam:
		t, _ := find(w.Teams, func(t access.Team) bool { return string(t.ID) == o.ID })
		h.makeTeam(t.ID, t.Organization)
	case access.TypeRole:
		h.makeRole(access.RoleID(o.ID), roleHome(access.RoleID(o.ID)))
	case access.TypeGroup:
		h.makeGroup(access.GroupID(o.ID), groupHome(access.GroupID(o.ID)))
	case access.TypeOrganization:
		h.org(access.OrganizationID(o.ID), newcomer)
	}
}

// fresh is what the engine holds of a thing that was only made.
func (h *history) fresh(o access.Object) (lines []string) {
	w := h.world()
	var rs spice.Relationships
	switch o.Type {
	case access.TypeChatbot:
		b, _ := find(w.Chatbots, func(b access.Chatbot) bool { return string(b.ID) == o.ID })
		rs = spice.FoldChatbot(spice.ChatbotState{Chatbot: access.Chatbot{
			ID: b.ID, Organization: b.Organization, Owner: newcomer, Visibility: access.Shared, Enabled: true, PublicMode: access.AudienceNone,
		}})
	case access.TypeTeam:
		t, _ := find(w.Teams, func(t access.Team) bool { return string(t.ID) == o.ID })
		rs = spice.FoldTeam(t)
	case access.TypeOrganization:
		org := access.OrganizationID(o.ID)
		rs = append(spice.FoldOrganization(access.Organization{ID: org}),
			spice.FoldMembership(access.Membership{Organization: org, User: newcomer, Role: access.OrgOwner})...)
	}
	for _, r := range rs {
		lines = append(lines, line(r))
	}
	return lines
}
