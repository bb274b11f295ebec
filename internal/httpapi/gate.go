package httpapi

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// gate lets so many calls of one sort be worked on at the same time. Some more wait for a moment; the others are refused at once, since a
// long queue only makes everybody late.
type gate struct {
	at    chan struct{} // holds a token for each call that is worked on
	queue chan struct{} // and one for each that waits
	wait  time.Duration
}

func newGate(at, waiting int, wait time.Duration) *gate {
	return &gate{at: make(chan struct{}, at), queue: make(chan struct{}, waiting), wait: wait}
}

// enter waits for the call's turn. What it returns ends the call's work.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-g.at }
	select {
	case g.at <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case g.queue <- struct{}{}:
		defer func() { <-g.queue }()
	default:
		return nil, g.full()
	}
	late := time.NewTimer(g.wait)
	defer late.Stop()
	select {
	case g.at <- struct{}{}:
		return leave, nil
	case <-late.C:
		return nil, g.full()
	case <-ctx.Done():
		return nil, access.Unavailable(ctx.Err())
	}
}

func (g *gate) full() error {
	refusal := access.Refuse(access.KindExhausted, "", "the server is working on as many calls as it takes; try again")
	refusal.RetryAfter = time.Second
	return refusal
}
