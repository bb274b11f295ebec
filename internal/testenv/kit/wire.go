package kit

import (
	"context"

	"google.golang.org/grpc"
)

// Wire is the connection to an engine, which a test can cut, and on which it can count.
type Wire struct {
	grpc.ClientConnInterface
	Cut   func(method string) error        // fails a call before it is made; nil while the engine answers
	Asked func(method string, request any) // hears of every call that is made, of a stream without its request; nil while nobody counts
}

// Invoke makes a call, unless it is cut.
func (w *Wire) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if w.Cut != nil {
		if err := w.Cut(method); err != nil {
			return err
		}
	}
	if w.Asked != nil {
		w.Asked(method, args)
	}
	return w.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

// NewStream begins a stream, which is never cut.
func (w *Wire) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if w.Asked != nil {
		w.Asked(method, nil)
	}
	return w.ClientConnInterface.NewStream(ctx, desc, method, opts...)
}
