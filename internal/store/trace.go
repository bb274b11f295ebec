package store

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// traced makes a span of a transaction within the call that ctx is about, if that is traced. The span says what failed by its status alone.
func traced(ctx context.Context, name string, do func(context.Context) error) error {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return do(ctx)
	}
	ctx, span := parent.TracerProvider().Tracer("github.com/grantway/grantway/internal/store").Start(ctx, "store "+name,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("db.operation.name", name)))
	defer span.End()
	err := do(ctx)
	if err != nil {
		span.SetStatus(codes.Error, "")
	}
	return err
}

// countWork says in the span of a transaction how many statements it has run, and how many rows it has read.
func countWork(ctx context.Context, tx *Tx) {
	trace.SpanFromContext(ctx).SetAttributes(attribute.Int("db.response.returned_rows", tx.rows), attribute.Int("grantway.store.statements", tx.ran))
}
