package server

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/authzed/grpcutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // asks each node whether it can answer, as serviceConfig says
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"github.com/grantway/grantway/internal/spice"
)

// serviceConfig is how gRPC uses the nodes of a SpiceDB: in turn, those alone that call themselves healthy, and another one where a node is
// lost in the middle of a call. Doing a call twice is harmless: a question changes nothing, and a write that was done is seen to be.
const serviceConfig = `{
	"loadBalancingConfig": [{"round_robin": {}}],
	"healthCheckConfig": {"serviceName": "authzed.api.v1.PermissionsService"},
	"methodConfig": [{
		"name": [{"service": "authzed.api.v1.PermissionsService"}, {"service": "authzed.api.v1.SchemaService"}],
		"retryPolicy": {
			"maxAttempts": 4, "initialBackoff": "0.02s", "maxBackoff": "0.5s", "backoffMultiplier": 4, "retryableStatusCodes": ["UNAVAILABLE"]
		}
	}]
}`

// reconnect is when a node that was lost is tried again. gRPC's own times, of up to two minutes, are for servers that many clients call.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
	MinConnectTimeout: 5 * time.Second,
}

// silence is when a connection is given up on which nothing is acknowledged: gRPC makes the operating system watch for that, too. A node that is asked
// more often than every five minutes whether it is there hangs up.
var silence = keepalive.ClientParameters{Time: 6 * time.Minute, Timeout: 20 * time.Second}

// callWithin is how long a call may take whose context does not say. Those of callers do.
const callWithin = time.Minute

// inTime gives a call a deadline, also at SpiceDB.
func inTime(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callWithin)
		defer cancel()
	}
	return call(ctx, method, req, reply, conn, options...)
}

// connect reaches a SpiceDB elsewhere.
func (b *backend) connect(c Config) error {
	options, err := remoteOptions(c)
	if err != nil {
		return err
	}
	target := c.SpiceDBEndpoint
	if nodes := strings.Split(target, ","); len(nodes) > 1 {
		resolve := manual.NewBuilderWithScheme("spicedb")
		resolve.InitialState(resolver.State{Addresses: addresses(nodes)})
		target = "spicedb:///" + nodes[0]
		options = append(options, grpc.WithResolvers(resolve))
	}
	conn, err := grpc.NewClient(target, append(options, c.dial...)...)
	if err != nil {
		return fmt.Errorf("%q is not the address of a SpiceDB: %w", c.SpiceDBEndpoint, err)
	}
	b.engine = spice.NewClient(conn)
	b.closeBefore(conn.Close)
	return nil
}

// addresses are those of nodes listed one by one; each has to prove the name by which it is listed.
func addresses(nodes []string) (all []resolver.Address) {
	for _, node := range nodes {
		host, _, _ := net.SplitHostPort(node) // which Config.check has done before
		all = append(all, resolver.Address{Addr: node, ServerName: host})
	}
	return all
}

func remoteOptions(c Config) ([]grpc.DialOption, error) {
	options := []grpc.DialOption{
		grpc.WithDefaultServiceConfig(serviceConfig), grpc.WithConnectParams(reconnect), grpc.WithKeepaliveParams(silence),
		grpc.WithChainUnaryInterceptor(inTime),
	}
	if c.SpiceDBInsecure {
		return append(options, grpc.WithTransportCredentials(insecure.NewCredentials()), grpcutil.WithInsecureBearerToken(c.SpiceDBToken)), nil
	}
	var tls grpc.DialOption
	var err error
	if c.SpiceDBCA != "" {
		tls, err = grpcutil.WithCustomCerts(grpcutil.VerifyCA, c.SpiceDBCA)
	} else {
		tls, err = grpcutil.WithSystemCerts(grpcutil.VerifyCA)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificates for the SpiceDB: %w", err)
	}
	return append(options, tls, grpcutil.WithBearerToken(c.SpiceDBToken)), nil
}
