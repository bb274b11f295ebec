package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// schema is where all tables are, so that the rest of the database can be somebody else's, such as SpiceDB's.
const schema = "grantway"

// How long the server, and whoever is in the way, may let a statement wait. A process that is stopped in the middle of a change holds up all others for
// idleWithin; the engine is asked and told within that time.
const (
	connectWithin = 5 * time.Second
	idleWithin    = 60 * time.Second
)

// limits is how long a statement may wait for locks and take in all, and how long the server may stay silent before it counts as gone; 0 is for ever.
type limits struct{ lock, statement, answer time.Duration }

var (
	usual = limits{lock: 10 * time.Second, statement: 30 * time.Second, answer: 45 * time.Second}
	// An index may take long to build.
	migrating = limits{lock: usual.lock}
	// Who waits for a turn does so without a statement under way, for which others would have to wait when they build an index.
	takingTurns = limits{lock: 100 * time.Millisecond, statement: usual.statement, answer: usual.answer}
)

// defaultConnections is how many connections a process has where its URI does not say pool_max_conns; leastConnections is how few that may say.
const (
	defaultConnections = 16
	leastConnections   = 4
)

// server is where a database is and how it is called.
type server struct {
	config         *pgx.ConnConfig
	connections    int
	lifetime, idle time.Duration // of a connection
}

// URIError is why a URI names no database that can be used. It says nothing of the URI, in which there is a password.
type URIError struct{ problem string }

func (e *URIError) Error() string { return e.problem }

var errURI = &URIError{"cannot parse the URI: write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters as %XX"}

func parseServer(uri string) (*server, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return nil, errURI
	}
	c, err := pgxpool.ParseConfig(uri)
	if err != nil {
		return nil, errURI
	}
	s := &server{config: c.ConnConfig, connections: defaultConnections, lifetime: c.MaxConnLifetime, idle: c.MaxConnIdleTime}
	if u.Query().Has("pool_max_conns") {
		s.connections = int(c.MaxConns)
	}
	if s.connections < leastConnections {
		return nil, &URIError{fmt.Sprintf("pool_max_conns in the URI is %d, but must be at least %d", s.connections, leastConnections)}
	}
	if s.config.ConnectTimeout == 0 {
		s.config.ConnectTimeout = connectWithin
	}
	if _, named := s.config.RuntimeParams["application_name"]; !named {
		s.config.RuntimeParams["application_name"] = "grantway"
	}
	// Of several hosts in the URI only the one that takes changes will do: a standby does not know yet what was changed just now.
	s.config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	s.config.RuntimeParams["search_path"] = schema
	s.config.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(idleWithin)
	return s, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// pool makes a pool of connections with the limits.
func (s *server) pool(connections int, l limits) *sql.DB {
	config := s.config.Copy()
	config.RuntimeParams["lock_timeout"] = milliseconds(l.lock)
	config.RuntimeParams["statement_timeout"] = milliseconds(l.statement)
	dialer := &net.Dialer{KeepAlive: 15 * time.Second}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil || l.answer == 0 {
			return conn, err
		}
		return &impatient{Conn: conn, patience: l.answer}, nil
	}
	pool := sql.OpenDB(connector{stdlib.GetConnector(*config)})
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(s.lifetime)
	pool.SetConnMaxIdleTime(s.idle)
	return pool
}

// openServer opens the store in the database, whose tables it creates or brings up to date while no other process does.
func openServer(ctx context.Context, uri string) (*DB, error) {
	s, err := parseServer(uri)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db := s.open()
	if err := db.prepare(ctx, s); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), db.Close())
	}
	return db, nil
}

// Pending names the migrations that the tables in a database lack, in their order, and changes nothing; all of them where there are no tables. It also
// says what database it is.
func Pending(ctx context.Context, uri string) (database string, names []string, err error) {
	s, err := parseServer(uri)
	if err != nil {
		return "", nil, fmt.Errorf("store: %w", err)
	}
	pool := s.pool(1, usual)
	defer func() { err = errors.Join(err, pool.Close()) }()
	var version string
	var known bool
	if err := pool.QueryRowContext(ctx, "SELECT version(), "+hasTables).Scan(&version, &known); err != nil {
		return "", nil, fmt.Errorf("store: %w", err)
	}
	d := askDialect(version)
	runner, err := migrations(d, pool)
	if err != nil {
		return "", nil, fmt.Errorf("store: %w", err)
	}
	for _, m := range runner.ListSources() {
		applied := false
		if known {
			query := "SELECT EXISTS (SELECT 1 FROM " + goose.DefaultTablename + " WHERE version_id = $1 AND is_applied)"
			if err := pool.QueryRowContext(ctx, query, m.Version).Scan(&applied); err != nil {
				return "", nil, fmt.Errorf("store: %w", err)
			}
		}
		if !applied {
			names = append(names, strings.TrimSuffix(filepath.Base(m.Path), ".sql"))
		}
	}
	return d.name, names, nil
}

// hasTables is whether there are tables of any version.
const hasTables = "to_regclass('" + schema + ".goose_db_version') IS NOT NULL"

// open makes the pools. Readers have one of their own, as writers may have to wait for each other.
func (s *server) open() *DB {
	writers := max(3, s.connections/4)
	db := &DB{
		writer: s.pool(writers, usual), readers: s.pool(s.connections-writers, usual), turns: s.pool(1, takingTurns), memory: &memory{shared: true},
	}
	db.turns.SetMaxIdleConns(0)
	db.close = func() error { return errors.Join(db.readers.Close(), db.writer.Close(), db.turns.Close()) }
	return db
}

// prepare finds out what the server is, and brings the tables up to date.
func (db *DB) prepare(ctx context.Context, s *server) error {
	var version string
	if err := db.writer.QueryRowContext(ctx, "SELECT version()").Scan(&version); err != nil {
		return err
	}
	db.dialect = askDialect(version)
	if err := createTurns(ctx, db.turns); err != nil {
		return fmt.Errorf("cannot create the schema %s: %w", schema, err)
	}
	return db.Exclusively(ctx, func(ctx context.Context) error {
		pool := s.pool(1, migrating)
		defer pool.Close()
		if err := db.upToDate(ctx, pool); err != nil {
			return err
		}
		return pool.Close()
	})
}

// askDialect is dialectOf, but in a test of one database's dialect on the other.
var askDialect = dialectOf

func dialectOf(version string) dialect {
	if strings.HasPrefix(version, "CockroachDB") {
		return cockroachDialect
	}
	return postgresDialect
}

func (db *DB) upToDate(ctx context.Context, pool *sql.DB) error {
	var known bool
	if err := pool.QueryRowContext(ctx, "SELECT "+hasTables).Scan(&known); err != nil {
		return err
	}
	if known {
		err := checkVersion(ctx, db.dialect, pool)
		if errors.Is(err, ErrNewer) {
			if may, unknown := mayRunBeside(ctx, db.dialect, pool); may || unknown != nil {
				return unknown // newer gateways have been here, and this one runs beside them
			}
		}
		if err != nil {
			return err
		}
	}
	if err := migrate(ctx, db.dialect, pool); err != nil {
		return fmt.Errorf("cannot migrate: %w", err)
	}
	return noteOldest(ctx, pool)
}

// pingServer does not wait longer than ctx lasts, unlike the statements of a transaction: its connection may break.
func pingServer(ctx context.Context, db *DB) error {
	var name string
	if err := db.readers.QueryRowContext(ctx, pingQuery).Scan(&name); err != nil {
		return failed(fmt.Errorf("store: %w", err))
	}
	return nil
}
