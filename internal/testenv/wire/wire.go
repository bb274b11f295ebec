// Package wire is the network between two parts of an installation, for tests that break it: its connections can be cut, slow, or stalled.
package wire

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lostAnswerAfter is how long the far side has to act on what it was sent before the connection is cut without its answer.
const lostAnswerAfter = 20 * time.Millisecond

// Wire carries connections from its own address to the first of its targets that takes them.
type Wire struct {
	socket net.Listener
	begun  sync.WaitGroup

	mu      sync.Mutex
	targets []string
	turn    int // whose turn it is among the targets
	open    map[*connection]bool
	delay   time.Duration
	held    chan struct{} // nil, or closed when what is held may go on
	trap    *trap
	cuts    int
}

// trap cuts a connection at a moment that its words tell.
type trap struct {
	words     []byte
	forwarded bool
	sprung    chan struct{}
}

// New lays a wire to the targets (host:port), among which connections take turns. It lasts until the test ends.
func New(t testing.TB, targets ...string) *Wire {
	t.Helper()
	return At(t, "127.0.0.1:0", targets...)
}

// At is New, at an address (host:port) that is known before.
func At(t testing.TB, address string, targets ...string) *Wire {
	t.Helper()
	socket, err := net.Listen("tcp", address)
	require.NoError(t, err)
	w := &Wire{socket: socket, targets: targets, open: map[*connection]bool{}}
	w.begun.Go(w.accept)
	t.Cleanup(func() {
		_ = socket.Close()
		w.Release()
		w.Cut()
		w.begun.Wait()
	})
	return w
}

// Address is host:port where the wire begins.
func (w *Wire) Address() string { return w.socket.Addr().String() }

// Cut breaks every connection at once, wherever it is, and says how many there were.
func (w *Wire) Cut() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		c.close()
	}
	w.cuts += len(w.open)
	return len(w.open)
}

// Cuts is how many connections were cut so far.
func (w *Wire) Cuts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cuts
}

// CutAt breaks the next connection whose near side sends the words: before they are forwarded, or once they were and before anything is
// answered. The channel is closed when that has happened.
func (w *Wire) CutAt(words string, forwarded bool) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trap = &trap{words: []byte(words), forwarded: forwarded, sprung: make(chan struct{})}
	return w.trap.sprung
}

// Delay makes each piece of data, in both directions, take so much longer from now on.
func (w *Wire) Delay(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = d
}

// Hold lets nothing pass, and nobody notice, until Release.
func (w *Wire) Hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil {
		w.held = make(chan struct{})
	}
}

// Release ends Hold, if it holds: what waited goes on.
func (w *Wire) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held != nil {
		close(w.held)
		w.held = nil
	}
}

func (w *Wire) accept() {
	for {
		near, err := w.socket.Accept()
		if err != nil {
			return
		}
		w.begun.Go(func() { w.carry(near) })
	}
}

// connection is both ends of one connection.
type connection struct {
	near, far net.Conn
	once      sync.Once
	done      chan struct{}
	muted     bool // guarded by Wire.mu: the near side hears nothing any more
}

// close resets both ends, as a network does that is gone.
func (c *connection) close() {
	c.once.Do(func() {
		close(c.done)
		for _, end := range []net.Conn{c.near, c.far} {
			_ = end.(*net.TCPConn).SetLinger(0)
			_ = end.Close()
		}
	})
}

// carry joins the connection to a target, and ends with it.
func (w *Wire) carry(near net.Conn) {
	far, err := w.dial()
	if err != nil {
		_ = near.(*net.TCPConn).SetLinger(0)
		_ = near.Close()
		return
	}
	c := &connection{near: near, far: far, done: make(chan struct{})}
	w.mu.Lock()
	w.open[c] = true
	w.mu.Unlock()
	var pumps sync.WaitGroup
	pumps.Go(func() { w.pump(c, c.far, c.near, true) })
	pumps.Go(func() { w.pump(c, c.near, c.far, false) })
	pumps.Wait()
	c.close()
	w.mu.Lock()
	delete(w.open, c)
	w.mu.Unlock()
}

// dial reaches the target whose turn it is, or else the next that answers.
func (w *Wire) dial() (conn net.Conn, err error) {
	w.mu.Lock()
	first, targets := w.turn, w.targets
	w.turn++
	w.mu.Unlock()
	for i := range targets {
		if conn, err = net.DialTimeout("tcp", targets[(first+i)%len(targets)], time.Second); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// pump copies one direction. Once one has ended the other one does too.
func (w *Wire) pump(c *connection, to io.Writer, from io.Reader, outward bool) {
	defer c.close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !w.pass(c, to, buffer[:n], outward) {
			return
		}
		if err != nil {
			return
		}
	}
}

// pass forwards one piece, unless the connection ends by it.
func (w *Wire) pass(c *connection, to io.Writer, piece []byte, outward bool) bool {
	w.mu.Lock()
	delay, held := w.delay, w.held
	var sprung *trap
	if outward && w.trap != nil && bytes.Contains(piece, w.trap.words) {
		sprung, w.trap = w.trap, nil
		c.muted = true
		w.cuts++
	}
	w.mu.Unlock()
	if sprung != nil {
		defer close(sprung.sprung)
		if sprung.forwarded {
			_, _ = to.Write(piece)
			time.Sleep(lostAnswerAfter)
		}
		return false
	}
	if held != nil {
		select {
		case <-held:
		case <-c.done:
			return false
		}
	}
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-c.done:
			return false
		}
	}
	w.mu.Lock()
	silent := c.muted && !outward
	w.mu.Unlock()
	if silent {
		return true
	}
	_, err := to.Write(piece)
	return err == nil
}
