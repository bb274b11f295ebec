package server_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/loopback"
	"github.com/grantway/grantway/internal/testenv/postgres"
	"github.com/grantway/grantway/internal/testenv/wire"
)

const sharedHashKey = "b1a7f0c4d2e8935566778899aabbccddeeff00112233445566778899aabbccdd"

// inDatabase is a configuration with a data directory of its own.
func inDatabase(t *testing.T, uri string) server.Config {
	c := config(t)
	c.DatastoreURI, c.HashKey = uri, sharedHashKey
	return c
}

func TestWhatAServerDidOnPostgreSQLAnotherOneKnows(t *testing.T) {
	c := inDatabase(t, postgres.Database(t))
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	helper(t, s.Handler())
	_, answer := do(t, s.Handler(), http.MethodPost, "/access/v1/evaluation", mayAliceInteract)
	require.JSONEq(t, `{"decision":true}`, answer)

	_, err = server.Open(t.Context(), c)
	require.ErrorContains(t, err, "another process is using the data directory")
	require.NoError(t, s.Close())

	s, err = server.Open(t.Context(), inDatabase(t, c.DatastoreURI))
	require.NoError(t, err)
	defer s.Close()
	_, answer = do(t, s.Handler(), http.MethodPost, "/access/v1/evaluation", mayAliceInteract)
	require.JSONEq(t, `{"decision":true}`, answer)
	require.Empty(t, s.RootKey())
}

func TestServersThatStartAtOnceOnANewDatabase(t *testing.T) {
	uri := postgres.Database(t)
	opened := make(chan error)
	const servers = 3
	for range servers {
		c := inDatabase(t, uri)
		go func() {
			s, err := server.Open(t.Context(), c)
			if err == nil {
				err = s.Close()
			}
			opened <- err
		}()
	}
	for range servers {
		require.NoError(t, <-opened)
	}
}

func TestDatabasesThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct{ uri, says, advice string }{
		"nobody there":   {"postgres://gina:hunter2@127.0.0.1:1/facts", "connection refused", "that the database is running"},
		"another scheme": {"mysql://gina:hunter2@127.0.0.1/facts", "--datastore-uri", ""},
		"no URI":         {"postgres://gina:hunter2#@127.0.0.1:x/facts", "as %XX", ""},
		"few":            {"postgres://gina:hunter2@127.0.0.1/facts?pool_max_conns=1", "must be at least", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server.Open(t.Context(), inDatabase(t, c.uri))
			refused(t, err, c.says, c.advice)
		})
	}
	t.Run("no such database", func(t *testing.T) {
		u, err := url.Parse(postgres.Server(t))
		require.NoError(t, err)
		u.Path, u.User = "/nowhere", url.UserPassword(u.User.Username(), "hunter2")
		c, log := inDatabase(t, u.String()), &testenv.Log{}
		c.StartTimeout, c.Log = time.Minute, slog.New(slog.NewTextHandler(log, nil))
		_, err = server.Open(t.Context(), c)
		refused(t, err, `"nowhere" does not exist`, "CREATE DATABASE")
		require.NotContains(t, log.String(), "trying again", "it will not come by itself")
	})
}

// TestAStartWaitsForADatabaseThatIsStillStarting starts a server beside its database, as a whole installation is started after a power cut.
func TestAStartWaitsForADatabaseThatIsStillStarting(t *testing.T) {
	u, err := url.Parse(postgres.Database(t))
	require.NoError(t, err)
	runs := u.Host
	address, release, err := loopback.Reserve()
	require.NoError(t, err)
	defer func() { require.NoError(t, release()) }()
	u.Host = address
	c := inDatabase(t, u.String())
	c.StartTimeout = time.Minute
	log := &testenv.Log{}
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	opened := make(chan error, 1)
	go func() {
		s, err := server.Open(t.Context(), c)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "trying again") }, 30*time.Second, 10*time.Millisecond)
	wire.At(t, address, runs)
	require.NoError(t, <-opened)
}

func refused(t *testing.T, err error, says, advice string) {
	t.Helper()
	require.ErrorContains(t, err, says)
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), "\n")
	var start *server.StartError
	if errors.As(err, &start) {
		require.Contains(t, start.Advice, advice)
	} else {
		require.Empty(t, advice)
	}
}

// TestADatabaseThatIsAwayAndComesBack breaks the network between the server and its database, and lets it say nothing for a while.
func TestADatabaseThatIsAwayAndComesBack(t *testing.T) {
	u, err := url.Parse(postgres.Database(t))
	require.NoError(t, err)
	network := wire.New(t, u.Host)
	u.Host = network.Address()
	c := inDatabase(t, u.String())
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	defer s.Close()
	helper(t, s.Handler())

	network.Hold()
	began := time.Now()
	status, answer := do(t, s.Handler(), http.MethodGet, "/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, answer, `"store":"unavailable"`)
	require.Less(t, time.Since(began), 10*time.Second)
	network.Release()
	network.Cut()
	require.Eventually(t, func() bool {
		status, _ := do(t, s.Handler(), http.MethodGet, "/readyz", "")
		return status == http.StatusOK
	}, 10*time.Second, 50*time.Millisecond)
	status, answer = do(t, s.Handler(), http.MethodPut, "/v1/users/bob", `{"type":"internal"}`)
	require.Less(t, status, 300, answer)
	_, answer = do(t, s.Handler(), http.MethodPost, "/access/v1/evaluation", mayAliceInteract)
	require.JSONEq(t, `{"decision":true}`, answer)
}
