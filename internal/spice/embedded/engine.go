package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/authzed/spicedb/pkg/cmd/server"
	"github.com/authzed/spicedb/pkg/cmd/util"
	"github.com/authzed/spicedb/pkg/datastore"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/spice/sqlite"
)

// Limits and sizes of the engine. All others are SpiceDB's defaults.
const (
	// maxUpdatesPerWrite is how many updates one WriteRelationships may have.
	// SpiceDB's default is 1,000.
	maxUpdatesPerWrite = 10_000
	// maxCaveatContext and maxRelationshipContext limit what a caveat is given, in
	// bytes: in a request, and in a relationship.
	maxCaveatContext       = 4096
	maxRelationshipContext = 25_000
	// streamingTimeout ends a stream on which the engine has sent nothing for so
	// long. An import is answered once, at its end.
	streamingTimeout = 10 * time.Minute
	// gracePeriod is how long requests that are under way may take after Close.
	gracePeriod = 5 * time.Second
	// maxMessage is the largest answer that is accepted from the engine, in bytes.
	maxMessage = 64 << 20

	// Limits of one connection from outside the process, in streams, in bytes of a
	// message and of all headers of a call, and how long it may take to greet, be
	// idle, and leave a ping without an answer.
	maxStreams  = 100
	maxRequest  = 4 << 20
	maxHeaders  = 64 << 10
	greetWithin = 10 * time.Second
	idleAfter   = 15 * time.Minute
	pingAfter   = time.Minute
	pingWithin  = 20 * time.Second
	// minPing is how often clients may ping at most.
	minPing = 10 * time.Second
	// defaultConnections is the MaxConnections of a Config that has none.
	defaultConnections = 256

	// The caches take 256 MiB together when they are full.
	dispatchCache = "160MiB"
	schemaCache   = "32MiB"
	lookupCache   = "32MiB"
)

// A Config says where an engine keeps its data and how it can be reached.
type Config struct {
	// Path is the SQLite file. It is created if it does not exist; its directory
	// must exist.
	Path string
	// URI is the database that is used where there is no Path, in its schema
	// "public", and Database says what that is: "postgres" or "cockroachdb".
	URI, Database string
	// Listen is the address, such as "127.0.0.1:50051", at which the gRPC API is
	// offered outside this process, without TLS. Empty means not at all.
	Listen string
	// Token is what clients at that address must send as a bearer token. It must
	// be set if Listen is.
	Token string
	// Writable lets those clients change relationships. Otherwise they can only
	// read, and get PERMISSION_DENIED.
	Writable bool
	// SchemaWritable lets them replace the schema too. A server whose engine has
	// another schema may not start again, so no flag sets it: it is for an engine
	// that stands for a SpiceDB of its own.
	SchemaWritable bool
	// MaxConnections is how many connections there are at that address at a time,
	// shared by the clients' addresses (B6). 0 means 256.
	MaxConnections int
	// Logger gets what fails in the background. The default is slog.Default.
	Logger *slog.Logger
	// Dial adds to the connection from inside this process, such as what measures it.
	Dial []grpc.DialOption
	// Storage changes settings of the datastore.
	Storage []sqlite.Option
}

// An Engine is a running SpiceDB.
type Engine struct {
	datastore datastore.Datastore
	conn      *grpc.ClientConn
	listener  *listener // nil if it is not offered outside

	cancel    context.CancelFunc
	stopped   chan error // gets the result of the server when it has ended
	closeOnce sync.Once
	closeErr  error
}

