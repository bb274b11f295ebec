package sharing_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// Random histories are sequences of changes by random actors, refused ones included. GRANTWAY_CHANGES says how many changes one has,
// GRANTWAY_SEED which one it is, and GRANTWAY_LOG=1 tells it.
const (
	defaultChanges = 300
	wholeEvery     = 100 // changes, after which everything is compared that can be asked
)

func number(t testing.TB, name string, unset uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return unset
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

func TestRandomHistoriesGoAsTheModelSays(t *testing.T) {
	changes := number(t, "GRANTWAY_CHANGES", defaultChanges)
	if testing.Short() {
		changes /= 4
	}
	h := newHistory(t)
	for n := range changes {
		h.step()
		if n%wholeEvery == wholeEvery-1 {
			h.whole()
		}
	}
	h.whole()
	t.Logf("%d changes done, %d refused; %d decisions agree, %d of them true; %d found; %d withheld", h.done, h.refused, h.decisions, h.trues, h.found, h.veiled)
	if changes >= defaultChanges/4 {
		require.Greater(t, 2*h.done, h.refused, "too much was refused: the test hardly tests")
	}
}

// history makes random changes and knows what the model says of each.
type history struct {
	*env
	rng    *rand.Rand
	decide *decision.Service

	mu    *sync.Mutex
	links map[access.ChatbotID][]string // the public links that there were, the last one last

	ownerless map[access.OrganizationID]bool // the organizations whose last owner was offboarded by somebody else (O1)

	keys    []*heldKey // the account keys of people
	invited []sent     // the invitations that were sent, the last one last

	done, refused           int
	decisions, trues, found int
	veiled                  int // answers that were no, to somebody who may not know that they are yes (C7)
	log                     []string
}

// newHistory begins a history, with two organizations and their people for the changes to work on.
func newHistory(t testing.TB) *history {
	t.Helper()
	return newHistoryIn(t, newEnv(t))
}

// newHistoryIn is newHistory in an env that is empty.
func newHistoryIn(t testing.TB, e *env) *history {
	t.Helper()
	seed := number(t, "GRANTWAY_SEED", uint64(time.Now().UnixNano()%1_000_000_000))
	t.Logf("GRANTWAY_SEED=%d", seed)
	h := &history{env: e, rng: rand.New(rand.NewPCG(seed, 1)), mu: &sync.Mutex{}, links: map[access.ChatbotID][]string{}}
	h.decide = decision.New(decision.Config{Engine: h.engine, Directory: decision.FromStore(h.db), Now: func() time.Time { return h.now }})
	t.Cleanup(func() {
		if t.Failed() || os.Getenv("GRANTWAY_LOG") != "" {
			t.Logf("GRANTWAY_SEED=%d; the last changes were\n%s", seed, strings.Join(h.log[max(0, len(h.log)-40):], "\n"))
		}
	})
	h.begin()
	return h
}

// deed is one change that somebody tries.
type deed struct {
	actor  access.Actor
	what   string
	about  []access.Object // what it names, and so what may be different afterwards
	may    bool            // by the plain reading of the model, as long as all that it names is there
	absent bool            // what is to be taken away may not be there, which is no refusal of the actor
	leaves access.UserID   // who is offboarded by it, or ""
	closes bool            // a conflict closes what it is about as failed (S8)
	do     func() error
	then   func(after *plain.World) // what else must be so once it is done; or nil
}

// step makes one random change and compares what came of it with the model.
func (h *history) step() {
	h.t.Helper()
	before := h.world()
	h.try(before, h.choose(before.WithSiteAdmin(theKey)))
}

// try makes the change and compares what came of it with the model.
func (h *history) try(before *plain.World, d deed) {
	h.t.Helper()
	stored := h.stored()
	err := d.do()
	h.told(d, err)
	h.judge(before, d, err)
	if err != nil {
		now := h.stored()
		if d.closes && access.KindOf(err) == access.KindConflict {
			for _, table := range []string{"requests", "invitations", "notifications", "mails"} {
				delete(now, table)
				delete(stored, table)
			}
		}
		require.Equal(h.t, stored, now, "a refusal leaves nothing but its record (H1)")
		return
	}
	after := h.world()
	if d.then != nil {
		d.then(after)
	}
	h.noteOwnerless(after, d)
	h.judgeKeys(after)
	h.invariants(after)
	h.agrees()
	touched := append(changed(before, after), d.about...)
	sample := h.sample(after, touched)
	h.compare(after, sample)
	if len(sample) > 0 && h.rng.IntN(4) == 0 {
		h.compareTold(after, sample)
	}
	h.lists(after, touched)
}

// told counts the change and remembers what became of it.
func (h *history) told(d deed, err error) {
	h.log = append(h.log, fmt.Sprintf("%s: %s: %v", sharing.ActorName(d.actor), d.what, err))
	if err != nil {
		h.refused++
	} else {
		h.done++
	}
}

// judge compares the answer to the actor with what the model says of the actor: whoever may not must have been refused, and whoever may must
// not have been denied.
func (h *history) judge(w *plain.World, d deed, err error) {
	h.t.Helper()
	switch kind := access.KindOf(err); {
	case err == nil:
		require.True(h.t, d.may, "allowed to one who may not")
	case kind == access.KindDenied:
		require.False(h.t, d.may, "denied to one who may: %v", err)
	case kind == access.KindNotFound:
		require.False(h.t, d.may && !d.absent && allThere(w, d.about), "hidden from one who may: %v", err)
	case kind == access.KindUnauthenticated:
		u, _ := find(w.Users, func(u access.User) bool { return u.ID == d.actor.User })
		require.True(h.t, u.Gone(), "%v", err)
	case kind == access.KindConflict, kind == access.KindUnprocessable, kind == access.KindIDTaken: // the state or the value was refused
	default:
		h.t.Fatalf("no refusal: %+v", err)
	}
}

// theKey is the user as whom the plain reading knows the root key, which acts as a site admin (B2).
const theKey access.UserID = "the root key"

// by is the user whom the actor stands for.
func by(actor access.Actor) access.UserID {
	if actor.User == "" {
		return theKey
	}
	return actor.User
}

// choose picks what happens next.
func (h *history) choose(w *plain.World) deed {
	if d, ok := h.comesBack(w); ok {
		return d
	}
	return pickWeighted(h.rng, []weighted{
		{8, h.putsMember}, {3, h.removesMember}, {3, h.grantsPlatformRole}, {1, h.offboards}, {3, h.putsUser}, {1, h.limits},
		{3, h.createsOrRenames}, {4, h.setsVisibility}, {8, h.shares}, {2, h.unshares}, {2, h.transfers}, {6, h.putsRow}, {2, h.deletesRow},
		{5, h.putsPolicy}, {4, h.putsFeature}, {6, h.putsResource}, {1, h.deletesResource},
		{2, h.putsTeam}, {5, h.putsTeamMember}, {1, h.removesTeamMember}, {6, h.nests}, {4, h.putsRole}, {4, h.assigns}, {1, h.unassigns}, {3, h.deletesRole},
		{2, h.putsGroup}, {4, h.listsInGroup}, {1, h.unlistsFromGroup}, {1, h.deletesThing},
		{4, h.makesKey}, {1, h.deletesKey}, {4, h.linksUp}, {5, h.timePasses},
		{6, h.decides}, {2, h.cancels}, {3, h.invites}, {4, h.accepts}, {12, h.makesAccountKey}, {5, h.takesRightAway}, {3, h.takesKeyOver},
	})(w)
}

// contested picks among the changes that get into each other's way.
func (h *history) contested(w *plain.World) deed {
	return pickWeighted(h.rng, []weighted{
		{8, h.shares}, {4, h.decides}, {1, h.cancels}, {3, h.unshares}, {5, h.putsRow}, {2, h.deletesRow}, {4, h.transfers}, {6, h.putsMember}, {3, h.removesMember}, {2, h.setsVisibility},
	})(w)
}

type weighted struct {
	weight int
	deed   func(*plain.World) deed
}

func pickWeighted(rng *rand.Rand, all []weighted) func(*plain.World) deed {
	total := 0
	for _, x := range all {
		total += x.weight
	}
	n := rng.IntN(total)
	for _, x := range all {
		if n -= x.weight; n < 0 {
			return x.deed
		}
	}
	panic("unreachable")
}

// world reads all facts from the store.
func (h *history) world() *plain.World {
	h.t.Helper()
	w := &plain.World{}
	require.NoError(h.t, h.db.View(h.ctx, func(tx *store.Tx) error { return readWorld(tx, w) }))
	// Their IDs are drawn by the server, and a history is to be the same again for the same seed.
	slices.SortFunc(w.APIKeys, func(a, b access.APIKey) int { return strings.Compare(a.Name, b.Name) })
	return w
}
