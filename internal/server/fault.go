package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice/sqlite"
	"github.com/grantway/grantway/internal/store"
)

// StartError is why a server does not run, in words that a person can act on.
type StartError struct {
	Problem string // one sentence, without a period
	Advice  string // what to do about it: whole sentences
	Cause   error  // what Problem was made of, or nil

	remote bool // it is about a database
}

func (f *StartError) Error() string { return f.Problem }

func (f *StartError) Unwrap() error { return f.Cause }

// dataFault says what to do about a data directory that cannot be opened.
func dataFault(dir string, err error) error {
	f := &StartError{Problem: err.Error(), Cause: err}
	switch {
	case errors.Is(err, sqlite.ErrInUse), errors.Is(err, store.ErrInUse):
		f.Problem = fmt.Sprintf("another process is using the data directory %s", dir)
		f.Advice = "Stop it, or choose another directory with --data."
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, sqlite.ErrFull), sqliteCode(err) == codeFull:
		f.Problem = fmt.Sprintf("the disk of the data directory %s is full", dir)
		f.Advice = "Free disk space, then start again. No answered change is lost."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		f.Problem = fmt.Sprintf("cannot use the data directory %s: %v", dir, bare(err))
		f.Advice = "Choose another directory with --data, or change its permissions."
	case errors.Is(err, sqlite.ErrNewer), errors.Is(err, store.ErrNewer):
		f.Advice = "Start the newer version, or choose another directory with --data."
	case errors.Is(err, sqlite.ErrDamaged), errors.Is(err, sqlite.ErrForeign),
		sqliteCode(err) == codeCorrupt, sqliteCode(err) == codeNotADatabase:
		f.Advice = "The file was not changed. Restore the directory from a backup, or choose another directory with --data."
	default:
		f.Advice = fmt.Sprintf("The data directory is %s. Choose another one with --data.", dir)
	}
	return f
}

// SQLite's primary result codes that people can do something about (https://www.sqlite.org/rescode.html).
const (
	codeCorrupt      = 11
	codeFull         = 13
	codeNotADatabase = 26
)

// sqliteCode is the primary result code in an error of the store's driver, or 0.
func sqliteCode(err error) int {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return coded.Code() & 0xff
	}
	return 0
}

// engineFault says what to do about an embedded engine that does not start.
func engineFault(c Config, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return addressFault("--engine-listen", c.EngineListen, err)
	}
	if c.DatastoreURI != "" {
		return databaseFault(err)
	}
	return dataFault(c.Data, err)
}

// databaseFault says what to do about a database that cannot be used. The errors of its driver hold no password.
func databaseFault(err error) error {
	lines := strings.Split(err.Error(), "\n") // one for each address and each way to speak TLS
	f := &StartError{Problem: "cannot use the database of --datastore-uri: " + strings.TrimSpace(lines[len(lines)-1]), Cause: err, remote: true}
	switch state := sqlState(err); {
	case errors.Is(err, store.ErrNewer):
		f.Problem = err.Error()
		f.Advice = "Start the newer version, or use another database."
	case state == "28P01", state == "28000":
		f.Advice = "The database rejects the user or password in the URI, or does not accept this user from this host."
	case state == "3D000":
		f.Advice = "Create the database first (CREATE DATABASE), or name another one in the URI."
	case state == "53300":
		f.Advice = "The database has no free connections: raise max_connections, or lower pool_max_conns in the URI of each server."
	case state == "42501":
		f.Advice = "The user needs permission to create a schema in the database, and tables in the schema public. The owner of the database has it."
	case state == "55P03":
		f.Advice = "Another session has locked a table that has to be changed. Start again when it has finished."
	case state == "":
		f.Advice = "Check the host and port in the URI, that the database is running, and that this machine can reach it (with TLS if sslmode demands it)."
	default:
		f.Advice = "See the database's log."
	}
	return f
}

// sqlState is the SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) in an error of a database's driver, or "".
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

