package proxies_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/cli"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/proxies"
)

func TestMain(m *testing.M) { backend.Main(m) }

// installation is a server and what stands before it.
type installation struct {
	*testenv.Env
	front string // host:port that callers use
}

// installed starts a server that is to stand behind a proxy.
func installed(t *testing.T, trusted string) *installation {
	t.Helper()
	front := proxies.Reserve(t)
	return &installation{testenv.New(t, func(c *server.Config) {
		c.PublicURL, c.TrustedProxies = "http://"+front, []string{trusted}
		c.OIDCIssuer, c.OIDCAudience = "https://idp.example.com", []string{"grantway"} // whose tokens may be long
	}, testenv.Limited(func(l *server.Limits) { l.Call = 500 * time.Millisecond })), front}
}

// in is the same for another test.
func (i *installation) in(t *testing.T) *installation { return &installation{i.For(t), i.front} }

// upstream is where a proxy finds the server.
func (i *installation) upstream() string { return strings.TrimPrefix(i.URL, "http://") }

// doctor runs grantway doctor at the address, and gives its exit status, the verdicts by check, and what it says.
func doctor(t *testing.T, url string, flags ...string) (status int, verdicts map[string]string, said string) {
	t.Helper()
	var out, errs bytes.Buffer
	args := append([]string{"doctor", "--server", url, "--key", testenv.RootKey, "--output", "json"}, flags...)
	status = cli.Main(t.Context(), args, strings.NewReader(""), &out, &errs)
	require.Empty(t, errs.String())
	var report struct {
		Good     bool
		Findings []struct{ Check, Verdict, Says, Change string }
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	require.Equal(t, report.Good, status == 0)
	verdicts = map[string]string{}
	for _, f := range report.Findings {
		require.NotContains(t, verdicts, f.Check)
		require.True(t, f.Verdict == "good" || f.Change != "", "%s: %s", f.Check, f.Says)
		verdicts[f.Check] = f.Verdict
		if f.Verdict != "good" {
			said += f.Check + ": " + f.Says + " " + f.Change + "\n"
		}
	}
	return status, verdicts, said
}

// attack deletes a document whose ID somebody has made up, as a backend does that hands IDs on.
func (i *installation) attack() testenv.Answer {
	through := *i.Env
	through.URL = "http://" + i.front
	i.Admin().PutsUser("victim", map[string]any{})
	return through.Do(testenv.Call{Method: http.MethodDelete, Path: "/v1/documents/..%2Fusers%2Fvictim", Key: testenv.RootKey})
}

// TestDoctorFindsNothingWrongWithoutAProxy also keeps the doctor honest: what it calls good, the server does.
func TestDoctorFindsNothingWrongWithoutAProxy(t *testing.T) {
	i := installed(t, proxies.Address)
	status, verdicts, said := doctor(t, i.URL)
	require.Equal(t, map[string]string{"public URL": "wrong"}, but(verdicts, "good"), said)
	require.Equal(t, 1, status)
}

// but leaves out what is so.
func but(verdicts map[string]string, verdict string) map[string]string {
	rest := map[string]string{}
	for check, v := range verdicts {
		if v != verdict {
			rest[check] = v
		}
	}
	return rest
}

func TestDoctorFindsTheDeployedConfigurationsGood(t *testing.T) {
	for name, c := range map[string]struct {
		proxy   func(t testing.TB, address, upstream string)
		trusted string
		fault   string // a check that finds a fault of the proxy's, in some versions
	}{
		"nginx": {func(t testing.TB, address, upstream string) { proxies.Nginx(t, address, upstream) }, proxies.Address, ""},
		"caddy": {proxies.Caddy, proxies.Loopback, "broken answers"},
	} {
		t.Run(name, func(t *testing.T) {
			i := installed(t, c.trusted)
			c.proxy(t, i.front, i.upstream())
			status, verdicts, said := doctor(t, "http://"+i.front)
			require.Len(t, verdicts, 20)
			bad := but(verdicts, "good")
			delete(bad, c.fault)
			require.Empty(t, bad, said)
			require.Equal(t, status == 0, verdicts[c.fault] != "wrong")

			var p struct{ Type string }
			a := i.attack()
			require.NoError(t, json.Unmarshal(a.Body, &p))
			require.Equal(t, http.StatusBadRequest, a.Status)
			require.Equal(t, "urn:grantway:error:"+string(access.KindInvalid), p.Type)
			i.Admin().Sees("v1", "users", "victim")
		})
	}
}

// TestDoctorFindsWhatNginxChanges runs nginx as people configure it who do not know better.
func TestDoctorFindsWhatNginxChanges(t *testing.T) {
	i := installed(t, proxies.Address)
	for name, c := range map[string]struct {
		edits []proxies.Edit
		wrong []string // the checks that must be wrong, and no others
		says  string
	}{
		"a slash behind the host": {
			[]proxies.Edit{proxies.Replace(t, "proxy_pass http://grantway;", "proxy_pass http://grantway/;")},
			[]string{"slashes in IDs", "dot segments in IDs"}, "deletes the user alice",
		},
		"defaults": {
			[]proxies.Edit{
				proxies.Without(t, "client_max_body_size"), proxies.Without(t, "large_client_header_buffers"), proxies.Without(t, "proxy_http_version"),
				proxies.Without(t, "proxy_set_header"), proxies.Replace(t, "proxy_read_timeout 60s", "proxy_read_timeout 300ms"),
			},
			[]string{"length of imports", "length of headers", "HTTP version", "broken answers", "caller's address", "slow answers"}, "413",
		},
		"headers of callers believed": {
			[]proxies.Edit{proxies.Without(t, "X-Forwarded-For $remote_addr")},
			[]string{"caller's address"}, "everyone can choose their address",
		},
		"headers lost": {
			[]proxies.Edit{proxies.Replace(t, `proxy_set_header Connection "";`, `proxy_set_header Connection ""; proxy_set_header Grantway-Actor ""; proxy_set_header X-Request-ID $request_id;`)},
			[]string{"Grantway-Actor", "X-Request-ID"}, "made with all rights of the key",
		},
		"answers kept": {
			[]proxies.Edit{
				proxies.Replace(t, "upstream grantway {", "proxy_cache_path {dir}/cache levels=1 keys_zone=z:1m;\nupstream grantway {"),
				proxies.Replace(t, "proxy_pass", "proxy_cache z; proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control; proxy_pass"),
			},
			[]string{"caches"}, "answer to another call",
		},
		"not all forwarded": {
			[]proxies.Edit{proxies.Replace(t, "location / {", "location /.well-known { return 404; } location / { limit_except GET POST { deny all; }")},
			[]string{"AuthZEN metadata", "methods"}, "403",
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := i.in(t)
			proxies.Nginx(t, i.front, i.upstream(), c.edits...)
			status, verdicts, said := doctor(t, "http://"+i.front)
			found := []string{}
			for check, v := range verdicts {
				if v == "wrong" {
					found = append(found, check)
				}
			}
			require.ElementsMatch(t, c.wrong, found, said)
			require.Contains(t, said, c.says)
			require.Equal(t, 1, status)
		})
	}
}
