package authzen_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authzen"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/fair"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

// busyDecisions notes how many batches are decided at once. It decides none before so many are there, or long after.
type busyDecisions struct {
	authzen.Decisions
	awaited, now, most atomic.Int32
}

func (d *busyDecisions) EvaluateAll(_ context.Context, _ access.Actor, reqs []decision.Request) ([]decision.Answer, error) {
	n := d.now.Add(1)
	defer d.now.Add(-1)
	for most := d.most.Load(); n > most; most = d.most.Load() {
		d.most.CompareAndSwap(most, n)
	}
	time.Sleep(5 * time.Millisecond)
	for began := time.Now(); d.most.Load() < d.awaited.Load() && time.Since(began) < 30*time.Second; {
		time.Sleep(time.Millisecond)
	}
	return make([]decision.Answer, len(reqs)), nil
}

// Where the engine works on this machine, large batches leave one processor to those who ask little. Small ones wait for nobody.
func TestB6LargeBatchesAreDecidedInTurns(t *testing.T) {
	for _, c := range []struct {
		questions int
		elsewhere bool
		inTurn    bool
	}{{1000, false, true}, {1000, true, false}, {10, false, false}} {
		t.Run(fmt.Sprintf("%d questions, elsewhere %t", c.questions, c.elsewhere), func(t *testing.T) {
			free := int32(max(1, fair.Processors-1))
			d := &busyDecisions{}
			if !c.inTurn {
				d.awaited.Store(free + 1)
			}
			h, err := authzen.New(authzen.Config{
				Decisions: d, Status: problem.Status, PublicURL: "https://pdp.example.com", EngineElsewhere: c.elsewhere,
				Caller: func(*http.Request) (access.Actor, error) { return backend, nil },
			})
			require.NoError(t, err)
			question := `{"subject":{"type":"user","id":"alice"},"action":{"name":"interact"},"resource":{"type":"chatbot","id":"helper"}}`
			body := `{"evaluations":[` + strings.Repeat(question+",", c.questions-1) + question + `]}`
			var all sync.WaitGroup
			for range 4 * fair.Processors {
				all.Go(func() {
					status, answer := post(t, h, authzen.PathEvaluations, body)
					if status != http.StatusOK {
						t.Error(answer)
					}
				})
			}
			all.Wait()
			if c.inTurn {
				require.LessOrEqual(t, d.most.Load(), free)
			} else {
				require.Greater(t, d.most.Load(), free)
			}
		})
	}
}