// addressFault says what to do about an address at which nobody can listen.
func addressFault(flag, address string, err error) error {
	f := &StartError{Problem: fmt.Sprintf("cannot listen at %s: %v", address, bare(err)), Cause: err}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		f.Problem = fmt.Sprintf("%s is in use by another program", address)
		f.Advice = fmt.Sprintf("Stop it, or choose another address with %s.", flag)
	case errors.Is(err, fs.ErrPermission):
		f.Advice = fmt.Sprintf("Ports below 1024 need privileges. Choose another port with %s.", flag)
	default:
		f.Advice = fmt.Sprintf("Choose another address with %s.", flag)
	}
	return f
}

// schemaFault says what to do about a schema that the engine does not take.
func schemaFault(c Config, err error) error {
	if access.KindOf(err) != access.KindConflict {
		return err
	}
	return &StartError{
		Problem: err.Error(), Cause: err,
		Advice: "A definition that relationships still use cannot be removed. Delete the relationships first, or put the definition back into the schema extension." + c.anew(),
	}
}

// anew says how to rebuild the file of an embedded engine from the store; it is "" for an engine elsewhere.
func (c *Config) anew() string {
	if c.DatastoreURI != "" || c.SpiceDBEndpoint != "" {
		return ""
	}
	return fmt.Sprintf(" Or rebuild the engine's file from the store: move it away (mkdir %[1]s && mv %[2]s* %[1]s) and start again. "+
		"Only data written to the engine past Grantway is lost.", filepath.Join(c.Data, "engine.old"), filepath.Join(c.Data, engineFile))
}

// mayPass reports whether the error is about a database or a SpiceDB that is being started or cannot be reached just now. Connections are lost in
// many ways, so that all is taken for that which the database, or SpiceDB, has not said itself.
func (c *Config) mayPass(err error) bool {
	if c.DatastoreURI == "" && c.SpiceDBEndpoint == "" {
		return false
	}
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented: // it is there, and does not want this caller
		return false
	}
	var listening *net.OpError
	var uri *store.URIError
	var certificate *tls.CertificateVerificationError
	switch state := sqlState(err); {
	case state != "":
		return strings.HasPrefix(state, "57P0") || strings.HasPrefix(state, "08") // it ends, has crashed or is starting; the connection is lost
	case errors.As(err, &listening) && listening.Op == "listen", errors.As(err, &uri), errors.As(err, &certificate), errors.Is(err, store.ErrNewer):
		return false
	}
	var fault *StartError
	return access.KindOf(err) == access.KindUnavailable || errors.As(err, &fault) && fault.remote
}

// bare is the reason at the bottom of an error of the operating system, without the path and the name of the call.
func bare(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}

// remoteFault says what to do about a SpiceDB, or a database, that does not answer any more. Other errors, and those of an embedded engine, stay
// as they are.
func (c *Config) remoteFault(err error) error {
	if access.KindOf(err) != access.KindUnavailable {
		return err
	}
	if _, answered := status.FromError(err); !answered && c.DatastoreURI != "" {
		return databaseFault(err)
	}
	if c.SpiceDBEndpoint == "" {
		return err
	}
	return &StartError{
		Problem: fmt.Sprintf("the SpiceDB at %s does not answer: %v", c.SpiceDBEndpoint, reason(err)), Cause: err,
		Advice: "Check that it is running there, with this --spicedb-token, and with TLS unless --spicedb-insecure is given.",
	}
}

// reason is what a gRPC call failed for, without the names of the layers that it went through.
func reason(err error) string {
	var known *access.Error
	if errors.As(err, &known) && known.Cause != nil {
		return status.Convert(known.Cause).Message()
	}
	return err.Error()
}

// detail is the sentence in an error of the domain.
func detail(err error) string {
	var known *access.Error
	if errors.As(err, &known) {
		return known.Detail
	}
	return err.Error()
}
