package siege_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/idp"
	"github.com/grantway/grantway/internal/testenv/loopback"
)

const rootKey = "root-key-of-the-siege-0123456789abcdef"

// server is the program that is attacked.
type server struct {
	testing.TB
	address string // host:port
	data    string // directory
	log     string // file
	cmd     *exec.Cmd
	killed  atomic.Bool // for its memory
	ended   chan struct{}
	highest atomic.Int64 // resident bytes that were seen since resetPeak
	once    sync.Once
}

// startServer starts the program and waits until it is ready. It is stopped when the test ends.
func startServer(t testing.TB, volume int64, issuer, mail string) *server {
	t.Helper()
	address, release, err := loopback.Reserve()
	require.NoError(t, err)
	t.Cleanup(func() { _ = release() })
	dir := t.TempDir()
	s := &server{TB: t, address: address, data: filepath.Join(dir, "volume", "data"), log: filepath.Join(dir, "log"), ended: make(chan struct{})}
	require.NoError(t, os.MkdirAll(filepath.Dir(s.data), 0o700))
	if volume > 0 {
		s.mount(filepath.Dir(s.data), volume)
	}
	issuers := filepath.Join(dir, "issuers.yaml")
	require.NoError(t, os.WriteFile(issuers, fmt.Appendf(nil, "- {issuer: '%s', audience: [%s], user: {adopt: true}}", issuer, idp.Client), 0o600))
	log, err := os.Create(s.log)
	require.NoError(t, err)
	s.cmd = exec.Command(settings.grantway, "serve", "--listen", address, "--data", s.data, "--log-level", "warn", "--oidc-config", issuers,
		"--smtp-url", mail, "--mail-from", "Grantway <no-reply@grantway.test>")
	s.cmd.Env = append(os.Environ(), "GRANTWAY_ROOT_KEY="+rootKey)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	require.NoError(t, s.cmd.Start())
	go func() {
		_ = s.cmd.Wait() // it tells of the signal
		_ = log.Close()
		close(s.ended)
	}()
	t.Cleanup(s.stop)
	go s.watch()
	s.await()
	return s
}

// mount puts a small file system in memory at the directory, or skips the attack where that is not allowed.
func (s *server) mount(dir string, size int64) {
	s.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+strconv.FormatInt(size, 10)); err != nil {
		s.Skipf("a small file system cannot be mounted, which needs root: %v", err)
	}
	s.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

func (s *server) await() {
	s.Helper()
	require.Eventually(s, func() bool {
		resp, err := http.Get("http://" + s.address + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond, "the server does not get ready: %s", s)
}

// String is the end of its log.
func (s *server) String() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

func (s *server) stop() {
	s.once.Do(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.ended:
		case <-time.After(30 * time.Second):
			_ = s.cmd.Process.Kill()
			<-s.ended
		}
		if settings.keep != "" {
			name := strings.ReplaceAll(s.Name(), "/", "-") + ".log"
			if text, err := os.ReadFile(s.log); err == nil {
				_ = os.WriteFile(filepath.Join(settings.keep, name), text, 0o600)
			}
		}
	})
}

// died says how the server ended, or nothing where it runs.
func (s *server) died() string {
	select {
	case <-s.ended:
		if s.killed.Load() {
			return fmt.Sprintf("the server took more than %d MiB and was killed", settings.memory>>20)
		}
		return "the server ended: " + s.String()
	default:
		return ""
	}
}

// watch kills the server before it takes the memory of the whole machine.
func (s *server) watch() {
	for {
		select {
		case <-s.ended:
			return
		case <-time.After(20 * time.Millisecond):
		}
		resident := s.status("VmRSS")
		s.highest.Store(max(s.highest.Load(), resident))
		if resident > settings.memory {
			s.killed.Store(true)
			_ = s.cmd.Process.Kill()
			return
		}
	}
}

// resetPeak begins the measurement of the peak anew.
func (s *server) resetPeak() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0o200) // where it fails, the peak is that of the whole life
	s.highest.Store(0)
}

// peak is how many bytes were resident at most since resetPeak.
func (s *server) peak() int64 { return max(s.highest.Load(), s.status("VmHWM")) }

// status is a figure of /proc/PID/status, in bytes, or 0 where it cannot be read.
func (s *server) status(field string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), field+":")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kilobytes, _ := strconv.ParseInt(number, 10, 64)
	return kilobytes << 10
}

// cpu is how much of the processors' time the server has taken, or 0 where that cannot be read.
func (s *server) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	const userTime, systemTime, perSecond = 11, 12, 100 // of the fields behind the name, in clock ticks (proc(5))
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) <= systemTime {
		return 0
	}
	user, _ := strconv.Atoi(fields[userTime])
	system, _ := strconv.Atoi(fields[systemTime])
	return time.Duration(user+system) * time.Second / perSecond
}

// caller calls the server from an address with credentials.
type caller struct {
	server      *server
	http        *http.Client
	credentials string // a key or a token, or ""
	actor       string // for whom a key acts, or ""
}

// callTimeout is how long any caller waits.
const callTimeout = 20 * time.Second

// from is a caller at one of this machine's addresses.
func (s *server) from(address, credentials string) *caller {
	transport := &http.Transport{DialContext: dialer(address).DialContext, MaxIdleConnsPerHost: 64, DisableCompression: true}
	s.Cleanup(transport.CloseIdleConnections)
	return &caller{server: s, credentials: credentials, http: &http.Client{Transport: transport}}
}

func dialer(address string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: callTimeout}
}

// call sends a body, which is nil, a reader, or what marshals to JSON, and reads the whole answer.
func (c *caller) call(ctx context.Context, method, path string, body any) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case io.Reader:
		r = b
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return 0, nil, err
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.server.address+path, r)
	if err != nil {
		return 0, nil, err
	}
	if c.credentials != "" {
		req.Header.Set("Authorization", "Bearer "+c.credentials)
	}
	if c.actor != "" {
		req.Header.Set("Grantway-Actor", c.actor)
	}
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// ask is call where anything but success is an error.
func (c *caller) ask(ctx context.Context, method, path string, body, answer any) error {
	status, text, err := c.call(ctx, method, path, body)
	switch {
	case err != nil:
		return err
	case status >= http.StatusMultipleChoices:
		return fmt.Errorf("%s %s: %d %s", method, path, status, text[:min(len(text), 200)])
	case answer == nil:
		return nil
	}
	return json.Unmarshal(text, answer)
}

// must makes a call that has to succeed.
func (c *caller) must(t testing.TB, method, path string, body any) (answer map[string]any) {
	t.Helper()
	require.NoError(t, c.ask(t.Context(), method, path, body, &answer))
	return answer
}

// imports imports rows, all of which have to be good.
func (c *caller) imports(t testing.TB, rows []object) {
	t.Helper()
	var text bytes.Buffer
	for _, row := range rows {
		require.NoError(t, json.NewEncoder(&text).Encode(row))
	}
	status, answer, err := c.call(t.Context(), "POST", "/v1/imports?format=jsonl", &text)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s", answer)
	require.Contains(t, string(answer), `"refused":false`)
}

// object is JSON.
type object map[string]any
