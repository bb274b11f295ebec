package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/grantway/grantway/internal/telemetry"
)

const minted = "gw_0vXnQvWcVf1q_2H9mQF1k0Y7cX3bV5nM8aL6sD4fG1jK2lZ9xC7vBabc"

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"user:alice@acme.example may not":   "user:…@… may not",
		"/v1/users/a.b%2Bc%40acme.com/x":    "/v1/users/…@…/x",
		"<zoë@bücher.example>":              "<…@…>",
		"bob@localhost, cy@x.org":           "…@…, …@…",
		"key " + minted + " of":             "key gw_0vXnQvWcVf1q_… of",
		"nothing to see: 12 @ 3, x:y#z@":    "nothing to see: 12 @ 3, x:y#z@",
		"dial tcp 127.0.0.1:50051: refused": "dial tcp 127.0.0.1:50051: refused",
	} {
		require.Equal(t, want, telemetry.Redact(text))
	}
}

type person struct{ Email string }

func (p person) LogValue() slog.Value { return slog.GroupValue(slog.String("email", p.Email)) }

func TestLog(t *testing.T) {
	var text bytes.Buffer
	log := slog.New(telemetry.Log(slog.NewJSONHandler(&text, nil)))
	log = log.With("with", "a@private.example").WithGroup("g")
	log.Info("b@private.example", "s", "c@private.example", "e", fmt.Errorf("d@private.example: %w", errors.New(minted)), "p", person{"e@private.example"},
		"any", []string{"f@private.example"}, slog.Group("in", "g", "g@private.example"), "n", 7, "d", time.Second, "nil", nil)
	require.NotContains(t, text.String(), "private.example")
	require.NotContains(t, text.String(), "2H9mQF1k0Y7")
	for _, kept := range []string{`"n":7`, `"d":1000000000`, `"nil":null`, `"with":"…@…"`} {
		require.Contains(t, text.String(), kept)
	}
}

// A span keeps what tells of the call, and nothing that tells of people, wherever somebody puts it.
func TestSpans(t *testing.T) {
	kept := &exporter{tracetest.NewInMemoryExporter()}
	traces, err := telemetry.NewTraces(t.Context(), kept, "v1")
	require.NoError(t, err)
	h := traces.Handler("/v1/users/{user}", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		span := trace.SpanFromContext(r.Context())
		span.SetAttributes(attribute.String("enduser.id", "a@private.example"))
		span.RecordError(errors.New("a@private.example"))
		span.SetStatus(codes.Error, "a@private.example")
		span.AddLink(trace.Link{SpanContext: span.SpanContext(), Attributes: []attribute.KeyValue{attribute.String("of", "a@private.example")}})
	}))
	r := httptest.NewRequest(http.MethodGet, "/v1/users/a@private.example?email=b@private.example", nil)
	r.Header.Set("User-Agent", "c@private.example")
	h.ServeHTTP(httptest.NewRecorder(), r)
	require.NoError(t, traces.Close(t.Context()))
	spans := kept.GetSpans()
	require.Len(t, spans, 1)
	require.Equal(t, "GET /v1/users/{user}", spans[0].Name)
	require.Contains(t, spans[0].Attributes, attribute.String("http.request.method", "GET"))
	require.Equal(t, sdktrace.Status{Code: codes.Error}, spans[0].Status)
	require.NotContains(t, fmt.Sprintf("%+v", spans), "private.example")
	require.NotContains(t, fmt.Sprintf("%+v", spans), "192.0.2.1", "the address of the caller")
}

// exporter keeps what it has when it is shut down.
type exporter struct{ *tracetest.InMemoryExporter }

func (exporter) Shutdown(context.Context) error { return nil }

func TestTracesAreOffUnlessAskedFor(t *testing.T) {
	for _, name := range []string{"OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_SDK_DISABLED"} {
		t.Setenv(name, "")
	}
	off, err := telemetry.Exporter(t.Context())
	require.NoError(t, err)
	require.Nil(t, off)
	none, err := telemetry.NewTraces(t.Context(), nil, "v1")
	require.NoError(t, err)
	require.Nil(t, none.Dial())
	require.Nil(t, none.Handler("/", nil))
	require.NoError(t, none.Close(t.Context()))

	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	on, err := telemetry.Exporter(t.Context())
	require.NoError(t, err)
	require.NotNil(t, on)
	require.NoError(t, on.Shutdown(t.Context()))
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "pigeon")
	_, err = telemetry.Exporter(t.Context())
	require.ErrorContains(t, err, "http/protobuf or grpc")
	t.Setenv("OTEL_TRACES_EXPORTER", "none")
	off, err = telemetry.Exporter(t.Context())
	require.NoError(t, err)
	require.Nil(t, off)
}
