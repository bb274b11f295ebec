package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
)

// Backup writes a copy of the whole store, as it is at one moment after the call began, to a new file at path: a store that serves at another
// place. Changes go on meanwhile. What hashes secrets is not in it.
//
// It needs what an export needs, since it gives as much. The copy is the store of an embedded server, wherever this one keeps its own.
func (s *Service) Backup(ctx context.Context, actor access.Actor, path string) error {
	if err := s.MayBackup(ctx, actor); err != nil {
		return err
	}
	return s.db.Snapshot(ctx, path)
}

// MayBackup refuses those whom Backup refuses. The refusal is recorded (H1).
func (s *Service) MayBackup(ctx context.Context, actor access.Actor) error {
	return s.mustRestore(ctx, actor, "backup", "a backup needs")
}

// mustRestore refuses those who may not import and export everything as it is. The refusal is recorded (H1).
func (s *Service) mustRestore(ctx context.Context, actor access.Actor, action, needs string) error {
	if MayRestore(actor) {
		return nil
	}
	err := access.Deniedf("B1", "%s an unconfined full key without an actor", needs)
	s.recordRefusal(ctx, actor, step{action: action, resource: access.PlatformObject}, err)
	return err
}

// FactsSize is about how many bytes a copy of the facts takes on the disk.
func (s *Service) FactsSize(ctx context.Context) (int64, error) { return s.db.Size(ctx) }
