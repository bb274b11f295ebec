package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	spicedb "github.com/authzed/spicedb/pkg/cmd"
	spicestore "github.com/authzed/spicedb/pkg/cmd/datastore"
	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/migrate"
	"github.com/jackc/pgx/v5"
)

// How many connections to a database an engine has at most, and keeps. SpiceDB's
// defaults are for a machine of its own.
const (
	readConnections  = 8
	writeConnections = 4
	keptConnections  = 2
)

// openDatabase brings SpiceDB's tables in the database up to date and opens
// SpiceDB's own datastore on them.
func openDatabase(ctx context.Context, config Config) (datastore.Datastore, error) {
	uri, err := databaseURI(config.URI)
	if err != nil {
		return nil, err
	}
	if err := migrateDatabase(ctx, config.Database, uri); err != nil {
		return nil, fmt.Errorf("migrate the engine's tables: %w", err)
	}
	c := spicestore.DefaultDatastoreConfig()
	c.Engine, c.URI = config.Database, uri
	c.ReadConnPool.MaxOpenConns, c.ReadConnPool.MinOpenConns = readConnections, keptConnections
	c.WriteConnPool.MaxOpenConns, c.WriteConnPool.MinOpenConns = writeConnections, keptConnections
	c.EnableDatastoreMetrics = false // they are registered once in a process, and name the database
	storage, err := spicestore.NewDatastore(ctx, c.ToOption())
	if err != nil {
		return nil, fmt.Errorf("open the engine's tables: %w", err)
	}
	return storage, nil
}

// databaseURI is the URI for SpiceDB: it takes no settings of a pool from there,
// its tables are not to be in a schema that happens to have the user's name, and
// a standby, which is behind, is not to be asked.
func databaseURI(uri string) (string, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", errors.New("cannot parse the database's URI") // there is a password in it
	}
	query := u.Query()
	for name := range query {
		if strings.HasPrefix(name, "pool_") {
			query.Del(name)
		}
	}
	query.Set("search_path", "public")
	query.Set("target_session_attrs", "read-write")
	u.RawQuery = query.Encode()
	// SpiceDB would read the text after a dollar sign as the name of a variable.
	return strings.ReplaceAll(u.String(), "$", "%24"), nil
}

// Pending is the version of SpiceDB's tables in the database and the one that this
// program brings them to: both the same where nothing is to be done, and the first
// "" where there are none. It changes nothing.
func Pending(ctx context.Context, config Config) (from, to string, err error) {
	if to, err = spicedb.HeadRevision(config.Database); err != nil {
		return "", "", err
	}
	uri, err := databaseURI(config.URI)
	if err != nil {
		return "", "", err
	}
	conn, err := pgx.Connect(ctx, uri)
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	table := versionTables[config.Database]
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", "public."+table).Scan(&there); err != nil || !there {
		return "", to, err
	}
	err = conn.QueryRow(ctx, "SELECT version_num FROM public."+table).Scan(&from)
	return from, to, err
}

// versionTables are those in which SpiceDB notes the version of its tables.
var versionTables = map[string]string{"postgres": "alembic_version", "cockroachdb": "schema_version"}

// migrateDatabase does what "spicedb datastore migrate head" does. That command is
// the only form in which SpiceDB offers it to others.
func migrateDatabase(ctx context.Context, engine, uri string) error {
	command := spicedb.NewMigrateCommand("grantway")
	spicedb.RegisterMigrateFlags(command)
	for flag, value := range map[string]string{"datastore-engine": engine, "datastore-conn-uri": uri} {
		if err := command.Flags().Set(flag, value); err != nil {
			return err
		}
	}
	command.SetContext(ctx)
	return command.RunE(command, []string{migrate.Head})
}
