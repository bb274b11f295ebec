package store

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func TestRecord(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	first := access.Record{Seq: 99, Time: noon.Add(5 * time.Microsecond), Actor: "user:alice", Key: "k", Action: "share.put",
		Resource: access.Obj[access.ChatbotID](access.TypeChatbot, "help"), Address: "::1", RequestID: "r", Outcome: access.Refused, Rule: "S2",
		Detail: "no", Before: "{}", After: `{"level":"use_only"}`}
	second := access.Record{Time: noon.Add(-time.Hour), Actor: "user:bob", Action: "share.put"} // the clock was set back
	third := access.Record{Time: noon.Add(time.Hour), Actor: "user:bob", Action: "team.put",
		Resource: access.Obj[access.TeamID](access.TypeTeam, "help")}
	update(t, open(t), func(tx *Tx) {
		for i, r := range []*access.Record{&first, &second, &third} {
			seq, err := tx.AppendRecord(*r)
			must(t, err)
			require.EqualValues(t, i+1, seq)
			r.Seq = seq
		}
		are(t, first, second, third)(tx.Records(RecordFilter{}, 0, 0))
		are(t, second)(tx.Records(RecordFilter{}, 1, 1))
		are(t, first)(tx.Records(RecordFilter{Actor: "user:alice"}, 0, 0))
		are(t, first, second)(tx.Records(RecordFilter{Action: "share.put"}, 0, 0))
		are(t, third)(tx.Records(RecordFilter{Actor: "user:bob", Action: "team.put"}, 0, 0))
		are(t, first)(tx.Records(RecordFilter{Resource: first.Resource}, 0, 0))
		are(t, third)(tx.Records(RecordFilter{Resource: access.Object{Type: access.TypeTeam}}, 0, 0))
		are(t, first, third)(tx.Records(RecordFilter{From: noon}, 0, 0))
		are(t, third)(tx.Records(RecordFilter{From: noon}, 1, 0))
		are(t, first, second)(tx.Records(RecordFilter{To: third.Time}, 0, 0))
		are(t, second)(tx.Records(RecordFilter{From: second.Time, To: first.Time}, 0, 0))
		are[access.Record](t)(tx.Records(RecordFilter{From: noon.Add(2 * time.Hour)}, 0, 0))
	})
}

func TestOutbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db := reopen(t, path)
	update(t, db, func(tx *Tx) {
		for _, updates := range [][]byte{{0, 0xff, 'a'}, nil, []byte("c")} {
			_, err := tx.AppendOutbox(updates)
			must(t, err)
		}
		are(t, OutboxEntry{1, []byte{0, 0xff, 'a'}}, OutboxEntry{Seq: 2})(tx.Outbox(2))
		must(t, tx.DeleteOutbox(2))
		are(t, OutboxEntry{3, []byte("c")})(tx.Outbox(0))
		must(t, tx.DeleteOutbox(3))
	})
	must(t, db.Close())
	update(t, reopen(t, path), func(tx *Tx) {
		seq, err := tx.AppendOutbox(nil)
		must(t, err)
		require.EqualValues(t, 4, seq, "numbers are not used again when the outbox was empty")
	})
}

func TestIdempotentAnswers(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	answer := IdempotentAnswer{BodyDigest: "d", Status: 201, Answer: []byte(`{"id":"x"}`), At: at}
	update(t, open(t), func(tx *Tx) {
		must(t, tx.PutIdempotent("k", "alice", "POST /v1/keys", "1", answer))
		is(t, answer)(tx.Idempotent("k", "alice", "POST /v1/keys", "1"))
		for _, other := range [][4]string{{"l", "alice", "POST /v1/keys", "1"}, {"k", "", "POST /v1/keys", "1"}, {"k", "alice", "POST /v1/x", "1"},
			{"k", "alice", "POST /v1/keys", "2"}} {
			absent[IdempotentAnswer](t)(tx.Idempotent(other[0], other[1], other[2], other[3]))
		}
		must(t, tx.PutIdempotent("k", "alice", "POST /v1/keys", "2", IdempotentAnswer{At: at.Add(1)}))
		must(t, tx.PruneIdempotent(at))
		is(t, answer)(tx.Idempotent("k", "alice", "POST /v1/keys", "1"))
		must(t, tx.PruneIdempotent(at.Add(time.Microsecond)))
		absent[IdempotentAnswer](t)(tx.Idempotent("k", "alice", "POST /v1/keys", "1"))
	})
}
