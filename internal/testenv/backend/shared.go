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

	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/cluster"
	"github.com/grantway/grantway/internal/testenv/postgres"
)

// patience is how long making and ending what tests run on may take.
const patience = 2 * time.Minute

// Main runs the tests of a package, and then ends what they shared.
func Main(m *testing.M) {
	shared.open = true
	code := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// shared is what the tests of this package run on.
var shared pool

// pool is running clusters, each of which serves one test at a time, and a database that those of tests are copies of.
type pool struct {
	open bool // Main will close it

	making sync.Mutex
	tables string // the URI of that database, once it was made

	mu     sync.Mutex
	free   []*cluster.Cluster
	ending []func() error
}

// take gives an empty cluster, which the test has for itself until it ends.
func (p *pool) take(t testing.TB) *cluster.Cluster {
	t.Helper()
	p.require(t)
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

func (p *pool) require(t testing.TB) {
	t.Helper()
	require.True(t, p.open, "a package whose tests run on PostgreSQL needs: func TestMain(m *testing.M) { backend.Main(m) }")
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
	uri := p.create(ctx, t, spicedb(ctx, t))
	dir, err := os.MkdirTemp("", "spicedb-cluster-")
	require.NoError(t, err)
	p.atEnd(func() error { return os.RemoveAll(dir) })
	c, err := cluster.Start(ctx, cluster.Config{Datastore: uri, Dir: dir, Nodes: 2})
	require.NoError(t, err)
	p.atEnd(c.Close)
	return c
}

// create makes a database for the tests of this package.
func (p *pool) create(ctx context.Context, t testing.TB, template string) (uri string) {
	t.Helper()
	uri, drop, err := postgres.Create(ctx, postgres.Server(t), template)
	require.NoError(t, err)
	p.atEnd(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return drop(ctx)
	})
	return uri
}

// database is one of the test's own, with all tables of a server in it, which that would make itself, only more slowly.
func (p *pool) database(t testing.TB) (uri string) {
	t.Helper()
	p.require(t)
	p.making.Lock()
	defer p.making.Unlock()
	if p.tables == "" {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		uri := p.create(ctx, t, spicedb(ctx, t))
		db, err := store.Open(ctx, uri)
		require.NoError(t, err)
		require.NoError(t, db.Close())
		p.tables = uri
	}
	return postgres.Copy(t, p.tables)
}

// spicedb is the name of a database with SpiceDB's tables.
func spicedb(ctx context.Context, t testing.TB) (template string) {
	t.Helper()
	binary, err := cluster.Binary(ctx)
	require.NoError(t, err)
	template, err = postgres.Template(ctx, postgres.Server(t), binary, cluster.Migrate)
	require.NoError(t, err)
	return template
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
