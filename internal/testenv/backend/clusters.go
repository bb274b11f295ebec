package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/cluster"
	"github.com/grantway/grantway/internal/testenv/postgres"
)

// patience is how long making and ending what tests run on may take.
const patience = 2 * time.Minute

// Main runs the tests of a package, and then ends what they shared.
func Main(m *testing.M) {
	clusters.open = true
	code := m.Run()
	if err := clusters.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// clusters are those that the tests of this package run on.
var clusters pool

// pool is running clusters, each of which serves one test at a time.
type pool struct {
	open bool // Main will close it

	mu     sync.Mutex
	free   []*cluster.Cluster
	ending []func() error
}

// take gives an empty cluster, which the test has for itself until it ends.
func (p *pool) take(t testing.TB) *cluster.Cluster {
	t.Helper()
	require.True(t, p.open, "a package whose tests run on a cluster needs: func TestMain(m *testing.M) { backend.Main(m) }")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := p.pop()
	if c == nil {
		c = p.start(ctx, t)
	}
	require.NoError(t, c.Mend(ctx))
	require.NoError(t, c.Empty(ctx))
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free = append(p.free, c)
	})
	return c
}

func (p *pool) pop() *cluster.Cluster {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return nil
	}
	last := len(p.free) - 1
	c := p.free[last]
	p.free = p.free[:last]
	return c
}

// start adds a cluster of two nodes.
func (p *pool) start(ctx context.Context, t testing.TB) *cluster.Cluster {
	t.Helper()
	server := postgres.Server(t)
	uri, drop, err := postgres.Create(ctx, server, template(ctx, t, server))
	require.NoError(t, err)
	p.atEnd(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return drop(ctx)
	})
	dir, err := os.MkdirTemp("", "spicedb-cluster-")
	require.NoError(t, err)
	p.atEnd(func() error { return os.RemoveAll(dir) })
	c, err := cluster.Start(ctx, cluster.Config{Datastore: uri, Dir: dir, Nodes: 2})
	require.NoError(t, err)
	p.atEnd(c.Close)
	return c
}

func (p *pool) atEnd(f func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending = append(p.ending, f)
}

// close ends what runs, the newest first.
func (p *pool) close() error {
	var all []error
	for len(p.ending) > 0 {
		last := len(p.ending) - 1
		all = append(all, p.ending[last]())
		p.ending = p.ending[:last]
	}
	return errors.Join(all...)
}

// withTables is a database of the test's own with SpiceDB's tables in it, which a server would make itself, only more slowly.
func withTables(t testing.TB) (uri string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	server := postgres.Server(t)
	uri, drop, err := postgres.Create(ctx, server, template(ctx, t, server))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, drop(context.Background())) })
	return uri
}

// template is the name of a database with SpiceDB's tables.
func template(ctx context.Context, t testing.TB, server string) (name string) {
	t.Helper()
	binary, err := cluster.Binary(ctx)
	require.NoError(t, err)
	name, err = postgres.Template(ctx, server, binary, cluster.Migrate)
	require.NoError(t, err)
	return name
}