// Start opens the file or the database, brings it up to date, and starts an engine
// on it, which answers when Start returns. It runs until Close. Errors of opening
// the file are those of sqlite.Open. No other process may start an engine on the
// same database meanwhile.
func Start(ctx context.Context, config Config) (engine *Engine, err error) {
	if config.Listen != "" && config.Token == "" {
		return nil, errors.New("offering the engine at an address needs a token")
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	storage, err := openStorage(ctx, config)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, storage.Close())
		}
	}()

	// A server that has been configured can only be stopped by running it, so what
	// is likely to fail comes first.
	var socket net.Listener
	if config.Listen != "" {
		socket, err = net.Listen("tcp", config.Listen)
		if err != nil {
			return nil, fmt.Errorf("offer the engine at %s: %w", config.Listen, err)
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, socket.Close())
			}
		}()
	}
	// The server lives until Close, however long ctx does.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	configured := settings(storage)
	if config.Path != "" {
		exact(configured)
	}
	runnable, err := configured.Complete(running)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("configure the engine: %w", err)
	}
	engine = &Engine{datastore: storage, cancel: cancel, stopped: make(chan error, 1)}
	go func() { engine.stopped <- runnable.Run(running) }()
	engine.conn, err = runnable.NewClient(append(config.Dial, grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to the engine: %w", err), engine.stop())
	}
	if socket != nil {
		engine.listener = listen(config, socket, engine.conn)
	}
	return engine, nil
}

func openStorage(ctx context.Context, config Config) (datastore.Datastore, error) {
	if config.Path == "" {
		return openDatabase(ctx, config)
	}
	options := append([]sqlite.Option{sqlite.WithLogger(config.Logger)}, config.Storage...)
	return sqlite.Open(ctx, config.Path, options...)
}

// settings returns SpiceDB's configuration for one process: no cluster, no HTTP, no
// metrics server and no telemetry. Its API is on a buffer in memory, which nobody
// else can reach, so it asks for no token.
func settings(storage datastore.Datastore) *server.Config {
	return server.NewConfigWithOptionsAndDefaults(func(c *server.Config) {
		c.Datastore = storage
		c.GRPCServer.Network = util.BufferedNetwork
		c.GRPCServer.MaxConnAge = 0
		c.GRPCAuthFunc = func(ctx context.Context) (context.Context, error) { return ctx, nil }
		c.ShutdownGracePeriod = gracePeriod

		c.HTTPGateway.HTTPEnabled = false
		c.MetricsAPI.HTTPEnabled = false
		c.DispatchServer.Enabled = false
		c.TelemetryEndpoint = ""
		c.SilentlyDisableTelemetry = true
		c.DisableGRPCLatencyHistogram = true
		c.EnableMemoryProtectionMiddleware = false

		c.MaximumUpdatesPerWrite = maxUpdatesPerWrite
		c.MaxCaveatContextSize = maxCaveatContext
		c.MaxRelationshipContextSize = maxRelationshipContext
		c.ExperimentalSchemaMode = "read-new-write-both"
		c.StreamingAPITimeout = streamingTimeout
		c.EnableRelationshipExpiration = true

		c.DispatchCacheConfig.MaxCost = dispatchCache
		c.NamespaceCacheConfig.MaxCost = schemaCache
		c.StoredSchemaCacheConfig.MaxCost = schemaCache
		c.LR3ResourceChunkCacheConfig.MaxCost = lookupCache
	})
}

// Conn returns the connection to the engine from inside this process. It may write.
// It is closed by Close.
func (e *Engine) Conn() *grpc.ClientConn { return e.conn }

// Addr returns the address at which the engine is offered outside this process, ""
// if it is not.
func (e *Engine) Addr() string {
	if e.listener == nil {
		return ""
	}
	return e.listener.addr()
}

// Close stops the engine and closes its storage. Requests from outside that are under
// way have five seconds to finish; those on Conn are cancelled.
func (e *Engine) Close() error {
	e.closeOnce.Do(func() {
		if e.listener != nil {
			e.listener.close()
		}
		e.closeErr = errors.Join(e.conn.Close(), e.stop(), e.datastore.Close())
	})
	return e.closeErr
}

// stop ends the server and returns why it ended, if not because of this.
func (e *Engine) stop() error {
	e.cancel()
	err := <-e.stopped
	if errors.Is(err, grpc.ErrServerStopped) {
		return nil // It was stopped before it had begun to serve.
	}
	return err
}
