package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/loopback"
)

const rootKey = "crash-test-root-key-0123456789abcdef"

// process is a server that can be killed.
type process struct {
	t   *testing.T
	url string
	cmd *exec.Cmd
	log bytes.Buffer
}

// start runs the program on the data directory and waits until it answers.
func start(t *testing.T, data string, flags ...string) *process {
	t.Helper()
	return startAt(t, &backend.Place{Data: data}, flags...)
}

// startAt runs the program on what is at the place and waits until it answers.
func startAt(t *testing.T, place *backend.Place, flags ...string) *process {
	t.Helper()
	address, release, err := loopback.Reserve()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, release()) })
	p := &process{t: t, url: "http://" + address}
	p.cmd = exec.Command(os.Args[0], slices.Concat([]string{"serve", "--listen", address}, place.Flags(), flags)...)
	p.cmd.Env = slices.Concat(os.Environ(), []string{serveInstead + "=1", "GRANTWAY_ROOT_KEY=" + rootKey}, place.Environment())
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	require.NoError(t, p.cmd.Start())
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if resp, err := http.Get(p.url + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return p
			}
		}
		if time.Now().After(deadline) {
			p.kill()
			t.Fatalf("the server does not answer:\n%s", p.log.String())
		}
	}
}

// kill ends the process as a power cut would end it, as far as the process is concerned.
func (p *process) kill() {
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGKILL))
	_ = p.cmd.Wait() // it tells of the signal
}

// call sends a request as the root key. An error is a call that was not answered.
func (p *process) call(ctx context.Context, method, path, contentType, body string) (int, []byte, error) {
	return p.send(ctx, "", method, path, contentType, body)
}

// callAs sends JSON as the root key that acts for the user, or for itself where that is "".
func (p *process) callAs(ctx context.Context, user, method, path, body string) (int, []byte, error) {
	return p.send(ctx, user, method, path, "application/json", body)
}

func (p *process) send(ctx context.Context, user, method, path, contentType, body string) (int, []byte, error) {
	return p.sendWith(ctx, rootKey, user, method, path, contentType, body)
}

func (p *process) sendWith(ctx context.Context, key, user, method, path, contentType, body string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, bytes.NewBufferString(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", contentType)
	if user != "" {
		req.Header.Set("Grantway-Actor", user)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, data, err
}

// must sends a request that has to succeed.
func (p *process) must(method, path, body string) []byte {
	p.t.Helper()
	status, data, err := p.call(context.Background(), method, path, "application/json", body)
	require.NoError(p.t, err)
	require.Less(p.t, status, 300, "%s %s: %s", method, path, data)
	return data
}

// decisions asks for every action of actions about each pair, in order.
func (p *process) decisions(pairs []pair, actions []string) [][]bool {
	p.t.Helper()
	return p.decisionsIn(map[string]any{}, pairs, actions)
}

// decisionsIn is decisions, with the context of each question.
func (p *process) decisionsIn(context map[string]any, pairs []pair, actions []string) [][]bool {
	p.t.Helper()
	type entity map[string]any
	out := make([][]bool, len(pairs))
	for start := 0; start < len(pairs); start += 100 {
		chunk := pairs[start:min(start+100, len(pairs))]
		var evaluations []entity
		for _, x := range chunk {
			for _, a := range actions {
				evaluations = append(evaluations, entity{
					"subject": entity{"type": "user", "id": x.user}, "action": entity{"name": a}, "resource": entity{"type": "chatbot", "id": x.bot},
				})
			}
		}
		body, err := json.Marshal(entity{"context": context, "evaluations": evaluations})
		require.NoError(p.t, err)
		var answer struct {
			Evaluations []struct {
				Decision bool
				Context  struct{ Error any }
			}
		}
		data := p.must("POST", "/access/v1/evaluations", string(body))
		require.NoError(p.t, json.Unmarshal(data, &answer))
		require.Len(p.t, answer.Evaluations, len(evaluations), "%s", data)
		for _, e := range answer.Evaluations {
			require.Nil(p.t, e.Context.Error, "one was not decided: %s", data)
		}
		for i := range chunk {
			for j := range actions {
				out[start+i] = append(out[start+i], answer.Evaluations[i*len(actions)+j].Decision)
			}
		}
	}
	return out
}

// pair is one share: a user on a chatbot.
type pair struct{ bot, user string }

func (x pair) path() string { return fmt.Sprintf("/v1/chatbots/%s/shares/user:%s", x.bot, x.user) }
