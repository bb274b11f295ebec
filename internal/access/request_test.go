package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNext holds every pair of a state and an event against the one table: a pending request can end in five ways, and has then ended.
func TestNext(t *testing.T) {
	ends := map[RequestEvent]RequestState{
		"replace": "pending", "approve": "approved", "deny": "denied", "cancel": "cancelled", "expire": "expired", "fail": "failed",
	}
	require.Len(t, RequestEvents, len(ends))
	require.Len(t, RequestStates, 6)
	for _, state := range RequestStates {
		for _, event := range RequestEvents {
			next, err := Next(state, event)
			if state == RequestPending {
				require.NoError(t, err)
				require.Equal(t, ends[event], next)
				continue
			}
			var refusal *Error
			require.ErrorAs(t, err, &refusal, "%s after %s", event, state)
			require.Equal(t, KindConflict, refusal.Kind)
			require.Contains(t, refusal.Detail, string(state))
			require.NotEmpty(t, refusal.Rule)
			require.Equal(t, state, next)
		}
	}
	_, err := Next(RequestPending, "wish")
	require.Equal(t, KindConflict, KindOf(err), "what is no event happens to no request")
}

func TestS7ARequestExpiresByTheClock(t *testing.T) {
	end := time.Unix(100, 0)
	r := Request{State: RequestPending, ExpiresAt: end}
	require.Equal(t, RequestPending, r.StateAt(end.Add(-1)))
	require.Equal(t, RequestExpired, r.StateAt(end))
	r.State = RequestApproved
	require.Equal(t, RequestApproved, r.StateAt(end), "what is decided does not expire")
}
