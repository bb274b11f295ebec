package access

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestN1_EveryStateAndEventOfAnInvitation(t *testing.T) {
	allowed := map[InvitationState]map[InvitationEvent]InvitationState{
		InvitationPending: {
			InvitationSend: InvitationPending, InvitationAccept: InvitationAccepted, InvitationRevoke: InvitationRevoked,
			InvitationExpire: InvitationExpired, InvitationFail: InvitationFailed,
		},
		InvitationExpired: {InvitationSend: InvitationPending},
	}
	for _, state := range append(slices.Clone(InvitationStates), "") {
		for _, event := range append(slices.Clone(InvitationEvents), "") {
			want, ok := allowed[state][event]
			got, err := NextInvitation(state, event)
			if ok {
				require.NoError(t, err)
				require.Equal(t, want, got)
				continue
			}
			require.Equal(t, KindConflict, KindOf(err), "%s %s", state, event)
			require.Equal(t, state, got)
		}
	}
}

func TestN1_AnInvitationExpiresByTheClock(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	i := Invitation{State: InvitationPending, ExpiresAt: at}
	require.Equal(t, InvitationPending, i.StateAt(at.Add(-1)))
	require.Equal(t, InvitationExpired, i.StateAt(at))
	i.State = InvitationAccepted
	require.Equal(t, InvitationAccepted, i.StateAt(at))
}
