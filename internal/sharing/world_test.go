package sharing_test

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// readWorld reads all facts of a small store.
func readWorld(tx *store.Tx, w *plain.World) (err error) {
	if w.Users, err = tx.Users(store.UserFilter{IncludeDeleted: true}, "", 0); err != nil {
		return err
	}
	if w.PlatformGrants, err = tx.AllPlatformGrants(); err != nil {
		return err
	}
	if w.Organizations, err = tx.Organizations("", 0); err != nil {
		return err
	}
	for _, o := range w.Organizations {
		ms, err := tx.Members(o.ID, "", 0)
		if err != nil {
			return err
		}
		w.Memberships = append(w.Memberships, ms...)
	}
	if w.Teams, err = tx.Teams(store.TeamFilter{}, "", 0); err != nil {
		return err
	}
	for _, t := range w.Teams {
		ms, err := tx.TeamMembers(t.ID, "", 0)
		if err != nil {
			return err
		}
		w.TeamMemberships = append(w.TeamMemberships, ms...)
		inner, err := tx.InnerTeams(t.ID)
		if err != nil {
			return err
		}
		for _, in := range inner {
			w.Nestings = append(w.Nestings, access.TeamNesting{Outer: t.ID, Inner: in})
		}
	}
	if w.Roles, err = tx.Roles(store.RoleFilter{}, "", 0); err != nil {
		return err
	}
	for _, r := range w.Roles {
		us, err := tx.RoleAssignees(r.ID, "", 0)
		if err != nil {
			return err
		}
		for _, u := range us {
			w.Assignments = append(w.Assignments, access.RoleAssignment{Role: r.ID, User: u})
		}
	}
	if w.Groups, err = tx.Groups(store.GroupFilter{}, "", 0); err != nil {
		return err
	}
	for _, g := range w.Groups {
		ps, err := tx.GroupMembers(g.ID, "", 0)
		if err != nil {
			return err
		}
		for _, p := range ps {
			w.GroupMemberships = append(w.GroupMemberships, access.GroupMembership{Group: g.ID, Member: p})
		}
	}
	if w.Requests, err = tx.Requests(store.RequestFilter{}, "", 0); err != nil {
		return err
	}
	if w.Chatbots, err = tx.Chatbots(store.ChatbotFilter{}, "", 0); err != nil {
		return err
	}
	for _, t := range []access.Type{access.TypeDocument, access.TypeMCPServer, access.TypeMetric} {
		rs, err := tx.Resources(t, store.ResourceFilter{}, "", 0)
		if err != nil {
			return err
		}
		w.Resources = append(w.Resources, rs...)
	}
	for _, b := range w.Chatbots {
		features, err := tx.Features(b.ID, "", 0)
		if err != nil {
			return err
		}
		w.Features = append(w.Features, features...)
		keys, err := tx.APIKeys(store.APIKeyFilter{Chatbot: b.ID}, "", 0)
		if err != nil {
			return err
		}
		w.APIKeys = append(w.APIKeys, keys...)
		ss, err := tx.Shares(b.ID, "", 0)
		if err != nil {
			return err
		}
		w.Shares = append(w.Shares, ss...)
		rs, err := tx.Rows(b.ID, "", 0)
		if err != nil {
			return err
		}
		w.Rows = append(w.Rows, rs...)
		if p, ok, err := tx.Policy(b.ID); err != nil {
			return err
		} else if ok {
			w.Policies = append(w.Policies, p)
		}
	}
	return nil
}
