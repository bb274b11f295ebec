package bulk

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
)

// TestS13WhatExpiredSinceTheExportIsCounted: a move that takes a year brings everything else, and says how many rows came too late.
func TestS13WhatExpiredSinceTheExportIsCounted(t *testing.T) {
	hashKey := secret.NewHashKey()
	from, to := newEnvWith(t, hashKey), newEnvWith(t, hashKey)
	c := from.issue()
	_, err := from.PutShare(t.Context(), as("bob"), "helper", who("user:gina"), sharing.SharePatch{
		Access: access.Some(access.ReadOnly), ExpiresAt: access.Some(from.now.Add(time.Hour)),
	})
	require.NoError(t, err)
	_, err = from.CreateKey(t.Context(), root, sharing.NewKey{Name: "for a day", Access: access.KeyFull, ExpiresAt: from.now.Add(24 * time.Hour)})
	require.NoError(t, err)
	file := string(from.export(""))
	expiring := only(file, sharing.KindAPIKey, sharing.KindRequest, sharing.KindInvitation) + grep(only(file, sharing.KindShare, sharing.KindAccountKey), "expires_at")
	const late = 5 // the API key, the request, the invitation, the share and the second account key
	require.Equal(t, late, strings.Count(expiring, "\n"))

	to.now = to.now.AddDate(1, 0, 0)
	dry := to.post(t.Context(), root, "dry_run=true", "all.jsonl", file)
	require.Empty(t, dry.rejects)
	require.Equal(t, int64(late), dry.sum.Expired)
	sum := to.takes(root, "all.jsonl", file)
	require.Equal(t, int64(late), sum.Expired)
	require.Equal(t, dry.sum.Written, sum.Written)
	require.Equal(t, sum.Rows, sum.Written+sum.Unchanged+sum.Expired)
	require.False(t, to.can("gina", access.Read, access.Obj(access.TypeChatbot, access.ChatbotID("helper"))))
	_, known := to.keyOf(c.apiKey)
	require.False(t, known)
	moved := string(to.export(""))
	for line := range strings.Lines(expiring) {
		require.NotContains(t, moved, line)
	}
	require.Len(t, strings.Split(withoutLines(file, expiring), "\n"), strings.Count(moved, "\n")+1, "all else is there")
	to.agrees()
}

// grep is the lines that hold the text.
func grep(file, text string) string {
	var b strings.Builder
	for line := range strings.Lines(file) {
		if strings.Contains(line, text) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func withoutLines(file, lines string) string {
	var b strings.Builder
	for line := range strings.Lines(file) {
		if !strings.Contains(lines, line) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestS13AnExpiredShareChangesNoneThatIsInForce in any format, also where it is the last second. What is judged, and who may import it, makes no difference.
func TestS13AnExpiredShareChangesNoneThatIsInForce(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile, "b.csv", botFile, "t.csv", teamFile)
	helper := access.Obj(access.TypeChatbot, access.ChatbotID("helper"))
	e.takes(root, "s.rel", "chatbot:helper#read_write@user:gina[expiration:2030-01-02t03:04:06z]\n")
	e.now = e.now.Add(time.Second)
	require.False(t, e.can("gina", access.Interact, helper), "the second of expiry")
	e.takes(root, "s.jsonl", `{"kind":"share","chatbot":"helper","principal":"user:gina","access":"use_only","expires_at":"2030-01-02t05:00:00.75+01:00"}`)
	require.True(t, e.can("gina", access.Interact, helper))
	before := string(e.export(""))
	for name, file := range map[string]string{
		"s.csv":   "chatbot,principal,access,expires_at\nhelper,user:gina,read_write,2030-01-02T03:04:06Z\n",
		"s.jsonl": `{"kind":"share","chatbot":"helper","principal":"user:gina","access":"read_write","expires_at":"2030-01-02T03:04:06.9Z"}`,
		"s.rel":   "chatbot:helper#read_write@user:gina[expiration:2030-01-02T04:04:06+01:00]\n",
	} {
		want := Summary{Rows: 1, Kinds: counted{sharing.KindShare: 1}, Expired: 1}
		for _, actor := range []access.Actor{root, as("bob")} {
			if name == "s.rel" && actor.User != "" {
				continue // relationships are for those who restore
			}
			assert.Equal(t, want, e.takes(actor, name, file), name)
		}
		require.Equal(t, before, string(e.export("")), name)
	}
	require.True(t, e.can("gina", access.Interact, helper))
	require.False(t, e.can("gina", access.Update, helper))
	e.agrees()
}
