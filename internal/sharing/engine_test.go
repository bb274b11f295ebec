package sharing_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// cutting fails the engine's calls of the method, with the code, until they are mended.
func (e *env) cutting(method string, code codes.Code) (mend func()) {
	e.wire.Cut = func(called string) error {
		if strings.HasSuffix(called, "/"+method) {
			return status.Error(code, errCut.Error())
		}
		return nil
	}
	return func() { e.wire.Cut = nil }
}

func (e *env) waiting() int {
	return len(facts(e, func(tx *store.Tx) ([]store.OutboxEntry, error) { return tx.Outbox(0) }))
}

func TestC4ACommittedChangeThatTheEngineDoesNotTakeIsAnsweredAsUnavailableAndNotLost(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.InvalidArgument, codes.Internal} {
		t.Run(code.String(), func(t *testing.T) {
			e := acme(t)
			mend := e.cutting("WriteRelationships", code)
			require.Equal(t, access.KindUnavailable, access.KindOf(e.share(as("mia"), "helper", "user:otto", access.UseOnly)))
			e.cannot("otto", "helper", access.Interact)
			require.Equal(t, 1, e.waiting())
			require.Equal(t, access.KindUnavailable, access.KindOf(e.share(as("mia"), "helper", "user:max", access.UseOnly)), "no change is judged before")
			require.Equal(t, 1, e.waiting())
			mend()
			require.NoError(t, e.share(as("mia"), "helper", "user:max", access.UseOnly))
		})
	}
}

func TestC3ARevocationThatTheEngineDidNotTakeComesBeforeTheNextChange(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:otto", access.ReadWrite)
	mend := e.cutting("WriteRelationships", codes.Unavailable)
	_, err := e.DeleteShare(e.ctx, as("mia"), "helper", who("user:otto"))
	require.Equal(t, access.KindUnavailable, access.KindOf(err))
	mend()
	e.refused(e.share(as("otto"), "helper", "user:max", access.UseOnly), access.KindNotFound, "")
	require.Zero(t, e.waiting())
	_, err = e.DeleteShare(e.ctx, as("mia"), "helper", who("user:otto"))
	e.refused(err, access.KindNotFound, "")
}

func TestC4NothingIsChangedWhileTheEngineCannotBeAsked(t *testing.T) {
	e := acme(t)
	records := len(e.records())
	mend := e.cutting("CheckBulkPermissions", codes.Unavailable)
	require.Equal(t, access.KindUnavailable, access.KindOf(e.share(as("mia"), "helper", "user:otto", access.UseOnly)))
	_, err := e.Chatbot(e.ctx, as("mia"), "helper")
	require.Equal(t, access.KindUnavailable, access.KindOf(err))
	mend()
	require.Len(t, e.records(), records, "it was not refused")
	e.cannot("otto", "helper", access.See)
	require.Zero(t, e.waiting())
}

func TestACommittedChangeSurvivesACrashBeforeTheEngineTookIt(t *testing.T) {
	e := acme(t)
	e.cutting("WriteRelationships", codes.Unavailable)
	require.Error(t, e.share(as("mia"), "helper", "user:otto", access.UseOnly))
	e.close()
	e.open()
	require.Zero(t, e.waiting())
	e.can("otto", "helper", access.Interact)
}

func TestACallerWhoHangsUpBeforeTheCommitChangesNothing(t *testing.T) {
	e := acme(t)
	ctx, hangUp := context.WithCancel(e.ctx)
	e.wire.Cut = func(string) error { hangUp(); return nil } // while the engine is asked
	mine := *e
	mine.ctx = ctx
	require.Equal(t, access.KindUnavailable, access.KindOf(mine.share(as("mia"), "helper", "user:otto", access.UseOnly)))
	e.wire.Cut = nil
	e.cannot("otto", "helper", access.See)
	require.Equal(t, access.KindUnavailable, access.KindOf(mine.share(as("mia"), "helper", "user:otto", access.UseOnly)), "nor later")
}

func TestACallerWhoHangsUpAfterTheCommitStopsNothing(t *testing.T) {
	e := acme(t)
	ctx, hangUp := context.WithCancel(e.ctx)
	e.wire.Cut = func(method string) error {
		if strings.HasSuffix(method, "/WriteRelationships") {
			hangUp()
		}
		return nil
	}
	mine := *e
	mine.ctx = ctx
	require.NoError(t, mine.share(as("mia"), "helper", "user:otto", access.UseOnly))
	e.wire.Cut = nil
	e.can("otto", "helper", access.Interact)
}

func TestChangesThatRaceAreMadeOneAfterTheOther(t *testing.T) {
	e := acme(t)
	e.member("acme", access.OrgOwner, "zoe")
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, u := range []access.UserID{"olga", "zoe"} {
		both.Go(func() { _, errs[i] = e.RemoveMember(e.ctx, as(u), "acme", u, sharing.Offboard{}) })
	}
	both.Wait()
	if errs[0] == nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	require.NoError(t, errs[1])
	e.refused(errs[0], access.KindConflict, "O1")
}
