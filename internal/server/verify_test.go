package server

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// What was written to the engine past the server is not mended by a start, and verify does not say that it is.
func TestVerifyNamesWhatMendsForeignRelationships(t *testing.T) {
	at := spice.Mark{Installation: "i", Change: 7, History: "h"}
	text := strings.Join(told(&outbox.Report{
		Store: at, Engine: at, Known: true,
		Differences: []outbox.Difference{{What: outbox.Surplus, Kind: "chatbot#owner", Count: 1, Examples: []string{"chatbot:helper#owner@user:gwen"}}},
	}), "\n")
	require.Contains(t, text, "Run grantway verify --repair to make it match")
	require.Contains(t, text, "does not repair it")
	require.NotContains(t, text, "start a server")
}

func TestVerifyTellsOfALargeChangeThatIsBeingCarried(t *testing.T) {
	at := spice.Mark{Installation: "i", Change: 7, History: "h"}
	aside := store.ParkedEntry{OutboxEntry: store.OutboxEntry{Seq: 8, First: 4, CommittedAt: time.Unix(0, 0)}}
	lines := told(&outbox.Report{Store: at, Engine: at, Known: true, Aside: []store.ParkedEntry{aside, aside}})
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], "from 1970-01-01T00:00:00Z is being carried to the engine: 2 parts are left")
}
