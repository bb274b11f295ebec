package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/plain"
	"github.com/grantway/grantway/internal/testenv/postgres"
	"github.com/grantway/grantway/internal/testenv/worlds"
)

// credentials is what people have in their hands when a server moves.
type credentials struct {
	keys    map[string]string // secrets of chatbots' keys that have not expired, by the ID of their chatbot
	account string            // the secret of an account key
}

// settle writes a random world of several hundred facts of every kind into the data directory of a server that does not run.
func settle(t *testing.T, data, hashKey string, seed uint64) (*plain.World, credentials) {
	t.Helper()
	w := plain.Generate(rand.New(rand.NewPCG(seed, 0)), plain.Size{Users: 50, Organizations: 5, Chatbots: 25})
	worlds.Ordinary(w)
	for i := range w.Organizations {
		w.Organizations[i].AllowedIPs = nil // the calls of the test come from one address
	}
	hasher, err := secret.ParseHasher(hashKey)
	require.NoError(t, err)
	held := credentials{keys: map[string]string{}}
	require.NoError(t, os.MkdirAll(data, 0o700))
	db, err := store.Open(t.Context(), filepath.Join(data, "store.db"))
	require.NoError(t, err)
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		if err := worlds.Put(tx, w); err != nil {
			return err
		}
		for _, k := range w.APIKeys {
			minted := hasher.NewChatbotKey()
			k.ID, k.Preview, k.CreatedBy, k.CreatorLostDeploy = minted.ID, minted.Preview, "key:root", false
			if !k.ExpiredAt(time.Now()) {
				held.keys[string(k.Chatbot)] = minted.Text
			}
			if err := tx.AddAPIKey(k, minted.Digest); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, db.Close())
	return w, held
}

// hand makes what a running server alone can make: account keys, public links, a request and an invitation.
func (held *credentials) hand(p *process, w *plain.World) {
	p.t.Helper()
	var key struct{ Secret string }
	require.NoError(p.t, json.Unmarshal(p.must("POST", "/v1/keys", `{"name": "portal", "access": "full"}`), &key))
	held.account = key.Secret
	for _, b := range w.Chatbots {
		if b.PublicMode != access.AudienceNone {
			p.must("POST", testenv.Path("v1", "chatbots", string(b.ID), "public-access", "rotate"), "")
		}
	}
	p.must("POST", testenv.Path("v1", "organizations", string(w.Organizations[0].ID), "invitations"), `{"email": "newcomer@acme.com", "role": "member"}`)
}

// asks presents the secret of a chatbot's key and asks for an action that every key has.
func (p *process) asks(bot, key string) bool {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{
		"subject": map[string]any{"type": "api_key", "id": key}, "action": map[string]any{"name": "interact"},
		"resource": map[string]any{"type": "chatbot", "id": bot}, "context": map[string]any{"ip": "192.0.2.9"},
	})
	require.NoError(p.t, err)
	var answer struct{ Decision bool }
	require.NoError(p.t, json.Unmarshal(p.must("POST", "/access/v1/evaluation", string(body)), &answer))
	return answer.Decision
}

