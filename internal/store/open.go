package store

import (
	"context"
	"fmt"
	"strings"
)

// Open opens the store at uri, which is the path of a file, for SQLite, or begins with postgres:// or postgresql://, for PostgreSQL and CockroachDB: the
// server says which it is. What is missing is created: the file, readable by its owner only, or the tables in the schema "grantway" of a database that
// exists. It refuses what a newer Grantway has written, and a file that is damaged, is no store of Grantway, or is open in another process,
// and leaves that as it was.
func Open(ctx context.Context, uri string) (*DB, error) {
	scheme, _, isURI := strings.Cut(uri, "://")
	switch {
	case !isURI:
		return openFile(ctx, uri)
	case scheme == "postgres" || scheme == "postgresql":
		return openServer(ctx, uri)
	}
	return nil, fmt.Errorf("store: cannot open a %s database; give the path of a file, or a URI that begins with postgres://", scheme)
}
