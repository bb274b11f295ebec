package sharing_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

const (
	callersAtOnce  = 50
	changesOfEach  = 6
	repliesAtLeast = callersAtOnce // changes that must have been done for the test to say anything
)

// TestFiftyCallersAtOnceLeaveOneStory lets many callers change the same few chatbots at once: shares, rows, owners, roles in the
// organizations. Whatever order their changes come in, there is one owner of each chatbot, one share with each principal, an owner in every
// organization and a row only for its people; the engine holds what the facts imply; and the record tells the same story as the facts (H1).
func TestFiftyCallersAtOnceLeaveOneStory(t *testing.T) {
	h := newHistory(t)
	h.fifty(h.env)
}

// fifty lets as many callers call the gateways in turns.
func (h *history) fifty(gateways ...*env) {
	t := h.t
	type reply struct {
		deed deed
		err  error
	}
	replies := make([][]reply, callersAtOnce)
	var callers sync.WaitGroup
	for i := range replies {
		caller := *h
		caller.env = gateways[i%len(gateways)]
		caller.rng = rand.New(rand.NewPCG(h.rng.Uint64(), uint64(i)))
		callers.Go(func() {
			for range changesOfEach {
				d := caller.contested(caller.world().WithSiteAdmin(theKey))
				replies[i] = append(replies[i], reply{d, d.do()})
			}
		})
	}
	callers.Wait()

	for _, r := range replies {
		require.Len(t, r, changesOfEach)
		for _, r := range r {
			h.told(r.deed, r.err)
			switch access.KindOf(r.err) {
			case access.KindInvalid, access.KindUnavailable:
				t.Fatalf("%s: %+v", r.deed.what, r.err)
			case access.KindInternal:
				require.NoError(t, r.err, r.deed.what)
			}
		}
	}
	w := h.world()
	h.invariants(w)
	h.agrees()
	h.whole()
	t.Logf("%d changes done, %d refused", h.done, h.refused)
	require.Greater(t, h.done, repliesAtLeast, "too much was refused: the test hardly tests")
}
