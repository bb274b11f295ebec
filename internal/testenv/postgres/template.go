package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/url"
)

// Template gives the name of a database on the server from which Create makes copies, with the tables that fill makes. It is made once for
// each key, whoever asks for it at the same time, and stays.
func Template(ctx context.Context, server, key string, fill func(ctx context.Context, uri string) error) (name string, err error) {
	digest := sha256.Sum256([]byte(key))
	name = "template_" + hex.EncodeToString(digest[:8])
	return name, with(ctx, server, func(conn *sql.Conn) error {
		// Nobody else makes a template meanwhile. The lock goes with the connection.
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(5460601)"); err != nil {
			return err
		}
		var made bool
		if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&made); err != nil || made {
			return err
		}
		uri, drop, err := Create(ctx, server, "template0")
		if err != nil {
			return err
		}
		if err := fill(ctx, uri); err != nil {
			return errors.Join(err, drop(ctx))
		}
		u, err := url.Parse(uri)
		if err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, "ALTER DATABASE "+u.Path[1:]+" RENAME TO "+name)
		return err
	})
}

// Create makes a database on the server that is a copy of another one, to which nobody may be connected, and gives its URI, and what drops it,
// whoever is still connected to it.
func Create(ctx context.Context, server, template string) (uri string, drop func(context.Context) error, err error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", nil, err
	}
	name := newName()
	u.Path = "/" + name
	run := func(ctx context.Context, statement string) error {
		return with(ctx, server, func(conn *sql.Conn) error {
			_, err := conn.ExecContext(ctx, statement)
			return err
		})
	}
	return u.String(), func(ctx context.Context) error {
		return run(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}, run(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
}

// with does something over one connection.
func with(ctx context.Context, server string, do func(*sql.Conn) error) error {
	pool, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return do(conn)
}
