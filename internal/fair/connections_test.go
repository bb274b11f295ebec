package fair

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// B6: an address that opens connections without end keeps no other address out, and a proxy that is trusted is not limited.
func TestB6ConnectionsAreSharedByAddress(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	proxy := netip.MustParseAddr("127.0.0.9")
	l := Listen(t.Context(), socket, 8, func(from netip.Addr) bool { return from == proxy })
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // greets, and closes when the other end does
				_, _ = conn.Write([]byte("!"))
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}()
	open := func(from string) (net.Conn, bool) {
		conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", socket.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		_, err = io.ReadFull(conn, make([]byte, 1))
		return conn, err == nil
	}
	many := func(from string, n int) (served []net.Conn) {
		for range n {
			if conn, ok := open(from); ok {
				served = append(served, conn)
			}
		}
		return served
	}
	greedy := many("127.0.0.1", 8)
	require.Len(t, greedy, 6, "all but a quarter")
	require.Len(t, many("127.0.0.2", 2), 2)
	quiet := many("127.0.0.3", 1)
	require.Len(t, quiet, 1, "though all are taken")
	_, err = greedy[5].Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "the newest of the address with most is closed")
	require.Len(t, many("127.0.0.9", 20), 20, "a proxy's are not counted")
	require.NoError(t, greedy[0].Close())
	require.Eventually(t, func() bool { taken, _ := l.limiter.Figures(); return taken == 7 }, 10*time.Second, time.Millisecond)
}
