// Package worlds writes random worlds into stores, bypassing every rule, for tests with many facts of every kind.
package worlds

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// Ordinary makes a random world one that changes can lead to: the generator also has users without a type, tombstones with an address, and
// lists in any order.
func Ordinary(w *plain.World) {
	for i, o := range w.Organizations {
		w.Organizations[i].Name = "Name of " + string(o.ID)
		if i%2 == 0 {
			w.Organizations[i].AllowedIPs = []string{"10.1.2.3/32", "127.0.0.0/8"}
		}
	}
	for i, u := range w.Users {
		switch {
		case u.Deleted:
			w.Users[i] = access.User{ID: u.ID, Type: access.External, Deleted: true}
		case u.Type == "":
			w.Users[i].Type = access.External
		}
		if u.Gone() {
			w.Users[i].TokensAfter = plain.Era.AddDate(-10, 0, 0) // in the past for real clocks too
		}
		if i%3 == 0 && !u.Deleted {
			w.Users[i].Organization = w.Organizations[0].ID
		}
	}
	for i := range w.Memberships {
		w.Memberships[i].Source, w.Memberships[i].Since = access.MembershipSources[i%len(access.MembershipSources)], plain.Era
	}
	for _, r := range w.Resources {
		slices.SortFunc(r.Allowed, func(a, b access.Principal) int { return strings.Compare(a.String(), b.String()) })
	}
	for i, b := range w.Chatbots {
		if b.PublicMode == access.AudienceNone {
			w.Chatbots[i].LinkDigest = ""
		}
	}
	for i, k := range w.APIKeys {
		w.APIKeys[i].Name, w.APIKeys[i].CreatedBy, w.APIKeys[i].CreatedAt = "key "+string(k.ID), "user:"+string(w.Users[0].ID), plain.Era
		w.APIKeys[i].CreatorLostDeploy = i%2 == 0
		slices.Sort(k.AllowedIPs)
	}
}

// Put writes a world into a store, past every rule.
func Put(tx *store.Tx, w *plain.World) error {
	return errors.Join(
		each(w.Users, tx.PutUser), each(w.PlatformGrants, tx.PutPlatformGrant), each(w.Organizations, tx.PutOrganization),
		each(w.Memberships, tx.PutMembership), each(w.Teams, tx.PutTeam), each(w.TeamMemberships, tx.PutTeamMembership),
		each(w.Nestings, tx.PutTeamNesting), each(w.Roles, tx.PutRole), each(w.Assignments, tx.PutRoleAssignment), each(w.Groups, tx.PutGroup),
		each(w.GroupMemberships, tx.PutGroupMembership), each(w.Chatbots, tx.PutChatbot), each(w.Shares, tx.PutShare), each(w.Rows, tx.PutRow),
		each(w.Policies, tx.PutPolicy), each(w.Resources, tx.PutResource), each(w.Features, tx.PutFeature),
	)
}

func each[T any](facts []T, put func(T) error) error {
	for _, f := range facts {
		if err := put(f); err != nil {
			return fmt.Errorf("%+v: %w", f, err)
		}
	}
	return nil
}
