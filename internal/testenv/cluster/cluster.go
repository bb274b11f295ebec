// Package cluster runs a real SpiceDB cluster on this machine: several spicedb processes on one PostgreSQL database that share the work of each
// question, with TLS and a token.
//
// Nodes can be killed, frozen and restarted. The package knows nothing about tests, so that other programs can use it; the tests of one package
// share the clusters of internal/testenv/backend.
package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/grantway/grantway/internal/testenv/loopback"
)

// Config says where a cluster keeps its data, and how large it is.
type Config struct {
	Datastore string // the URI of a PostgreSQL database with the tables that Migrate makes
	Dir       string // a directory of its own, for its certificates and logs
	Nodes     int
}

// A Cluster is some running nodes.
type Cluster struct {
	config    Config
	token     string
	binary    string
	arguments []string

	mu    sync.Mutex
	nodes []*node
	there []bool // which of them the others are told of
}

// Binary is the path of the spicedb program. It is built where that has not been done yet, by the module in whose directory the process is.
func Binary(ctx context.Context) (string, error) {
	build := exec.CommandContext(ctx, "go", "tool", "-n", "spicedb")
	var problem bytes.Buffer
	build.Stderr = &problem
	path, err := build.Output()
	if err != nil {
		return "", fmt.Errorf("spicedb cannot be built: %w: %s", err, problem.String())
	}
	return strings.TrimSpace(string(path)), nil
}

// Migrate makes SpiceDB's tables in an empty database.
func Migrate(ctx context.Context, uri string) error {
	binary, err := Binary(ctx)
	if err != nil {
		return err
	}
	migrate := exec.CommandContext(ctx, binary, "datastore", "migrate", "head", "--datastore-engine", "postgres", "--datastore-conn-uri", uri)
	if said, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("spicedb cannot make its tables: %w: %s", err, said)
	}
	return nil
}

// Start starts the nodes, which answer when it returns. They run until Close, or until the process ends.
func Start(ctx context.Context, config Config) (c *Cluster, err error) {
	c = &Cluster{config: config, token: rand.Text(), there: make([]bool, config.Nodes)}
	if c.binary, err = Binary(ctx); err != nil {
		return nil, err
	}
	cert, key := c.file("node.crt"), c.file("node.key")
	if err := errors.Join(certify(c.CA(), cert, key), c.tell()); err != nil {
		return nil, err
	}
	c.arguments = []string{
		"serve", "--log-level", "warn", "--skip-release-check", "--telemetry-endpoint", "",
		"--grpc-preshared-key", c.token, "--grpc-tls-cert-path", cert, "--grpc-tls-key-path", key,
		"--dispatch-cluster-enabled", "--dispatch-cluster-tls-cert-path", cert, "--dispatch-cluster-tls-key-path", key,
		"--dispatch-upstream-addr", "nodes://" + c.file("nodes"), "--dispatch-upstream-ca-path", c.CA(),
		"--datastore-engine", "postgres", "--datastore-conn-uri", config.Datastore,
		// Small, since many of them may share one PostgreSQL.
		"--datastore-conn-pool-read-max-open", "8", "--datastore-conn-pool-read-min-open", "1",
		"--datastore-conn-pool-write-max-open", "4", "--datastore-conn-pool-write-min-open", "1",
	}
	for i := range config.Nodes {
		if err := c.add(i); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	var starting errgroup.Group
	for i := range c.nodes {
		starting.Go(func() error { return c.Restart(ctx, i) })
	}
	if err := starting.Wait(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// add gives node i its addresses and its log.
func (c *Cluster) add(i int) (err error) {
	n := &node{}
	if n.log, err = os.Create(c.file(fmt.Sprintf("node%d.log", i))); err != nil {
		return err
	}
	c.nodes = append(c.nodes, n)
	for _, address := range []*string{&n.api, &n.dispatch, &n.metrics} {
		var release func() error
		if *address, release, err = loopback.Reserve(); err != nil {
			return err
		}
		n.release = append(n.release, release)
	}
	return nil
}

func (c *Cluster) file(name string) string { return filepath.Join(c.config.Dir, name) }

// Endpoint is the addresses of all nodes, as the gateway takes them.
func (c *Cluster) Endpoint() string {
	var all []string
	for i := range c.nodes {
		all = append(all, c.Address(i))
	}
	return strings.Join(all, ",")
}

// Address is the host:port of one node's API.
func (c *Cluster) Address(i int) string { return c.nodes[i].api }

// Token is what callers send.
func (c *Cluster) Token() string { return c.token }

// CA is the PEM file of the certificate authority that the nodes' certificates are signed by.
func (c *Cluster) CA() string { return c.file("ca.crt") }

// Metrics is what one node says about itself to Prometheus.
func (c *Cluster) Metrics(ctx context.Context, i int) (string, error) { return c.nodes[i].figures(ctx) }

// Kill ends the node as a power cut would. The others are told soon after, as Kubernetes tells them.
func (c *Cluster) Kill(i int) error {
	n := c.nodes[i]
	if err := n.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-n.ended
	return c.is(i, false)
}

// Freeze stops the node in the middle of what it does, without a word to anybody.
func (c *Cluster) Freeze(i int) error { return c.nodes[i].signal(syscall.SIGSTOP) }

// Thaw lets a frozen node go on.
func (c *Cluster) Thaw(i int) error { return c.nodes[i].signal(syscall.SIGCONT) }

// Restart starts the node, which must not be running, at the addresses that it had.
func (c *Cluster) Restart(ctx context.Context, i int) error {
	n := c.nodes[i]
	if err := n.start(ctx, c.binary, c.arguments); err != nil {
		return err
	}
	if err := c.is(i, true); err != nil {
		return err
	}
	return n.await(ctx, "does not answer", func() bool { return c.serves(ctx, n) })
}

// Mend starts the nodes that have ended, and lets those go on that were frozen.
func (c *Cluster) Mend(ctx context.Context) error {
	var all []error
	for i, n := range c.nodes {
		select {
		case <-n.ended:
			all = append(all, c.Restart(ctx, i))
		default:
			all = append(all, c.Thaw(i))
		}
	}
	return errors.Join(all...)
}

// is notes whether the node is there, and tells the others.
func (c *Cluster) is(i int, there bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.there[i] = there
	return c.tell()
}

// tell writes the file from which each node knows of the others.
func (c *Cluster) tell() error {
	var list strings.Builder
	for i, there := range c.there {
		if there {
			list.WriteString(c.nodes[i].dispatch + "\n")
		}
	}
	if err := os.WriteFile(c.file("nodes.new"), []byte(list.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(c.file("nodes.new"), c.file("nodes"))
}

// Close ends all nodes.
func (c *Cluster) Close() error {
	var all []error
	for _, n := range c.nodes {
		if n.process != nil && n.process.Process != nil {
			all = append(all, n.signal(syscall.SIGKILL))
			<-n.ended
		}
		all = append(all, n.log.Close())
		for _, release := range n.release {
			all = append(all, release())
		}
	}
	return errors.Join(all...)
}
