package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func testRecord(t *testing.T, stores maker) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	first := access.Record{Seq: 99, Time: noon.Add(5 * time.Microsecond), Actor: "user:alice", Key: "k", Action: "share.put",
		Resource: access.Obj[access.ChatbotID](access.TypeChatbot, "help"), Organization: "acme", Address: "::1", RequestID: "r",
		Outcome: access.Refused, Rule: "S2", Detail: "no", Before: "{}", After: `{"access":"use_only"}`, Effects: "[]"}
	second := access.Record{Time: noon.Add(-time.Hour), Actor: "user:bob", Action: "share.put", Subject: "user:eve"} // the clock was set back
	third := access.Record{Time: noon.Add(time.Hour), Actor: "user:bob", Action: "team.put",
		Resource: access.Obj[access.TeamID](access.TypeTeam, "help")}
	fourth := third // within the same microsecond
	update(t, stores.open(t), func(tx *Tx) {
		for i, r := range []*access.Record{&first, &second, &third, &fourth} {
			seq, err := tx.AppendRecord(*r)
			must(t, err)
			require.EqualValues(t, i+1, seq)
			r.Seq = seq
		}
		start := RecordPlace{}
		are(t, second, first, third, fourth)(tx.Records(RecordFilter{}, start, 0))
		are(t, fourth, third, first, second)(tx.Records(RecordFilter{NewestFirst: true}, start, 0))
		are(t, first)(tx.Records(RecordFilter{}, PlaceOf(second), 1))
		are(t, fourth)(tx.Records(RecordFilter{}, PlaceOf(third), 0))
		are(t, third, first)(tx.Records(RecordFilter{NewestFirst: true}, PlaceOf(fourth), 2))
		are(t, first)(tx.Records(RecordFilter{Actor: "user:alice"}, start, 0))
		are(t, second, first)(tx.Records(RecordFilter{Action: "share.put"}, start, 0))
		are(t, third, fourth)(tx.Records(RecordFilter{Actor: "user:bob", Action: "team.put"}, start, 0))
		are(t, first)(tx.Records(RecordFilter{Resource: first.Resource}, start, 0))
		are(t, third, fourth)(tx.Records(RecordFilter{Resource: third.Resource}, start, 0))
		are(t, first)(tx.Records(RecordFilter{Organization: "acme"}, start, 0))
		are(t, second)(tx.Records(RecordFilter{Subject: "user:eve"}, start, 0))
		are(t, first, third, fourth)(tx.Records(RecordFilter{From: noon}, start, 0))
		are(t, fourth)(tx.Records(RecordFilter{From: noon}, PlaceOf(third), 0))
		are(t, second, first)(tx.Records(RecordFilter{To: third.Time}, start, 0))
		are(t, second)(tx.Records(RecordFilter{From: second.Time, To: first.Time}, start, 0))
		are[access.Record](t)(tx.Records(RecordFilter{From: noon.Add(2 * time.Hour)}, start, 0))

		first.Repeats, first.LastTime = 7, noon.Add(30*time.Minute)
		must(t, tx.CountRepeats(first.Seq, first.Repeats, first.LastTime))
		must(t, tx.CountRepeats(99, 1, noon))
		are(t, second, first, third, fourth)(tx.Records(RecordFilter{}, start, 0))
	})
}

// TestPruneRecord checks that the oldest go first, and none that is to be kept.
func testPruneRecord(t *testing.T, stores maker) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	update(t, stores.open(t), func(tx *Tx) {
		for _, hour := range []int{3, 1, 2, 0} {
			_, err := tx.AppendRecord(access.Record{Time: noon.Add(time.Duration(hour) * time.Hour)})
			must(t, err)
		}
		for _, want := range []struct{ deleted, left int }{{2, 2}, {1, 1}, {0, 1}} {
			n, err := tx.PruneRecord(noon.Add(3*time.Hour), 2)
			must(t, err)
			require.Equal(t, want.deleted, n)
			left, err := tx.Records(RecordFilter{}, RecordPlace{}, 0)
			must(t, err)
			require.Len(t, left, want.left)
			require.Equal(t, noon.Add(3*time.Hour), left[len(left)-1].Time)
		}
	})
}

func testLastDeletion(t *testing.T, stores maker) {
	acme := access.Obj[access.OrganizationID](access.TypeOrganization, "acme")
	update(t, stores.open(t), func(tx *Tx) {
		is0 := func(want int64) {
			t.Helper()
			seq, err := tx.LastDeletion("acme")
			must(t, err)
			require.Equal(t, want, seq)
		}
		is0(0)
		for _, r := range []access.Record{
			{Action: "organization.delete", Resource: acme, Outcome: access.Done}, {Action: "organization.put", Resource: acme, Outcome: access.Done},
			{Action: "organization.delete", Resource: acme, Outcome: access.Refused},
			{Action: "organization.delete", Resource: access.Obj[access.OrganizationID](access.TypeOrganization, "globex"), Outcome: access.Done},
		} {
			_, err := tx.AppendRecord(r)
			must(t, err)
		}
		is0(1)
	})
}

func testOutbox(t *testing.T, stores maker) {
	path := stores.uri(t)
	db := reopen(t, path)
	update(t, db, func(tx *Tx) {
		for _, updates := range [][]byte{{0, 0xff, 'a'}, nil, []byte("c")} {
			_, err := tx.AppendOutbox(updates, time.Time{})
			must(t, err)
		}
		entries, err := tx.Outbox(2)
		must(t, err)
		require.Len(t, entries, 2)
		require.Equal(t, OutboxEntry{Seq: 1, Updates: []byte{0, 0xff, 'a'}}, entries[0])
		require.EqualValues(t, 2, entries[1].Seq)
		require.Empty(t, entries[1].Updates)
		must(t, tx.DeleteOutbox(2))
		are(t, OutboxEntry{Seq: 3, Updates: []byte("c")})(tx.Outbox(0))
		must(t, tx.DeleteOutbox(3))
	})
	must(t, db.Close())
	update(t, reopen(t, path), func(tx *Tx) {
		seq, err := tx.AppendOutbox(nil, time.Time{})
		must(t, err)
		require.EqualValues(t, 4, seq, "numbers are not used again when the outbox was empty")
	})
}

func testIdempotentAnswers(t *testing.T, stores maker) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	answer := IdempotentAnswer{BodyDigest: "d", Status: 201, Answer: []byte(`{"id":"x"}`), At: at}
	update(t, stores.open(t), func(tx *Tx) {
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