// command runs the program once, for the server, and gives what it printed and its exit status.
func (p *process) command(args ...string) (string, int) {
	p.t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), serveInstead+"=1", "GRANTWAY_KEY="+rootKey, "GRANTWAY_SERVER="+p.url)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		require.NoError(p.t, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// TestMovingUp moves everything from an embedded server to another one, whose import is killed in its midst and repeated, and compares both.
func TestMovingUp(t *testing.T) {
	for name, to := range destinations(t) {
		t.Run(name, func(t *testing.T) { moveUp(t, to(t)) })
	}
}

func moveUp(t *testing.T, flags []string) {
	hashKey, seed := secret.NewHashKey(), seedOf(t)
	t.Setenv("GRANTWAY_HASH_KEY", hashKey)
	dir := t.TempDir()
	w, held := settle(t, filepath.Join(dir, "old"), hashKey, seed)
	old := start(t, filepath.Join(dir, "old"))
	defer old.kill()
	held.hand(old, w)
	everything := filepath.Join(dir, "everything.jsonl")
	said, status := old.command("export", "-o", everything)
	require.Zero(t, status, said)
	require.Contains(t, said, fmt.Sprintf("chatbot %d,", len(w.Chatbots)))
	lines, err := os.ReadFile(everything)
	require.NoError(t, err)

	// The new server dies while it imports. What it has written stays, and the import goes on where it was.
	data := filepath.Join(dir, "new")
	p := start(t, data, flags...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		_, _, _ = p.call(ctx, "POST", "/v1/imports?name=everything.jsonl", "application/jsonl", string(lines)) // it is not answered
	}()
	for users := 0; users == 0; time.Sleep(5 * time.Millisecond) {
		var list struct{ Items []struct{} }
		require.NoError(t, json.Unmarshal(p.must("GET", "/v1/chatbots?page_size=1", ""), &list))
		users = len(list.Items)
	}
	p.kill()
	<-killed
	p = start(t, data, flags...)
	defer func() { p.kill() }()
	said, status = p.command("compare", "--from", old.url, "--questions", "200")
	t.Logf("after the kill:\n%s", said)
	require.Contains(t, []int{0, 1}, status, said)
	said, status = p.command("import", everything)
	require.Zero(t, status, said)
	require.Contains(t, said, fmt.Sprintf("chatbot %d,", len(w.Chatbots)))
	require.Contains(t, said, " 0 rejected")

	said, status = p.command("compare", "--from", old.url, "--questions", "1500", "--seed", fmt.Sprint(seed))
	t.Log(said)
	require.Zero(t, status, said)
	require.Contains(t, said, "Both servers have the same hash key")
	require.Contains(t, said, "1500 answered alike")
	again, _ := p.command("compare", "--from", old.url, "--questions", "1500", "--seed", fmt.Sprint(seed))
	require.Equal(t, said, again, "the same seed asks the same")

	// Whoever has a key goes on using it.
	require.NotEmpty(t, held.keys)
	granted := 0
	for bot, key := range held.keys {
		was := old.asks(bot, key)
		require.Equal(t, was, p.asks(bot, key))
		if was {
			granted++
		}
	}
	require.Positive(t, granted)
	require.Equal(t, http.StatusOK, p.asKey(held.account, "/v1/keys"))
	require.Equal(t, http.StatusUnauthorized, p.asKey(held.account[:len(held.account)-1]+"x", "/v1/keys"))

	// Facts more or less on one side are seen. Of one chatbot nothing may be allowed to anybody.
	var gone []string
	for _, bot := range w.Chatbots[:10] {
		p.must("DELETE", testenv.Path("v1", "chatbots", string(bot.ID)), "")
		gone = append(gone, regexp.QuoteMeta(string(bot.ID)))
	}
	said, status = p.command("compare", "--from", old.url, "--questions", "1500", "--seed", fmt.Sprint(seed))
	require.Equal(t, 1, status, said)
	require.Regexp(t, `chatbot  differs`, said)
	require.Regexp(t, `allowed there, denied here: .*(`+strings.Join(gone, "|")+`)`, said)
}

// asKey lists something with a key and gives the status.
func (p *process) asKey(key, path string) int {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, nil)
	require.NoError(p.t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	return resp.StatusCode
}

// TestMovingToAnotherHashKeyIsTold: nobody's key would work, so nothing is written before that is wanted.
func TestMovingToAnotherHashKeyIsTold(t *testing.T) {
	dir := t.TempDir()
	hashKey := secret.NewHashKey()
	t.Setenv("GRANTWAY_HASH_KEY", hashKey)
	_, held := settle(t, filepath.Join(dir, "old"), hashKey, 7)
	old := start(t, filepath.Join(dir, "old"))
	defer old.kill()
	everything := filepath.Join(dir, "everything.jsonl")
	said, status := old.command("export", "-o", everything)
	require.Zero(t, status, said)

	t.Setenv("GRANTWAY_HASH_KEY", secret.NewHashKey())
	p := start(t, filepath.Join(dir, "new"))
	defer p.kill()
	said, status = p.command("import", everything)
	require.Equal(t, 2, status)
	require.Contains(t, said, "made with a hash key that this server does not have")
	require.Contains(t, said, "nothing was written")
	require.JSONEq(t, `{"items": [], "next_page_token": ""}`, string(p.must("GET", "/v1/chatbots", "")))

	said, status = p.command("import", everything, "--skip-invalid", "--rejects", filepath.Join(dir, "rejects.jsonl"))
	require.Zero(t, status, said)
	require.Contains(t, said, " 1 rejected")
	said, status = p.command("compare", "--from", old.url, "--questions", "500")
	require.Zero(t, status, "the facts are the same: %s", said)
	require.Contains(t, said, "The hash keys DIFFER")
	for bot, key := range held.keys {
		require.False(t, p.asks(bot, key))
	}
}

// destinations are what a server can move to: embedded always, and the others where there is one.
func destinations(t *testing.T) map[string]func(*testing.T) []string {
	t.Helper()
	return map[string]func(*testing.T) []string{
		"embedded":   func(*testing.T) []string { return nil },
		"PostgreSQL": func(t *testing.T) []string { return []string{"--datastore-uri", postgres.Database(t)} },
	}
}
