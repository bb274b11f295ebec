package sharing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// MayImport refuses actors for whom no row of an import could be valid, before any row is read, because an import uses a place among the transfers
// and disk space. These may import: site admins, account keys, and users who have a role other than client in an organization, administer a team, or
// have update on a chatbot. The refusal is recorded (H1).
func (s *Service) MayImport(ctx context.Context, actor access.Actor) error {
	err := s.mayImport(ctx, actor)
	if err != nil {
		s.recordRefusal(ctx, actor, step{action: "import", resource: access.PlatformObject}, err)
	}
	return err
}

// MayImportRelationships refuses actors who may not import raw relationships. The refusal is recorded (H1).
func (s *Service) MayImportRelationships(ctx context.Context, actor access.Actor) error {
	return s.mustRestore(ctx, actor, "import", "importing relationships needs")
}

func (s *Service) mayImport(ctx context.Context, actor access.Actor) error {
	may := false
	if err := s.read(ctx, actor, func(c *caller) (err error) {
		if err = c.mayChange(); err == nil {
			may, err = c.hasOffice()
		}
		return err
	}); err != nil || may {
		return err
	}
	// Ask the engine outside of the view, which would hold one of the store's few readers meanwhile.
	may, err := s.updatesAny(ctx, actor)
	if err != nil || may {
		return err
	}
	return access.Deniedf("", "to import you need a role other than client in an organization, a team that you administer, or update on a chatbot")
}

// hasOffice reports whether the facts alone allow the actor to import.
func (c *caller) hasOffice() (bool, error) {
	user := c.actor.User
	if user == "" {
		return true, nil // a key without an actor: a site admin, or an admin of its organization (B2, B3)
	}
	memberships, err := c.Memberships(user)
	if err != nil {
		return false, err
	}
	for _, m := range memberships {
		if m.Role != access.OrgClient {
			return true, nil
		}
	}
	teams, err := c.TeamsOf(user)
	if err != nil {
		return false, err
	}
	for _, t := range teams {
		if t.Role == access.TeamAdmin {
			return true, nil
		}
	}
	granted, err := c.PlatformGrants(user)
	return slices.Contains(granted, access.SiteAdmin), err
}

// errFound ends a search with its first result.
var errFound = errors.New("found")

// updatesAny reports whether the user has update on any chatbot. It searches from the user's side, so its cost does not depend on the number of
// chatbots.
func (s *Service) updatesAny(ctx context.Context, actor access.Actor) (bool, error) {
	subject, ok := actor.Subject()
	if !ok {
		return false, nil
	}
	fresh, err := s.outbox.Fresh(ctx, true)
	if err != nil {
		return false, notInEngine(err)
	}
	ctx, cancel := context.WithCancel(ctx) // also ends the engine's search
	defer cancel()
	err = s.engine.Resources(ctx, fresh, spice.Question{
		Subject: subject, Permission: string(access.Update), Resource: access.Object{Type: access.TypeChatbot},
		Context: map[string]any{schema.ParamTime: s.now().UTC().Format(time.RFC3339Nano)},
	}, func(string) error { return errFound })
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}
