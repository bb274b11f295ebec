package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/backend"
)

// The levels of a share by what they give, and the actions that tell them apart.
var (
	levels  = []string{"", "use_only", "read_only", "read_write"}
	telling = []string{"interact", "read", "update"}
)

// share is what is known of one share: what was answered last, and what was sent and not answered.
type share struct {
	pair
	settled string
	sent    *string
	answers int
}

// TestKillingTheServerLosesNoAnsweredChange kills the process in the midst of shares, revocations and an import, again and again. After
// each start, what was answered last must be decided so; what was sent and not answered may be either. GRANTWAY_CRASHES is how many times.
func TestKillingTheServerLosesNoAnsweredChange(t *testing.T) {
	crashes, seed := crashesOf(t), seedOf(t)
	rng := rand.New(rand.NewPCG(seed, 2))

	place := backend.New(t)
	p := startAt(t, place)
	shares := found(p)
	answered, unanswered, taken := 0, 0, 0
	for crash := range crashes {
		ctx, stop := context.WithCancel(context.Background())
		var workers sync.WaitGroup
		for w := range 3 {
			mine := shares[w*8 : (w+1)*8]
			source := rand.New(rand.NewPCG(seed, uint64(crash*10+w+3)))
			workers.Go(func() { shareAndRevoke(ctx, p, mine, source) })
		}
		workers.Go(func() { importShares(ctx, p, shares[24:], levels[1+crash%3]) })
		time.Sleep(time.Duration(20+rng.IntN(400)) * time.Millisecond)
		p.kill()
		stop()
		workers.Wait()

		p = startAt(t, place)
		got := p.decisions(pairs(shares), telling)
		for i := range shares {
			s := &shares[i]
			level := levelOf(t, s.pair, got[i])
			if s.sent == nil {
				require.Equal(t, s.settled, level, "crash %d: %v was answered last as %q", crash, s.pair, s.settled)
			} else {
				require.Contains(t, []string{s.settled, *s.sent}, level, "crash %d: %v was %q, and %q was sent", crash, s.pair, s.settled, *s.sent)
				unanswered++
				if level == *s.sent {
					taken++
				}
			}
			answered += s.answers
			s.settled, s.sent, s.answers = level, nil, 0
		}
		listed(p, shares)
	}
	p.kill()
	require.Positive(t, answered)
	t.Logf("%d kills, %d answered changes checked; of %d that were under way %d had been taken", crashes, answered, unanswered, taken)
	recorded(t, place, answered)
}

// crashesOf is how many times the server is killed.
func crashesOf(t *testing.T) int {
	crashes := 8
	if s := os.Getenv("GRANTWAY_CRASHES"); s != "" {
		var err error
		crashes, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	return crashes
}

// seedOf is where the random numbers of the test begin.
func seedOf(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("GRANTWAY_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("GRANTWAY_SEED=%d", seed)
	return seed
}

// found sets up an organization with chatbots and people, and names the shares that the test plays with: three times eight for the sharers,
// the rest for the importer.
func found(p *process) []share {
	p.must("PUT", "/v1/users/olga", `{}`)
	p.must("PUT", "/v1/organizations/acme", `{"owner": "olga"}`)
	var shares []share
	for _, bot := range []string{"alpha", "beta", "gamma", "imported"} {
		p.must("PUT", "/v1/chatbots/"+bot, `{"organization": "acme", "owner": "olga"}`)
		people := 8
		if bot == "imported" {
			people = 40
		}
		for i := range people {
			user := fmt.Sprintf("%s-%d", bot, i)
			p.must("PUT", "/v1/users/"+user, `{}`)
			shares = append(shares, share{pair: pair{bot, user}})
		}
	}
	return shares
}

// shareAndRevoke changes one share after another until the server is gone.
func shareAndRevoke(ctx context.Context, p *process, shares []share, rng *rand.Rand) {
	for ctx.Err() == nil {
		s := &shares[rng.IntN(len(shares))]
		next := levels[rng.IntN(len(levels))]
		if s.settled == next { // changes nothing, and leaves no record
			continue
		}
		s.sent = &next
		method, body := "PUT", fmt.Sprintf(`{"access": %q}`, next)
		if next == "" {
			method, body = "DELETE", ""
		}
		status, _, err := p.call(ctx, method, s.path(), "application/json", body)
		if err != nil {
			return
		}
		if status >= 300 { // answered, and not done: what it left behind is not known
			return
		}
		s.settled, s.sent, s.answers = next, nil, s.answers+1
	}
}

// importShares imports shares of one level, in one call; the summary answers all of them.
func importShares(ctx context.Context, p *process, shares []share, level string) {
	var csv strings.Builder
	csv.WriteString("chatbot,principal,access\n")
	for i := range shares {
		shares[i].sent = &level
		fmt.Fprintf(&csv, "%s,user:%s,%s\n", shares[i].bot, shares[i].user, level)
	}
	status, stream, err := p.call(ctx, "POST", "/v1/imports?format=csv", "text/csv", csv.String())
	if err != nil || status != 200 {
		return
	}
	lines := strings.Split(strings.TrimSpace(string(stream)), "\n")
	var last struct {
		Summary *struct{ Rows, Written, Unchanged, Rejected int }
	}
	if json.Unmarshal([]byte(lines[len(lines)-1]), &last) != nil || last.Summary == nil || last.Summary.Rejected > 0 {
		return
	}
	for i := range shares {
		if shares[i].settled != level {
			shares[i].answers++
		}
		shares[i].settled, shares[i].sent = level, nil
	}
}

func pairs(shares []share) []pair {
	out := make([]pair, len(shares))
	for i, s := range shares {
		out[i] = s.pair
	}
	return out
}

// levelOf tells the level of a share by what is decided.
func levelOf(t *testing.T, x pair, decided []bool) string {
	t.Helper()
	level := 0
	for level < len(decided) && decided[level] {
		level++
	}
	for _, more := range decided[level:] {
		require.False(t, more, "%v: half a share: %v", x, decided)
	}
	return levels[level]
}

// listed checks that the shares listed are those decided.
func listed(p *process, shares []share) {
	want := map[pair]string{}
	for _, s := range shares {
		if s.settled != "" {
			want[s.pair] = s.settled
		}
	}
	have := map[pair]string{}
	for _, bot := range []string{"alpha", "beta", "gamma", "imported"} {
		var list struct {
			Items []struct{ Principal, Access string }
		}
		require.NoError(p.t, json.Unmarshal(p.must("GET", "/v1/chatbots/"+bot+"/shares?page_size=1000", ""), &list))
		for _, item := range list.Items {
			have[pair{bot, strings.TrimPrefix(item.Principal, "user:")}] = item.Access
		}
	}
	require.Equal(p.t, want, have, "what is listed differs from what is decided")
}

// recorded checks that there is a record entry for each answered change at least (H1).
func recorded(t *testing.T, place *backend.Place, answered int) {
	t.Helper()
	db, err := place.OpenStore(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	done := 0
	require.NoError(t, db.View(t.Context(), func(tx *store.Tx) error {
		records, err := tx.Records(store.RecordFilter{}, store.RecordPlace{}, 0)
		for _, r := range records {
			if r.Outcome == access.Done && (r.Action == "share.put" || r.Action == "share.delete") {
				done++
			}
		}
		return err
	}))
	require.GreaterOrEqual(t, done, answered)
}
