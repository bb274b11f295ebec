package faults_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/cluster"
	"github.com/grantway/grantway/internal/testenv/mailbox"
	"github.com/grantway/grantway/internal/testenv/wire"
)

const (
	restartWithin = time.Minute
	restartPause  = 100 * time.Millisecond
)

// installation is everything that runs: gateways, and, where they are not embedded, a PostgreSQL and the nodes of a SpiceDB, with wires between
// them that can be cut.
type installation struct {
	testing.TB
	mode     backend.Mode
	gateways []*gateway
	mails    *mailbox.Mailbox
	data     string   // the data directory of the first gateway
	storage  []string // the flags that say where everything else is kept

	database *database
	facts    string // the URI of the database, past all wires
	nodes    *cluster.Cluster

	toStore     *wire.Wire   // from the gateways to PostgreSQL
	toEngine    []*wire.Wire // from the gateways to each node of SpiceDB
	engineStore *wire.Wire   // from SpiceDB to PostgreSQL

	starting sync.RWMutex // of PostgreSQL, on which nothing else can start meanwhile
}

// install starts an installation in the mode that the tests run in, with so many gateways unless it is embedded.
func install(t testing.TB, gateways int) *installation {
	t.Helper()
	i := &installation{TB: t, mode: backend.ModeOf(t), mails: mailbox.New(t)}
	dir := workDir(t)
	i.data = filepath.Join(dir, "data0")
	flags := []string{"--smtp-url", i.mails.URL(), "--mail-from", "Grantway <no-reply@grantway.test>", "--outside-mails", "100000"}
	if i.mode == backend.Embedded {
		gateways = 1
	} else {
		i.storage = i.connect(dir)
		flags = append(flags, i.storage...)
	}
	for n := range gateways {
		i.gateways = append(i.gateways, startGateway(t, n, filepath.Join(dir, fmt.Sprintf("data%d", n)), flags...))
	}
	for _, g := range i.gateways {
		g.await(2 * time.Minute)
	}
	return i
}

// workDir is a directory that PostgreSQL can reach although it runs as another user.
func workDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "faults")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what is left is in %s", dir)
			return
		}
		require.NoError(t, os.RemoveAll(dir))
	})
	return dir
}

// connect starts PostgreSQL and, in the mode Cluster, SpiceDB, and gives the flags with which gateways reach them.
func (i *installation) connect(dir string) (flags []string) {
	i.Helper()
	i.database = startDatabase(i, filepath.Join(dir, "postgres"))
	server, err := url.Parse(i.database.uri)
	require.NoError(i, err)
	i.execute("CREATE DATABASE grantway", i.database.uri)
	server.Path = "/grantway"
	i.facts = server.String()
	host := server.Host

	i.toStore = wire.New(i, host)
	server.Host = i.toStore.Address()
	flags = []string{"--datastore-uri", server.String()}
	if i.mode != backend.Cluster {
		return flags
	}

	i.execute("CREATE DATABASE spicedb", i.database.uri)
	i.engineStore = wire.New(i, host)
	server.Path, server.Host = "/spicedb", host
	require.NoError(i, cluster.Migrate(i.Context(), server.String()))
	server.Host = i.engineStore.Address()
	nodes := filepath.Join(dir, "spicedb")
	require.NoError(i, os.Mkdir(nodes, 0o700))
	i.nodes, err = cluster.Start(i.Context(), cluster.Config{Datastore: server.String(), Dir: nodes, Nodes: 2})
	require.NoError(i, err)
	i.Cleanup(func() { require.NoError(i, i.nodes.Close()) })
	endpoints := ""
	for n := range 2 {
		w := wire.New(i, i.nodes.Address(n))
		i.toEngine = append(i.toEngine, w)
		endpoints += "," + w.Address()
	}
	return append(flags, "--spicedb-endpoint", endpoints[1:], "--spicedb-token", i.nodes.Token(), "--spicedb-ca", i.nodes.CA())
}

// execute runs a statement past all wires.
func (i *installation) execute(statement, uri string) {
	i.Helper()
	pool, err := sql.Open("pgx", uri)
	require.NoError(i, err)
	defer pool.Close()
	_, err = pool.ExecContext(i.Context(), statement)
	require.NoError(i, err)
}

// killNode ends a node of SpiceDB and starts it again. A node cannot start without its database.
func (i *installation) killNode(n int) {
	require.NoError(i, i.nodes.Kill(n))
	require.Eventually(i, func() bool {
		i.starting.RLock()
		defer i.starting.RUnlock()
		err := i.nodes.Restart(context.WithoutCancel(i.Context()), n)
		if err != nil {
			i.Logf("a node of SpiceDB is started again: %v", err)
		}
		return err == nil
	}, 2*time.Minute, time.Second)
}

// killDatabase ends PostgreSQL, in one of two hard ways, and starts it again after a while.
func (i *installation) killDatabase(end func(), away time.Duration) {
	i.starting.Lock()
	defer i.starting.Unlock()
	end()
	time.Sleep(away)
	i.database.restart()
}

// heal ends what was done to the wires.
func (i *installation) heal() {
	for _, w := range i.wires() {
		w.Release()
		w.Delay(0)
	}
}

func (i *installation) wires() []*wire.Wire {
	if i.database == nil {
		return nil
	}
	if i.nodes == nil {
		return []*wire.Wire{i.toStore}
	}
	return append([]*wire.Wire{i.toStore, i.engineStore}, i.toEngine...)
}
