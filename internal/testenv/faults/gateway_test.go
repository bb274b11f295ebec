package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/loopback"
)

const (
	rootKey = "faults-root-key-0123456789abcdef"
	hashKey = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

// gateway is one server process, which is started again whenever it ends.
type gateway struct {
	testing.TB
	number  int
	url     string
	log     *os.File
	http    *http.Client
	command func() *exec.Cmd
	lives   atomic.Int64
	ready   atomic.Bool // it has answered since its last start
	ended   atomic.Int64

	mu      sync.Mutex
	process *os.Process
	closing bool
	over    sync.WaitGroup
}

// restartAfter is how long a gateway that ended by itself stays away.
const restartAfter = 200 * time.Millisecond

// startGateway starts the program with the flags and keeps it running. It returns at once.
func startGateway(t testing.TB, number int, data string, flags ...string) *gateway {
	t.Helper()
	address, release, err := loopback.Reserve()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, release()) })
	log, err := os.Create(filepath.Join(filepath.Dir(data), fmt.Sprintf("gateway%d.log", number)))
	require.NoError(t, err)
	g := &gateway{TB: t, number: number, url: "http://" + address, log: log}
	g.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 2 * answerWithin}
	g.command = func() *exec.Cmd {
		cmd := program(append([]string{"serve", "--listen", address, "--data", data, "--root-key", rootKey, "--hash-key", hashKey}, flags...)...)
		cmd.Stdout, cmd.Stderr = log, log
		return cmd
	}
	g.start()
	g.over.Go(g.watch)
	t.Cleanup(g.close)
	return g
}

// program is Grantway.
func program(arguments ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], arguments...)
	cmd.Env = append(os.Environ(), runInstead+"=1")
	return cmd
}

func (g *gateway) start() {
	g.over.Go(func() {
		for began := true; began; {
			began = g.live()
		}
	})
}

// live is one life of the process. It reports whether there is to be another one.
func (g *gateway) live() bool {
	g.mu.Lock()
	if g.closing {
		g.mu.Unlock()
		return false
	}
	cmd := g.command()
	err := cmd.Start()
	g.process = cmd.Process
	g.mu.Unlock()
	if err != nil {
		g.Errorf("gateway %d cannot be started: %v", g.number, err)
		return false
	}
	err = cmd.Wait()
	g.ready.Store(false)
	g.lives.Add(1)
	var how *exec.ExitError
	if killed := errors.As(err, &how) && !how.Exited(); !killed {
		g.ended.Add(1)
		time.Sleep(restartAfter)
	}
	return true
}

// watch notes when the process begins to answer.
func (g *gateway) watch() {
	for !g.isClosing() {
		if !g.ready.Load() {
			life := g.life()
			if status, _, err := g.call(context.Background(), sending{method: "GET", path: "/readyz"}); err == nil && status == http.StatusOK && life == g.life() {
				g.ready.Store(true)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (g *gateway) isClosing() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closing
}

// life is the number of times that it has ended.
func (g *gateway) life() int { return int(g.lives.Load()) }

// await waits until it answers.
func (g *gateway) await(within time.Duration) {
	g.Helper()
	require.Eventually(g, g.ready.Load, within, 20*time.Millisecond, "gateway %d does not answer:\n%s", g.number, g.lastWords())
}

// kill ends the process as a power cut would, as far as the process is concerned. It is started again at once.
func (g *gateway) kill() { g.signal(syscall.SIGKILL) }

func (g *gateway) signal(s syscall.Signal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.process.Signal(s) // it may have ended just now
}

func (g *gateway) close() {
	g.mu.Lock()
	g.closing = true
	_ = g.process.Signal(syscall.SIGCONT)
	_ = g.process.Signal(syscall.SIGKILL)
	g.mu.Unlock()
	g.over.Wait()
	_ = g.log.Close()
}

// lastWords is the end of its log.
func (g *gateway) lastWords() string {
	data, err := os.ReadFile(g.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-4000):])
}

// answerWithin is how long a caller waits: longer than a gateway tries.
const answerWithin = 60 * time.Second

// sending is one call as the root key, which acts for the actor if there is one.
type sending struct {
	method, path, body string
	actor              string
	id                 string // X-Request-ID, by which the record tells of it
	kind               string // of the body; "" is JSON
	key                string // Idempotency-Key
}

// call makes the call. An error is a call that was not answered.
func (g *gateway) call(ctx context.Context, s sending) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, s.method, g.url+s.path, strings.NewReader(s.body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+rootKey)
	if s.body != "" {
		req.Header.Set("Content-Type", "application/json")
		if s.kind != "" {
			req.Header.Set("Content-Type", s.kind)
		}
	}
	for name, value := range map[string]string{"Grantway-Actor": s.actor, "X-Request-ID": s.id, "Idempotency-Key": s.key} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := g.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// neverArrived reports whether an error of call is of a connection that was not made.
func neverArrived(err error) bool {
	var where *net.OpError
	return errors.As(err, &where) && where.Op == "dial"
}

// must makes a call that has to succeed, by and by, while nothing is broken.
func (g *gateway) must(s sending) []byte {
	g.Helper()
	status, answer, err := g.call(g.Context(), s)
	require.NoError(g, err, "%s %s", s.method, s.path)
	require.Less(g, status, 300, "%s %s: %s", s.method, s.path, answer)
	return answer
}
