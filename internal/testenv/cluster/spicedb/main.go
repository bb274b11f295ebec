// Command spicedb is SpiceDB with all its own commands, for clusters on one machine. It differs from the released program in how nodes find each
// other: instead of Kubernetes, a file lists their addresses, one a line (nodes:///path). With SPICEDB_ENDS_WITH_STDIN, it exits when its standard
// input closes, and so with the test that started it, however that ends.
package main

import (
	"io"
	"os"

	"github.com/authzed/spicedb/pkg/cmd"
	"github.com/authzed/spicedb/pkg/cmd/server"
	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/resolver"
)

func main() {
	if os.Getenv("SPICEDB_ENDS_WITH_STDIN") != "" {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // however it ends, it has ended
			os.Exit(0)
		}()
	}
	resolver.Register(nodes{})
	balancer.Register(server.ConsistentHashringBuilder)
	root, err := cmd.BuildRootCommand()
	if err == nil {
		err = root.Execute() // and prints what was wrong
	}
	if err != nil {
		os.Exit(1)
	}
}
