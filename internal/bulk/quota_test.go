package bulk

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// stageIn makes a staging of the root key's, with all the space that there is.
func stageIn(t *testing.T, dir string) (*staging, error) {
	b, err := New(Config{Dir: dir})
	require.NoError(t, err)
	ctx, lease := b.quota.lease(t.Context(), root)
	return stage(ctx, dir, lease)
}

// roomFor gives the imports so many bytes of the disk.
func (e *env) roomFor(bytes int64) {
	e.t.Helper()
	var err error
	e.bulk, err = New(Config{Sharing: e.Service, Dir: e.dir, Log: e.bulk.log, MaxStaging: bytes})
	require.NoError(e.t, err)
}

// roles is a file with n roles of acme's, each with a name of 500 letters.
func roles(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"kind":"role","role":"r%d","organization":"acme","name":"%s"}`+"\n", i, strings.Repeat("x", 500))
	}
	return b.String()
}

// TestAnImportTakesNoMoreOfTheDiskThanThereIs: what is received, its indexes, the bad rows and the facts that rows touch count.
func TestAnImportTakesNoMoreOfTheDiskThanThereIs(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile)
	e.roomFor(6 << 20)
	for name, file := range map[string]string{
		"good rows": roles(16000),
		"bad rows":  strings.Repeat(strings.Repeat("x", 1000)+"\n", 8000),
	} {
		for _, query := range []string{"", "dry_run=true", "skip_invalid=true"} {
			got := e.post(t.Context(), as("olga"), query, "f.jsonl", file)
			assert.Equal(t, http.StatusRequestEntityTooLarge, got.status, name)
			require.NotNil(t, got.problem, name)
			assert.Equal(t, "the server keeps at most 6 MiB for files that are being imported (--max-staging), which is too little for this import: split it", got.problem.Detail)
			assert.Zero(t, e.bulk.quota.used, "all is given back")
		}
	}
	got := e.post(t.Context(), as("olga"), "dry_run=true", "f.jsonl", roles(3000))
	require.Equal(t, http.StatusOK, got.status)
	require.NotNil(t, got.problem, "there is room for the rows, and not for trying them")
	assert.Equal(t, "urn:grantway:error:too-large", got.problem.Type)
	e.roomFor(64 << 20)
	got = e.post(t.Context(), as("olga"), "dry_run=true", "f.jsonl", roles(3000))
	require.NotNil(t, got.sum)
	assert.Equal(t, int64(3000), got.sum.Written)
	assert.Zero(t, e.bulk.quota.used)
	assert.Empty(t, e.bulk.quota.holders)
}

// TestANearlyFullDiskTakesNoImports: what imports leave free is for the changes of others.
func TestANearlyFullDiskTakesNoImports(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile)
	free := int64(40 << 20)
	e.bulk.quota.space = func(string) (int64, int64, error) { return free, 1 << 30, nil }
	e.bulk.quota.reserve = 32 << 20
	e.takes(as("olga"), "f.jsonl", roles(1))
	free = 33 << 20
	body := &counting{}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/imports?format=csv", body)
	w := httptest.NewRecorder()
	e.bulk.Import(w, r, as("olga"))
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Contains(t, w.Body.String(), "the server's disk is full, so the files cannot be checked; its operator has to free space")
	assert.Equal(t, "60", w.Header().Get("Retry-After"))
	assert.Zero(t, body.read, "it is refused before anything is received")
	free = 40 << 20
	e.takes(as("olga"), "f.jsonl", roles(2))
}

// counting is a body that counts how often it is read.
type counting struct{ read int }

func (c *counting) Read([]byte) (int, error) {
	c.read++
	return 0, fmt.Errorf("read")
}

// TestB6NobodyKeepsMoreThanAQuarterOfTheDiskWhileOthersWait: somebody alone may use all of it.
func TestB6NobodyKeepsMoreThanAQuarterOfTheDiskWhileOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuota(Config{Dir: t.TempDir(), MaxStaging: 100})
		q.space = func(string) (int64, int64, error) { return 0, 0, nil }
		exhausted := func(err error) {
			t.Helper()
			require.Equal(t, access.KindExhausted, access.KindOf(err), err)
		}
		evesFirst, one := q.lease(t.Context(), access.Actor{User: "eve"})
		evesSecond, two := q.lease(t.Context(), access.Actor{User: "eve"})
		require.NoError(t, one.take(evesFirst, 60))
		require.NoError(t, two.take(evesSecond, 40), "nobody else wants any")

		bobs, bob := q.lease(t.Context(), access.Actor{User: "bob"})
		got := make(chan error)
		go func() { got <- bob.take(bobs, 20) }()
		synctest.Wait()
		require.ErrorContains(t, context.Cause(evesFirst), "other imports are using the server's space", "eve's largest import is ended")
		require.NoError(t, evesSecond.Err(), "which is enough")
		exhausted(two.take(evesSecond, 1))
		one.release()
		require.NoError(t, <-got)
		require.NoError(t, two.take(evesSecond, 10), "nobody else waits")

		go func() { got <- bob.take(bobs, 60) }()
		exhausted(<-got)
		carls, third := q.lease(t.Context(), access.Actor{User: "carl"})
		two.keep()
		began := time.Now()
		go func() { got <- third.take(carls, 25+10) }()
		exhausted(<-got)
		require.Zero(t, time.Since(began), "more than a quarter is not waited for")
		go func() { got <- third.take(carls, 25) }()
		require.NoError(t, <-got)
		dans, fourth := q.lease(t.Context(), access.Actor{User: "dan"})
		began = time.Now()
		go func() { got <- fourth.take(dans, 20) }()
		exhausted(<-got)
		require.Equal(t, q.wait, time.Since(began))
		require.NoError(t, evesSecond.Err(), "what writes already is not ended")

		go func() { got <- fourth.take(dans, 20) }()
		synctest.Wait()
		two.release()
		require.NoError(t, <-got)
		for _, l := range []*lease{bob, third, fourth} {
			l.release()
		}
		require.Zero(t, q.used)
		require.Empty(t, q.holders)
	})
}

// TestAnImportThatMakesRoomSaysWhy: what was ended for others' sake is refused like a call too many.
func TestAnImportThatMakesRoomSaysWhy(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile)
	e.roomFor(16 << 20)
	carls, third := e.bulk.quota.lease(t.Context(), access.Actor{User: "carl"})
	require.NoError(t, third.take(carls, 4<<20))
	body := &halting{first: roles(14000), halted: make(chan struct{}), then: make(chan struct{}), rest: roles(1)}
	ended := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/imports?format=jsonl", body)
		w := httptest.NewRecorder()
		e.bulk.Import(w, r, access.Actor{User: "olga", Address: "127.0.0.1"})
		ended <- w
	}()
	select {
	case <-body.halted:
	case w := <-ended:
		require.Fail(t, "the import does not fit", w.Body.String())
	}
	bobs, bob := e.bulk.quota.lease(t.Context(), access.Actor{User: "bob"})
	missing := 16<<20 - e.bulk.quota.used + 1
	require.LessOrEqual(t, missing, int64(4<<20), "a quarter")
	got := make(chan error)
	go func() { got <- bob.take(bobs, missing) }()
	require.Eventually(t, func() bool { // bob waits, and olga's import is ended
		e.bulk.quota.mu.Lock()
		defer e.bulk.quota.mu.Unlock()
		return e.bulk.quota.holders["user:bob"].waiting > 0
	}, time.Minute, time.Millisecond)
	<-body.then
	require.NoError(t, <-got)
	w := <-ended
	assert.Equal(t, http.StatusTooManyRequests, w.Code, w.Body)
	assert.Contains(t, w.Body.String(), "other imports are using the server's space")
	assert.NotEmpty(t, w.Header().Get("Retry-After"))
	bob.release()
	third.release()
	assert.Zero(t, e.bulk.quota.used)
	_, err := e.Organization(t.Context(), root, "acme")
	require.NoError(t, err)
}

// halting is a body that stops after its first part, until somebody takes a token from then.
type halting struct {
	first, rest  string
	halted, then chan struct{}
}

func (h *halting) Read(p []byte) (int, error) {
	if h.first == "" {
		close(h.halted)
		h.then <- struct{}{}
		h.first = h.rest
	}
	n := copy(p, h.first)
	h.first = h.first[n:]
	return n, nil
}
