package server_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
)

// receiver is a collector of traces.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []*tracepb.Span
	text  strings.Builder
}

func (r *receiver) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.WriteString(req.String())
	for _, resource := range req.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// named are the spans of the name in the trace.
func (r *receiver) named(trace, name string) (found []*tracepb.Span) {
	for _, s := range r.spans {
		if hex.EncodeToString(s.GetTraceId()) == trace && s.GetName() == name {
			found = append(found, s)
		}
	}
	return found
}

// What operators see of a call is its route, how long it took and what became of it, in one trace from its caller to SpiceDB, and never
// a secret, nor whom it was about.
func TestTelemetryTellsNoSecrets(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &receiver{}
	collecting := grpc.NewServer()
	collector.RegisterTraceServiceServer(collecting, r)
	go func() { _ = collecting.Serve(socket) }()
	t.Cleanup(collecting.Stop)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+socket.Addr().String())
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	t.Setenv("OTEL_SERVICE_NAME", "gateway-of-the-test")

	log := &testenv.Log{}
	h, engine := between(t, func(c *server.Config) {
		c.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Limits.StrangerRate = 0
	})
	const trace, alice, minted = "4bf92f3577b34da6a3ce929d0e0e4736", "alice.private@people.example", "gwbot_0vXnQvWcVf1q_2H9mQF1k0Y7cX3bV5nM8aL6sD4fG1jK2lZ9xC7vBabc"
	call := func(method, path, body string, header ...string) int {
		req := httptest.NewRequest(method, path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+rootKey)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
		req.Header.Set("User-Agent", "agent-of-"+alice)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Code
	}
	escaped := strings.ReplaceAll(alice, "@", "%40")
	require.Equal(t, 200, call("PUT", "/v1/users/"+escaped, `{"email":"`+alice+`","email_verified":true,"name":"Private Person"}`))
	require.Equal(t, 200, call("PUT", "/v1/chatbots/helper/shares/user:"+escaped, `{"access":"use_only"}`))
	require.Equal(t, 200, call("PUT", "/v1/chatbots/helper/shares/email:other.private@people.example", `{"access":"use_only"}`))
	question := strings.ReplaceAll(mayAliceInteract, "alice", alice)
	require.Equal(t, 200, call("POST", "/access/v1/evaluation", question))
	for _, path := range []string{"/v1/explain", "/access/v1/search/resource", "/access/v1/search/subject", "/access/v1/search/action", "/access/v1/evaluations"} {
		require.Equal(t, 200, call("POST", path, question), path)
	}
	require.Equal(t, 200, call("POST", "/access/v1/evaluation", strings.ReplaceAll(mayAliceInteract, `"user","id":"alice"`, `"api_key","id":"`+minted+`"`)))
	call("GET", "/v1/users?email="+escaped, "")
	call("GET", "/v1/users/"+escaped, "", "X-Request-ID", alice)
	call("GET", "/v1/users/"+minted, "", "X-Request-ID", minted)
	call("GET", "/"+alice+"?q="+minted, "")
	call("GET", "/v1/users", "", "Authorization", "Bearer "+minted)
	call("GET", "/v1/users", "", "Grantway-Actor", alice)
	call("PUT", "/v1/users/"+escaped, `{"wrong":"`+minted+alice+`"`)
	call("PRIVATE", "/v1/users/"+escaped, "")
	engine.Fail("", 14, 0)
	require.Equal(t, 503, call("POST", "/access/v1/evaluation", question))
	require.Equal(t, 503, call("PUT", "/v1/chatbots/helper/shares/user:"+escaped, `{"access":"read_only"}`))
	engine.Heal()
	_, figures := do(t, h, http.MethodGet, "/metrics", "")

	parents := strings.Join(engine.Parents(), " ")
	require.Contains(t, parents, trace, "SpiceDB is told of the trace")
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.named(trace, "POST /access/v1/evaluation")) >= 3 && len(r.named(trace, "PUT /v1/chatbots/{chatbot}/shares/{principal}")) >= 3
	}, 20e9, 20e6)
	r.mu.Lock()
	defer r.mu.Unlock()
	served := r.named(trace, "POST /access/v1/evaluation")[0]
	require.Equal(t, "00f067aa0ba902b7", hex.EncodeToString(served.GetParentSpanId()))
	var within []string
	for _, s := range r.spans {
		if bytes.Equal(s.GetParentSpanId(), served.GetSpanId()) {
			within = append(within, s.GetName())
			if s.GetName() == "authzed.api.v1.PermissionsService/CheckPermission" {
				require.Contains(t, parents, hex.EncodeToString(s.GetSpanId()), "the span that SpiceDB is told of is that of the call")
			}
		}
	}
	require.Contains(t, within, "store view")
	require.Contains(t, within, "authzed.api.v1.PermissionsService/CheckPermission")
	require.Contains(t, r.text.String(), "gateway-of-the-test")

	require.Contains(t, log.String(), `"trace_id":"`+trace+`"`)
	require.Contains(t, log.String(), `"route":"/v1/users/{user}"`)
	for where, text := range map[string]string{"log": log.String(), "metrics": figures, "traces": r.text.String()} {
		for _, private := range []string{"people.example", "private@", "private%40", "Private Person", minted[len(minted)-30:], rootKey, "PRIVATE"} {
			require.NotContains(t, text, private, where)
		}
	}
}
