package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
)

// Backup writes a copy of the whole store, as of one moment after the call began, to a new file at path. A server can run on the copy. Changes
// continue meanwhile. The hash key is not in it.
//
// It needs the same rights as an export, because it contains as much. The copy is the store of an embedded server, wherever this server keeps its
// data.
func (s *Service) Backup(ctx context.Context, actor access.Actor, path string) error {
	if err := s.MayBackup(ctx, actor); err != nil {
		return err
	}
	return s.db.Snapshot(ctx, path)
}

// MayBackup refuses actors whom Backup would refuse. The refusal is recorded (H1).
func (s *Service) MayBackup(ctx context.Context, actor access.Actor) error {
	return s.mustRestore(ctx, actor, "backup", "a backup needs")
}

// mustRestore refuses actors who may not import and export everything unchanged. The refusal is recorded (H1).
func (s *Service) mustRestore(ctx context.Context, actor access.Actor, action, needs string) error {
	if MayRestore(actor) {
		return nil
	}
	err := access.Deniedf("B1", "%s an unconfined full key without an actor", needs)
	s.recordRefusal(ctx, actor, step{action: action, resource: access.PlatformObject}, err)
	return err
}

// FactsSize estimates the size of a copy of the facts on disk, in bytes.
func (s *Service) FactsSize(ctx context.Context) (int64, error) { return s.db.Size(ctx) }
