package bulk

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// manyRows says how many rows TestMemoryDoesNotGrowWithTheFile imports; GRANTWAY_TEST_IMPORT_ROWS asks for more than a quick run has.
func manyRows(t *testing.T) int {
	if text := os.Getenv("GRANTWAY_TEST_IMPORT_ROWS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return n
	}
	return 4000
}

// generated is a file of n lines that is never in memory as a whole.
func generated(header string, n int, line func(i int) string) io.Reader {
	r, w := io.Pipe()
	go func() {
		fmt.Fprintln(w, header)
		for i := range n {
			if _, err := fmt.Fprintln(w, line(i)); err != nil {
				return // nobody reads any more
			}
		}
		w.Close()
	}()
	return r
}

func membershipLine(i int) string {
	org := i / 1000
	role := "member"
	if i%1000 == 0 {
		role = "owner"
	}
	return fmt.Sprintf("org%d,user%d,%s", org, i, role)
}

// scales is a caller who weighs what the server holds in memory while it waits.
type scales struct {
	*httptest.ResponseRecorder
	weighed time.Time
	most    uint64 // the heap that was in use, in bytes
}

// heapInUse is in bytes.
func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (s *scales) Write(p []byte) (int, error) {
	if time.Since(s.weighed) > time.Second/4 {
		s.most = max(s.most, heapInUse())
		s.weighed = time.Now()
	}
	return s.ResponseRecorder.Write(p)
}

// weigh imports one file and gives how much more memory was in use meanwhile than before, in bytes, and how many rows a second were taken.
func (e *env) weigh(name, header string, n int, line func(int) string) (heap uint64, perSecond float64) {
	e.t.Helper()
	before, began := heapInUse(), time.Now()
	w := &scales{ResponseRecorder: httptest.NewRecorder(), most: before}
	r := httptest.NewRequestWithContext(e.t.Context(), http.MethodPost, "/v1/imports?name="+name, generated(header, n, line))
	e.bulk.Import(w, r, root)
	require.Contains(e.t, w.Body.String(), fmt.Sprintf(`"summary":{"rows":%d,`, n))
	require.Contains(e.t, w.Body.String(), `"rejected":0`)
	return w.most - before, float64(n) / time.Since(began).Seconds()
}

// TestMemoryDoesNotGrowWithTheFile also tells the speed.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	const botCount = 20
	n := manyRows(t)
	var heaps []uint64
	for _, rows := range []int{n / 10, n} {
		e := newEnv(t)
		var bots strings.Builder
		bots.WriteString("chatbot,organization,owner\n")
		for i := range botCount {
			fmt.Fprintf(&bots, "bot%d,org0,user0\n", i)
		}
		members := "organization,user,role"
		heap, speed := e.weigh("m.csv", members, rows, membershipLine)
		t.Logf("%d memberships: %.0f rows/s, %d MiB", rows, speed, heap>>20)
		e.takes(root, "bots.csv", bots.String())
		shared, speed := e.weigh("s.csv", "chatbot,principal,access", rows, func(i int) string {
			return fmt.Sprintf("bot%d,user:user%d,read_only", i%botCount, i/botCount+1)
		})
		t.Logf("%d shares: %.0f rows/s, %d MiB", rows, speed, shared>>20)
		again, speed := e.weigh("m.csv", members, rows, membershipLine)
		t.Logf("%d memberships again: %.0f rows/s, %d MiB", rows, speed, again>>20)
		heaps = append(heaps, max(heap, shared, again))
	}
	require.Less(t, heaps[1], heaps[0]+32<<20, "what is held does not grow with the file")
}
