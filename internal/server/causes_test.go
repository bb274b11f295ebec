package server

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/secret"
)

func onFiles(t *testing.T) Config {
	return Config{Data: t.TempDir(), Listen: "127.0.0.1:0", RootKey: "the-root-key-of-the-test-0123456789", Log: slog.New(slog.DiscardHandler)}
}

// A wrong hash key is reported before the engine is brought to the state of the store, which takes long where much waits in the outbox.
func TestAWrongHashKeyIsReportedBeforeTheOutboxIsCarried(t *testing.T) {
	c := onFiles(t)
	s, err := Open(t.Context(), c)
	require.NoError(t, err)
	require.NoError(t, s.Close())

	var asked atomic.Int64
	c.dial = []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			asked.Add(1)
			return invoke(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			asked.Add(1)
			return stream(ctx, desc, cc, method, opts...)
		}),
	}
	s, err = Open(t.Context(), c)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NotZero(t, asked.Swap(0), "the calls of the engine are counted")

	c.HashKey = secret.NewHashKey()
	_, err = Open(t.Context(), c)
	require.ErrorContains(t, err, "hashed with another key")
	require.Zero(t, asked.Load())
}

// Behind a proxy the server cannot know its own address.
func TestAServerBehindAProxySaysThatItNeedsItsPublicURL(t *testing.T) {
	for _, given := range []string{"", "https://grantway.example.com"} {
		c := onFiles(t)
		var log strings.Builder
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		c.TrustedProxies, c.PublicURL = []string{"10.0.0.0/8"}, given
		require.NoError(t, c.check())
		require.Equal(t, given == "", strings.Contains(log.String(), "set --public-url"), log.String())
	}
}
