// Package faults stands between a server and its SpiceDB, for tests in which SpiceDB fails: it forwards calls, and fails those that a test selects.
package faults

import (
	"context"
	"errors"
	"io"
	"net"
	"path"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Engine looks like a SpiceDB.
type Engine struct {
	address string
	behind  grpc.ClientConnInterface

	mu      sync.Mutex
	fails   map[string]failure // by method, such as CheckPermission; "" is all methods
	parents []string
}

type failure struct {
	code  codes.Code
	after int
}

// New puts one before a real engine, until the test ends.
func New(t testing.TB, behind grpc.ClientConnInterface) *Engine {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	e := &Engine{address: socket.Addr().String(), behind: behind, fails: map[string]failure{}}
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(e.serve))
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(socket) })
	t.Cleanup(func() {
		server.Stop()
		running.Wait()
	})
	return e
}

// Address is host:port where it answers, without TLS.
func (e *Engine) Address() string { return e.address }

// Fail makes calls of the method, or of all methods for "", fail with the code, after so many messages of their answers.
func (e *Engine) Fail(method string, code codes.Code, after int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails[method] = failure{code, after}
}

// Heal makes all calls succeed again.
func (e *Engine) Heal() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.fails)
}

// Parents are the traces that calls came with, as they said in traceparent.
func (e *Engine) Parents() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string{}, e.parents...)
}

// failureOf is how the call is to fail, if it is.
func (e *Engine) failureOf(method string, sent metadata.MD) (failure, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.parents = append(e.parents, sent.Get("traceparent")...)
	f, fails := e.fails[path.Base(method)]
	if !fails {
		f, fails = e.fails[""]
	}
	return f, fails
}

func (e *Engine) serve(_ any, near grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(near)
	sent, _ := metadata.FromIncomingContext(near.Context())
	f, fails := e.failureOf(method, sent)
	if fails && f.after == 0 {
		return status.Error(f.code, "it was told to fail")
	}
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(near.Context(), sent))
	defer cancel()
	far, err := e.behind.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method, grpc.ForceCodec(raw{}))
	if err != nil {
		return err
	}
	go func() {
		for {
			var message frame
			if err := near.RecvMsg(&message); err != nil {
				_ = far.CloseSend()
				return
			}
			if far.SendMsg(&message) != nil {
				return
			}
		}
	}()
	for n := 0; ; n++ {
		if fails && n == f.after {
			return status.Error(f.code, "it was told to fail")
		}
		var message frame
		switch err := far.RecvMsg(&message); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := near.SendMsg(&message); err != nil {
			return err
		}
	}
}

// frame is a message that is passed on as it is.
type frame []byte

type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) ([]byte, error) { return *v.(*frame), nil }

func (raw) Unmarshal(data []byte, v any) error {
	*v.(*frame) = append(frame{}, data...)
	return nil
}
