package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"google.golang.org/grpc"
)

// serviceName is what traces are found under where OTEL_SERVICE_NAME says nothing.
const serviceName = "grantway"

// Traces follows calls from their caller, through this server, to SpiceDB. A nil one follows nothing, and costs nothing.
//
// The provider is not made the global one: SpiceDB's own code would write the IDs of subjects and resources into its spans.
type Traces struct {
	provider *sdktrace.TracerProvider
	context  propagation.TraceContext // W3C traceparent, in and out
}

// Exporter is what the standard variables ask for, or nil where they ask for none: OTEL_TRACES_EXPORTER (otlp or none) and
// OTEL_EXPORTER_OTLP_…, of which an endpoint suffices.
func Exporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	first := func(names ...string) string {
		for _, name := range names {
			if value := os.Getenv(name); value != "" {
				return value
			}
		}
		return ""
	}
	exporter := os.Getenv("OTEL_TRACES_EXPORTER")
	if exporter == "" && first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") != "" {
		exporter = "otlp"
	}
	switch {
	case exporter == "" || exporter == "none" || os.Getenv("OTEL_SDK_DISABLED") == "true":
		return nil, nil
	case exporter != "otlp":
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER must be otlp or none, not %q", exporter)
	}
	switch protocol := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "", "http/protobuf":
		return otlptracehttp.New(ctx)
	case "grpc":
		return otlptracegrpc.New(ctx)
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or grpc, not %q", protocol)
	}
}

// NewTraces sends what it follows to the exporter. A nil exporter makes a nil Traces.
func NewTraces(ctx context.Context, exporter sdktrace.SpanExporter, version string) (*Traces, error) {
	if exporter == nil {
		return nil, nil
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName(serviceName), semconv.ServiceVersion(version)), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("cannot read the OTEL_ variables about the service: %w", err)
	}
	return &Traces{provider: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(discreetExporter{exporter}), sdktrace.WithResource(about),
	)}, nil
}

// Handler makes a span of each call of the route.
func (t *Traces) Handler(route string, h http.Handler) http.Handler {
	if t == nil {
		return h
	}
	return otelhttp.NewHandler(h, route, otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(t.context),
		otelhttp.WithSpanNameFormatter(func(route string, r *http.Request) string {
			if !slices.Contains(methods, r.Method) {
				return route
			}
			return r.Method + " " + route
		}))
}

// methods are those that a span may be named after; others are the caller's invention.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete}

// Dial makes a span of each call on a gRPC connection, and tells the other end of it.
func (t *Traces) Dial() []grpc.DialOption {
	if t == nil {
		return nil
	}
	return []grpc.DialOption{grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithTracerProvider(t.provider), otelgrpc.WithPropagators(t.context)))}
}

// Close sends what has not been sent.
func (t *Traces) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// shown are the attributes that a span keeps. The others, paths and addresses among them, may name people.
var shown = map[attribute.Key]bool{
	"http.request.method": true, "http.route": true, "http.response.status_code": true, "network.protocol.version": true, "url.scheme": true,
	"error.type": true, "rpc.system": true, "rpc.system.name": true, "rpc.service": true, "rpc.method": true, "rpc.grpc.status_code": true,
	"rpc.response.status_code": true, "db.system.name": true, "db.operation.name": true,
}

// discreetExporter leaves out of a span what may name people or hold a secret: attributes that are not shown, events, and what an error says.
type discreetExporter struct{ sdktrace.SpanExporter }

func (e discreetExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	clean := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		clean[i] = discreetSpan{s}
	}
	return e.SpanExporter.ExportSpans(ctx, clean)
}

type discreetSpan struct{ sdktrace.ReadOnlySpan }

func (s discreetSpan) Attributes() []attribute.KeyValue {
	return slices.DeleteFunc(slices.Clone(s.ReadOnlySpan.Attributes()), func(a attribute.KeyValue) bool { return !shown[a.Key] })
}

func (s discreetSpan) Events() []sdktrace.Event { return nil }

func (s discreetSpan) Links() []sdktrace.Link { return nil }

func (s discreetSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}
