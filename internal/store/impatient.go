package store

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// errSilent is not a timeout in the sense of net.Error: the connection is no longer usable.
var errSilent = errors.New("the database did not answer in time")

// impatient is a connection that fails when nothing has been heard for as long as its patience lasts. The statements of a transaction do not see their
// caller's context end, and a server that is stopped, or behind a network that swallows everything, would hold them forever.
type impatient struct {
	net.Conn
	patience time.Duration
	mu       sync.Mutex
	bound    bool // somebody else has set a deadline, which must not be put off
}

func (c *impatient) Read(b []byte) (int, error) {
	if err := c.await(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.isBound() {
		err = errSilent
	}
	return n, err
}

func (c *impatient) await() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bound {
		return nil
	}
	return c.Conn.SetReadDeadline(time.Now().Add(c.patience))
}

func (c *impatient) isBound() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bound
}

func (c *impatient) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bound = !t.IsZero()
	return c.Conn.SetDeadline(t)
}

func (c *impatient) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bound = !t.IsZero()
	return c.Conn.SetReadDeadline(t)
}
