package server

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/authn"
	"github.com/grantway/grantway/internal/fair"
)

// connections is a listener that takes so many connections at a time, shared by address (B6). One beyond them waits for a moment and is closed then, or
// the newest of an address with more than its share is closed for it. Proxies that are trusted are not limited: of them all calls come.
type connections struct {
	net.Listener
	limiter *fair.Limiter
	proxies authn.Proxies
	ctx     context.Context
	ready   chan net.Conn
	failed  chan error
}

// How long a connection beyond the limit waits, and after what time one is closed for it.
const (
	connectionWait     = time.Second
	connectionPatience = 50 * time.Millisecond
	connectionsWaiting = 256
)

// limited takes so many connections at a time from the listener, until ctx ends.
func limited(ctx context.Context, l net.Listener, most int, proxies authn.Proxies) *connections {
	c := &connections{
		Listener: l, proxies: proxies, ctx: ctx, ready: make(chan net.Conn), failed: make(chan error),
		limiter: fair.New(fair.Config{Places: most, Waiting: connectionsWaiting, Wait: connectionWait, Patience: connectionPatience}),
	}
	go c.take()
	return c
}

// take takes connections until the listener fails, which it does when it is closed.
func (c *connections) take() {
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

// admit hands on a connection when there is a place for it.
func (c *connections) admit(accepted net.Conn) {
	conn := accepted
	if from := addressOf(accepted); !c.proxies.Trust(from) {
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

// Accept gives the next connection.
func (c *connections) Accept() (net.Conn, error) {
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

// connection gives its place back when it is closed.
type connection struct {
	net.Conn
	place *fair.Place
	once  sync.Once
}

func (c *connection) Close() error {
	defer c.once.Do(c.place.Release)
	return c.Conn.Close()
}
