package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"github.com/grantway/grantway/internal/testenv/loopback"
)

// The keys of the servers, which live for as long as the bench.
const (
	rootKey     = "root-key-of-the-bench-0123456789"
	engineToken = "token-of-the-bench"
)

// place is where the questions go: a gateway, and the SpiceDB behind it.
type place struct {
	name       string
	gateway    string // URL
	engine     string // host:port
	cleanup    []func()
	gatewayPID int
	output     bytes.Buffer // of the processes, if one fails
}

// close stops what was started, the last first.
func (p *place) close() {
	for len(p.cleanup) > 0 {
		p.cleanup[len(p.cleanup)-1]()
		p.cleanup = p.cleanup[:len(p.cleanup)-1]
	}
}

func (p *place) logs() string {
	text := p.output.String()
	return text[max(0, len(text)-4000):]
}

// embedded is one process that is both.
func embedded(ctx context.Context, s settings, p *place) error {
	p.name = "embedded: the engine on SQLite in the process of the gateway, asked directly at --engine-listen"
	var err error
	if p.engine, err = p.address(); err != nil {
		return err
	}
	return p.startGateway(ctx, s, "--engine-listen", p.engine, "--engine-token", engineToken)
}

// remote is a gateway and a SpiceDB, each a process of its own, on one PostgreSQL.
func remote(ctx context.Context, s settings, p *place) error {
	uri, err := p.database(ctx, s.postgres)
	if err != nil {
		return err
	}
	onPostgres := []string{"--datastore-engine", "postgres", "--datastore-conn-uri", uri}
	if out, err := exec.CommandContext(ctx, s.spicedb, append([]string{"datastore", "migrate", "head"}, onPostgres...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("migrating SpiceDB: %w\n%s", err, out)
	}
	if p.engine, err = p.address(); err != nil {
		return err
	}
	// The flags are those of docker-compose.yml, as far as they bear on speed: SpiceDB's own defaults.
	if err := p.start(ctx, s.spicedb, append([]string{"serve", "--grpc-addr", p.engine, "--grpc-preshared-key", engineToken,
		"--metrics-enabled=false", "--telemetry-endpoint=", "--log-level", "error"}, onPostgres...)); err != nil {
		return err
	}
	p.name = "remote: spicedb serve on PostgreSQL, and a gateway that keeps its facts there too"
	return p.startGateway(ctx, s, "--spicedb-endpoint", p.engine, "--spicedb-token", engineToken, "--spicedb-insecure", "--datastore-uri", uri)
}

// startGateway runs grantway and waits until it is ready.
func (p *place) startGateway(ctx context.Context, s settings, flags ...string) error {
	address, err := p.address()
	if err != nil {
		return err
	}
	p.gateway = "http://" + address
	data, err := os.MkdirTemp("", "grantway-bench-*")
	if err != nil {
		return err
	}
	p.cleanup = append(p.cleanup, func() { _ = os.RemoveAll(data) })
	flags = append([]string{"serve", "--listen", address, "--data", filepath.Join(data, "data"), "--log-level", "warn"}, flags...)
	if err := p.start(ctx, s.grantway, flags, "GRANTWAY_ROOT_KEY="+rootKey); err != nil {
		return err
	}
	return p.ready(ctx)
}

// ready waits until the gateway can answer, which it cannot before SpiceDB can.
func (p *place) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.gateway+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.New("the gateway does not get ready")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// start runs a program until the place is closed.
func (p *place) start(ctx context.Context, program string, args []string, variables ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), variables...)
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	if err := cmd.Start(); err != nil {
		return err
	}
	p.gatewayPID = cmd.Process.Pid // the last that is started is the gateway
	p.cleanup = append(p.cleanup, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it tells of the signal
	})
	return nil
}

// database makes a database that is dropped at the end.
func (p *place) database(ctx context.Context, admin string) (string, error) {
	uri, err := url.Parse(admin)
	if err != nil || admin == "" {
		return "", errors.New("-postgres is the URI of a PostgreSQL, such as postgres://postgres@127.0.0.1:5432/postgres")
	}
	db, err := sql.Open("pgx", admin)
	if err != nil {
		return "", err
	}
	p.cleanup = append(p.cleanup, func() { _ = db.Close() })
	name := fmt.Sprintf("grantway_bench_%d", os.Getpid())
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	p.cleanup = append(p.cleanup, func() { _, _ = db.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)") })
	uri.Path = "/" + name
	return uri.String(), nil
}

// address is one at which nobody listens.
func (p *place) address() (string, error) {
	address, release, err := loopback.Reserve()
	if err == nil {
		p.cleanup = append(p.cleanup, func() { _ = release() })
	}
	return address, err
}

// versionOf is the first line that the program says of its version.
func versionOf(ctx context.Context, program string) string {
	out, err := exec.CommandContext(ctx, program, "version").Output()
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// cpu is how much of the processors' time the gateway has taken since it was started, or 0 where that cannot be read.
func (p *place) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.gatewayPID))
	if err != nil {
		return 0
	}
	const userTime, systemTime, perSecond = 11, 12, 100 // of the fields behind the name, in clock ticks (proc(5))
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) <= systemTime {
		return 0
	}
	user, _ := strconv.Atoi(fields[userTime])
	system, _ := strconv.Atoi(fields[systemTime])
	return time.Duration(user+system) * time.Second / perSecond
}
