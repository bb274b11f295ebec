package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAServerThatIsToldToStopFinishes sends the signal that a service manager sends while a call is under way: balancers are told first, what
// was begun is answered and kept, and nothing new is begun.
func TestAServerThatIsToldToStopFinishes(t *testing.T) {
	data := t.TempDir()
	p := start(t, data, "--stop-delay", "1s", "--stop-timeout", "30s")
	rest, finish := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.url+"/v1/users/alice", rest)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+rootKey)
	req.Header.Set("Content-Type", "application/json")
	answered := make(chan int, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			answered <- 0
			return
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		answered <- resp.StatusCode
	}()
	_, err = io.WriteString(finish, `{"name":`)
	require.NoError(t, err)
	get := func(path string) (int, string) {
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(p.url + path)
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	require.Eventually(t, func() bool {
		_, figures := get("/metrics")
		return strings.Contains(figures, `grantway_calls_at_work{work="buffers"} 1`)
	}, 10*time.Second, 10*time.Millisecond)

	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool {
		status, text := get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, `"stopping"`)
	}, time.Second, 10*time.Millisecond, "balancers are told first")
	status, _ := get("/healthz")
	require.Equal(t, http.StatusOK, status, "it is alive")
	p.must(http.MethodPut, "/v1/users/bob", `{}`)
	require.Eventually(t, func() bool { status, _ := get("/healthz"); return status == 0 }, 10*time.Second, 10*time.Millisecond, "nothing new is begun")
	select {
	case status := <-answered:
		t.Fatalf("the call that was under way has been answered with %d before its body ended", status)
	default:
	}
	_, err = io.WriteString(finish, `"Alice"}`)
	require.NoError(t, err)
	require.NoError(t, finish.Close())
	require.Equal(t, http.StatusOK, <-answered)
	require.NoError(t, p.cmd.Wait(), p.log.String())

	again := start(t, data)
	defer again.kill()
	for user, name := range map[string]string{"alice": `"Alice"`, "bob": `""`} {
		require.Contains(t, string(again.must(http.MethodGet, "/v1/users/"+user, "")), `"name":`+name)
	}
}

// TestACallThatDoesNotEndIsCutOff holds a stop to its time.
func TestACallThatDoesNotEndIsCutOff(t *testing.T) {
	p := start(t, t.TempDir(), "--stop-timeout", "300ms")
	rest, finish := io.Pipe()

	req, err := http.NewRequestWithContext(context.Background(), http.MethodPut, p.url+"/v1/users/alice", rest)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+rootKey)
	req.Header.Set("Content-Type", "application/json")
	failed := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		failed <- err
	}()
	_, err = io.WriteString(finish, `{`)
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.cmd.Wait(), p.log.String())
	require.Less(t, time.Since(began), 15*time.Second)
	require.NoError(t, finish.Close()) // the client does not notice before it has something to send
	require.Error(t, <-failed)
	require.Contains(t, p.log.String(), "calls were cut off")
}
