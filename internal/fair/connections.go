package fair

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Listener accepts a limited number of connections at a time, shared by address (B6). A connection beyond the limit waits for a moment and is then
// closed, or the newest one of an address with more than its share is closed for it. Exempt addresses, such as those of proxies, are not limited.
type Listener struct {
	net.Listener
	limiter *Limiter
	exempt  func(netip.Addr) bool
	ctx     context.Context //nolint:containedctx // ends with the listener, whose Accept takes none
	ready   chan net.Conn
	failed  chan error
}

// How long a connection beyond the limit waits, and after which time another is closed for it.
const (
	connectionWait     = time.Second
	connectionPatience = 50 * time.Millisecond
	connectionsWaiting = 256
)

// Listen accepts at most that many connections at a time from the listener, until ctx ends. A nil exempt exempts no address.
func Listen(ctx context.Context, l net.Listener, most int, exempt func(netip.Addr) bool) *Listener {
	if exempt == nil {
		exempt = func(netip.Addr) bool { return false }
	}
	c := &Listener{
		Listener: l, exempt: exempt, ctx: ctx, ready: make(chan net.Conn), failed: make(chan error),
		limiter: New(Config{Places: most, Waiting: connectionsWaiting, Wait: connectionWait, Patience: connectionPatience}),
	}
	go c.take()
	return c
}

// take accepts connections until the listener fails, which it does when it is closed.
func (c *Listener) take() {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			select {
			case c.failed <- err:
			case <-c.ctx.Done():
				return
			}
			continue
		}
		go c.admit(conn)
	}
}

// admit passes a connection on when there is a place for it.
func (c *Listener) admit(accepted net.Conn) {
	conn := accepted
	if from := addressOf(accepted); !c.exempt(from) {
		place, err := c.limiter.Take(c.ctx, from.String(), func() { _ = accepted.Close() })
		if err != nil {
			_ = accepted.Close()
			return
		}
		conn = &connection{Conn: accepted, place: place}
	}
	select {
	case c.ready <- conn:
	case <-c.ctx.Done():
		_ = conn.Close()
	}
}

// Accept returns the next connection.
func (c *Listener) Accept() (net.Conn, error) {
	select {
	case conn := <-c.ready:
		return conn, nil
	case err := <-c.failed:
		return nil, err
	}
}

func addressOf(conn net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{} // all such are one
	}
	return at.Addr().Unmap().WithZone("")
}

// connection releases its place when it is closed.
type connection struct {
	net.Conn
	place *Place
	once  sync.Once
}

func (c *connection) Close() error {
	defer c.once.Do(c.place.Release)
	return c.Conn.Close()
}
