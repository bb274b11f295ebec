// Package backend gives tests the storage of a server, in the mode that GRANTWAY_TEST_MODE names, so that the same test runs on files, on
// PostgreSQL, and on PostgreSQL with a SpiceDB cluster.
//
// Each test gets its own empty place. The tests of a package, whose TestMain is Main, share the parts that are slow to start, which are emptied in
// between.
package backend

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/testenv/cluster"
	"github.com/grantway/grantway/internal/testenv/postgres"
)

// Variable holds the mode.
const Variable = "GRANTWAY_TEST_MODE"

// Mode is one of the ways to run the server.
type Mode string

// The modes.
const (
	Embedded Mode = "embedded" // the facts and the engine in SQLite files
	Postgres Mode = "postgres" // both in one PostgreSQL database, the engine in this process
	Cluster  Mode = "cluster"  // the facts in PostgreSQL, the engine a SpiceDB cluster
)

// ModeOf is the mode in which the test runs.
func ModeOf(t testing.TB) Mode {
	t.Helper()
	mode := Mode(os.Getenv(Variable))
	switch mode {
	case "":
		return Embedded
	case Embedded, Postgres, Cluster:
		return mode
	}
	t.Fatalf("%s=%s is none of %s, %s and %s", Variable, mode, Embedded, Postgres, Cluster)
	return ""
}

// Place is where one installation keeps its data.
type Place struct {
	Mode      Mode
	Data      string           // its directory
	Datastore string           // the URI of its database; "" with Embedded
	Cluster   *cluster.Cluster // its engine; nil but with Cluster
	HashKey   string           // the key that its gateways hash secrets with; "" with Embedded, where it is in Data
}

// New is a place with nothing in it.
func New(t testing.TB) *Place {
	t.Helper()
	return In(t, ModeOf(t))
}

// In is New in a mode that the test chooses.
func In(t testing.TB, mode Mode) *Place {
	t.Helper()
	p := &Place{Mode: mode, Data: t.TempDir()}
	if mode != Embedded {
		p.Datastore, p.HashKey = shared.database(t), secret.NewHashKey()
	}
	if mode == Cluster {
		p.Cluster = shared.take(t)
	}
	return p
}

// Bare is New, but where that has a database with all tables in it, this one is empty.
func Bare(t testing.TB) *Place {
	t.Helper()
	p := New(t)
	if p.Mode != Embedded {
		p.Datastore = postgres.Database(t)
	}
	return p
}

// Again is the same place for another gateway, which has a directory of its own.
func (p *Place) Again(t testing.TB) *Place {
	t.Helper()
	require.NotEqual(t, Embedded, p.Mode, "files are one gateway's alone")
	again := *p
	again.Data = t.TempDir()
	return &again
}

// Flags are those with which the server keeps its data there.
func (p *Place) Flags() []string {
	flags := []string{"--data", p.Data}
	if p.Datastore != "" {
		flags = append(flags, "--datastore-uri", p.Datastore)
	}
	if p.Cluster != nil {
		flags = append(flags, "--spicedb-endpoint", p.Cluster.Endpoint(), "--spicedb-token", p.Cluster.Token(), "--spicedb-ca", p.Cluster.CA())
	}
	return flags
}

// Environment is what the server is told besides.
func (p *Place) Environment() []string {
	if p.HashKey == "" {
		return nil
	}
	return []string{"GRANTWAY_HASH_KEY=" + p.HashKey}
}
