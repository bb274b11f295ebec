package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/spice/embedded"
)

const rootKey = "a-key-of-my-own-for-this-test"

func config(t *testing.T) server.Config {
	return server.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", RootKey: rootKey, Log: slog.New(slog.DiscardHandler)}
}

// do sends a call with the root key and returns its status and body.
func do(t *testing.T, h http.Handler, method, path, body string) (int, string) {
	t.Helper()
	return doAs(t, h, rootKey, method, path, body)
}

// doAs sends a call with the key.
func doAs(t *testing.T, h http.Handler, key, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

const mayAliceInteract = `{"subject":{"type":"user","id":"alice"},"action":{"name":"interact"},"resource":{"type":"chatbot","id":"helper"}}`

// helper makes a chatbot that alice owns.
func helper(t *testing.T, h http.Handler) {
	t.Helper()
	for _, call := range [][2]string{
		{"/v1/users/alice", `{"type":"internal"}`},
		{"/v1/organizations/acme", `{"owner":"alice"}`},
		{"/v1/chatbots/helper", `{"organization":"acme","owner":"alice"}`},
	} {
		status, answer := do(t, h, http.MethodPut, call[0], call[1])
		require.Less(t, status, 300, answer)
	}
}

func TestOpenAndReopen(t *testing.T) {
	c := config(t)
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	require.Empty(t, s.RootKey(), "a key of one's own is not printed")
	helper(t, s.Handler())
	_, answer := do(t, s.Handler(), http.MethodPost, "/access/v1/evaluation", mayAliceInteract)
	require.JSONEq(t, `{"decision":true}`, answer)

	_, err = server.Open(t.Context(), c)
	require.Error(t, err, "the files are in use")
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())

	s, err = server.Open(t.Context(), c)
	require.NoError(t, err)
	_, answer = do(t, s.Handler(), http.MethodPost, "/access/v1/evaluation", mayAliceInteract)
	require.JSONEq(t, `{"decision":true}`, answer)
	require.NoError(t, s.Close())
}

// Both files are their owner's only.
func TestDataIsPrivate(t *testing.T) {
	c := config(t)
	c.Data = filepath.Join(c.Data, "made")
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	info, err := os.Stat(c.Data)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	files, err := os.ReadDir(c.Data)
	require.NoError(t, err)
	for _, file := range files {
		info, err := file.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file.Name())
	}
}

// What a trusted proxy says about where a call comes from counts for the allowed ranges (B4) and is recorded (H1).
func TestTrustedProxies(t *testing.T) {
	c := config(t)
	c.TrustedProxies = []string{"192.0.2.0/24"} // where the calls of tests come from
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	helper(t, s.Handler())
	rename := func(forwarded string) (int, string) {
		r := httptest.NewRequest(http.MethodPut, "/v1/organizations/acme", strings.NewReader(`{"name":"by `+forwarded+`","allowed_ips":["198.51.100.0/24"]}`))
		r.Header.Set("Authorization", "Bearer "+rootKey)
		r.Header.Set("Grantway-Actor", "alice")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Forwarded-For", forwarded)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	status, answer := rename("203.0.113.1")
	require.Equal(t, http.StatusUnprocessableEntity, status, "it would lock its author out: %s", answer)
	status, answer = rename("198.51.100.7")
	require.Equal(t, http.StatusOK, status, answer)
	for _, elsewhere := range []string{"203.0.113.1", "198.51.100.7, 203.0.113.1", "198.51.100.7, unknown"} {
		status, answer = rename(elsewhere)
		require.Equal(t, http.StatusForbidden, status, answer)
		require.Contains(t, answer, `"rule":"B4"`)
	}
	require.NoError(t, s.Close())

	c.TrustedProxies = []string{"192.0.2.0/33"}
	_, err = server.Open(t.Context(), c)
	require.ErrorContains(t, err, "--trusted-proxies")
}

// A SpiceDB elsewhere takes the place of the embedded engine.
func TestRemoteEngine(t *testing.T) {
	engine, err := embedded.Start(t.Context(), embedded.Config{
		Path: filepath.Join(t.TempDir(), "engine.db"), Listen: "127.0.0.1:0", Token: "secret", Writable: true, SchemaWritable: true,
	})
	require.NoError(t, err)
	c := config(t)
	c.SpiceDBEndpoint, c.SpiceDBToken, c.SpiceDBInsecure = engine.Addr(), "secret", true
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	helper(t, s.Handler())
	_, answer := do(t, s.Handler(), http.MethodPost, "/access/v1/evaluation", mayAliceInteract)
	require.JSONEq(t, `{"decision":true}`, answer)
	require.NoFileExists(t, filepath.Join(c.Data, "engine.db"))
	require.NoError(t, s.Close())

	// Another installation does not write over it.
	other := c
	other.Data = t.TempDir()
	_, err = server.Open(t.Context(), other)
	require.ErrorContains(t, err, "another installation")

	// A wrong token, and nobody there.
	c.SpiceDBToken = "guess"
	_, err = server.Open(t.Context(), c)
	require.ErrorContains(t, err, "the SpiceDB at "+engine.Addr())
	require.NoError(t, engine.Close())
	_, err = server.Open(t.Context(), c)
	require.ErrorContains(t, err, "the SpiceDB at "+c.SpiceDBEndpoint+" does not answer")
}

// A server that is told to stop finishes the calls that are under way, and TLS carries HTTP/2.
func TestRunFinishesCalls(t *testing.T) {
	c := config(t)
	pool := certificate(t, &c)
	ctx, stop := context.WithCancel(t.Context())
	started, ended := make(chan server.Started, 1), make(chan error, 1)
	go func() { ended <- server.Run(ctx, c, func(s server.Started) { started <- s }) }()
	var at server.Started
	select {
	case at = <-started:
	case err := <-ended:
		t.Fatal(err)
	}
	require.True(t, strings.HasPrefix(at.URL, "https://127.0.0.1:"), at.URL)

	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "grantway.test"}, ForceAttemptHTTP2: true, ExpectContinueTimeout: time.Minute,
	}}
	slow, feed := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at.URL+"/access/v1/evaluation", slow)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+rootKey)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Expect", "100-continue") // the body is not sent before the server reads it, so that the call is under way then
	answered := make(chan *http.Response, 1)
	go func() {
		resp, err := client.Do(request) //nolint:bodyclose // closed below, where it is received
		if err != nil {
			t.Error(err)
		}
		answered <- resp
	}()
	_, err = feed.Write([]byte(mayAliceInteract[:10]))
	require.NoError(t, err)
	stop()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(at.URL, "https://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 5*time.Second, 10*time.Millisecond, "no new calls are taken")
	_, err = feed.Write([]byte(mayAliceInteract[10:]))
	require.NoError(t, err)
	require.NoError(t, feed.Close())
	resp := <-answered
	require.NotNil(t, resp)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
	require.Equal(t, 2, resp.ProtoMajor)
	require.NoError(t, <-ended)
}

// certificate makes a certificate for grantway.test, puts it into the configuration, and returns what trusts it.
func certificate(t *testing.T, c *server.Config) *x509.CertPool {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"grantway.test"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	c.TLSCert, c.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		c.TLSCert: {Type: "CERTIFICATE", Bytes: der}, c.TLSKey: {Type: "PRIVATE KEY", Bytes: private},
	} {
		var text bytes.Buffer
		require.NoError(t, pem.Encode(&text, block))
		require.NoError(t, os.WriteFile(path, text.Bytes(), 0o600))
	}
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}
