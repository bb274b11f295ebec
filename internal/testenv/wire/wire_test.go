package wire

import (
	"bufio"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// echo answers each line with itself, and counts the lines it has got.
func echo(t *testing.T) (address string, lines *atomic.Int64) {
	lines = new(atomic.Int64)
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { socket.Close() })
	go func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					lines.Add(1)
					if _, err := conn.Write([]byte(line)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return socket.Addr().String(), lines
}

// line is a connection that says lines and hears them again.
type line struct {
	*testing.T
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, w *Wire) line {
	conn, err := net.Dial("tcp", w.Address())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return line{t, conn, bufio.NewReader(conn)}
}

func (l line) says(words string) error {
	if _, err := l.Write([]byte(words + "\n")); err != nil {
		return err
	}
	_, err := l.in.ReadString('\n')
	return err
}

func TestAWireCarriesAndCuts(t *testing.T) {
	address, _ := echo(t)
	w := New(t, address)
	a, b := dial(t, w), dial(t, w)
	require.NoError(t, a.says("hello"))
	require.NoError(t, b.says("hello"))
	require.Equal(t, 2, w.Cut())
	require.Error(t, a.says("still there?"))
	require.Error(t, b.says("still there?"))
	require.NoError(t, dial(t, w).says("again"))
}

func TestAWireIsCutAtWords(t *testing.T) {
	for name, forwarded := range map[string]bool{"before they arrive": false, "before they are answered": true} {
		t.Run(name, func(t *testing.T) {
			address, lines := echo(t)
			w := New(t, address)
			other, l := dial(t, w), dial(t, w)
			require.NoError(t, l.says("begin"))
			sprung := w.CutAt("commit", forwarded)
			require.NoError(t, l.says("insert"))
			require.Error(t, l.says("commit"))
			<-sprung
			require.NoError(t, other.says("commit"), "one connection is cut, and once")
			want := int64(3)
			if forwarded {
				want++
			}
			require.Equal(t, want, lines.Load())
		})
	}
}

func TestAWireHoldsAndDelays(t *testing.T) {
	address, _ := echo(t)
	w := New(t, address)
	l := dial(t, w)
	w.Hold()
	began := time.Now()
	time.AfterFunc(100*time.Millisecond, w.Release)
	require.NoError(t, l.says("hello"))
	require.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
	w.Delay(50 * time.Millisecond)
	began = time.Now()
	require.NoError(t, l.says("hello"))
	require.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond, "there and back")
}

func TestAWireTakesTheTargetThatAnswers(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address, lines := echo(t)
	w := New(t, gone.Addr().String(), address)
	require.NoError(t, gone.Close())
	for range 4 {
		require.NoError(t, dial(t, w).says("hello"))
	}
	require.Equal(t, int64(4), lines.Load())
}
