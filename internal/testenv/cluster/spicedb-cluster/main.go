// Command spicedb-cluster runs a cluster of two SpiceDB nodes until it is interrupted. See scripts/spicedb-cluster.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/grantway/grantway/internal/testenv/cluster"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: spicedb-cluster DATASTORE-URI DIR")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run prints what a gateway needs to use the cluster, and ends it with ctx.
func run(ctx context.Context, datastore, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := cluster.Migrate(ctx, datastore); err != nil {
		return err
	}
	c, err := cluster.Start(ctx, cluster.Config{Datastore: datastore, Dir: dir, Nodes: 2})
	if err != nil {
		return err
	}
	fmt.Printf("--spicedb-endpoint %s --spicedb-token %s --spicedb-ca %s\n", c.Endpoint(), c.Token(), c.CA())
	<-ctx.Done()
	return c.Close()
}
