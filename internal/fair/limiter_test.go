package fair

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// scene is some calls for the places of one limiter.
type scene struct {
	*testing.T
	*Limiter
	mu       sync.Mutex
	served   []string // the holders, in the order in which they got places
	places   map[string][]*Place
	refused  map[string]int
	stubborn bool // those who hold places do not give them back when they are recalled
}

func newScene(t *testing.T, c Config) *scene {
	return &scene{T: t, Limiter: New(c), places: map[string][]*Place{}, refused: map[string]int{}}
}

// calls lets the holder ask for so many places, each in its own time.
func (s *scene) calls(name string, n int) {
	for range n {
		go func() {
			var place *Place
			ready := make(chan struct{})
			recall := func() {
				go func() {
					<-ready
					s.mu.Lock()
					stubborn := s.stubborn
					s.mu.Unlock()
					if !stubborn {
						s.givesBack(name, place)
					}
				}()
			}
			p, err := s.Take(s.Context(), name, recall)
			s.mu.Lock()
			defer s.mu.Unlock()
			if err != nil {
				s.refused[name]++
				return
			}
			place = p
			close(ready)
			s.served, s.places[name] = append(s.served, name), append(s.places[name], p)
		}()
		synctest.Wait()
	}
}

func (s *scene) givesBack(name string, p *Place) {
	s.mu.Lock()
	at := slices.Index(s.places[name], p)
	if at >= 0 {
		s.places[name] = slices.Delete(s.places[name], at, at+1)
	}
	s.mu.Unlock()
	p.Release()
}

// ends gives back the holder's oldest place.
func (s *scene) ends(name string) {
	s.mu.Lock()
	p := s.places[name][0]
	s.mu.Unlock()
	s.givesBack(name, p)
	synctest.Wait()
}

func (s *scene) has(name string) int {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.places[name])
}

// refusals is how many of the holder's calls were refused.
func (s *scene) refusals(name string) int {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused[name]
}

// order is the holders in the order in which they got places.
func (s *scene) order() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.served)
}

func (s *scene) closes() {
	s.mu.Lock()
	s.stubborn = false
	s.mu.Unlock()
	for {
		s.mu.Lock()
		var open []string
		for name, all := range s.places {
			if len(all) > 0 {
				open = append(open, name)
			}
		}
		s.mu.Unlock()
		if len(open) == 0 {
			break
		}
		for _, name := range open {
			if s.has(name) > 0 {
				s.ends(name)
			}
		}
	}
	time.Sleep(time.Hour)
	taken, waiting := s.Figures()
	require.Zero(s, taken, "all places are given back")
	require.Zero(s, waiting)
	require.Empty(s, s.holders, "nobody is remembered")
	require.Empty(s, s.turns)
	require.Zero(s, s.recalled)
}

var small = Config{Places: 8, Waiting: 8, Wait: time.Second, Patience: 100 * time.Millisecond}

func TestOneAloneMayUseWhatNobodyAsksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, small)
		s.calls("greedy", 20)
		require.Equal(t, 6, s.has("greedy"), "all but the reserve")
		s.calls("quiet", 1)
		require.Equal(t, 1, s.has("quiet"), "who finds a place in the reserve at once")
		time.Sleep(2 * time.Second)
		require.Equal(t, 6, s.has("greedy"), "nobody who waited had less")
		require.Equal(t, 14, s.refusals("greedy"))
		s.closes()
	})
}

func TestWhileOthersWaitNobodyHoldsMoreThanAQuarter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, small)
		s.calls("greedy", 6)
		s.calls("a", 2)
		s.calls("b", 2)
		require.Equal(t, [3]int{6, 2, 0}, [3]int{s.has("greedy"), s.has("a"), s.has("b")})
		time.Sleep(150 * time.Millisecond)
		require.Equal(t, [3]int{4, 2, 2}, [3]int{s.has("greedy"), s.has("a"), s.has("b")}, "those who waited a moment got what was above the share")
		s.calls("c", 8)
		time.Sleep(150 * time.Millisecond)
		require.Equal(t, [4]int{2, 2, 2, 2}, [4]int{s.has("greedy"), s.has("a"), s.has("b"), s.has("c")})
		s.calls("d", 1)
		time.Sleep(150 * time.Millisecond)
		require.Equal(t, 1, s.has("d"), "a holder without a place gets one from a holder of several")
		s.closes()
	})
}

func TestThoseWhoWaitAreServedInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, Config{Places: 1, Waiting: 100})
		s.calls("greedy", 60)
		s.calls("quiet", 1)
		s.calls("other", 2)
		for range 5 {
			order := s.order()
			s.ends(order[len(order)-1])
		}
		require.Equal(t, []string{"greedy", "greedy", "quiet", "other", "greedy", "other"}, s.order())
		s.closes()
	})
}

func TestRoomToWaitIsSharedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, Config{Places: 1, Waiting: 8, Wait: time.Minute})
		s.calls("greedy", 30)
		require.Equal(t, 23, s.refusals("greedy"), "one works and six wait")
		for _, other := range []string{"a", "b", "c", "d", "e"} {
			s.calls(other, 1)
			require.Zero(t, s.refusals(other))
		}
		require.Equal(t, 26, s.refusals("greedy"), "its newest calls make room")
		time.Sleep(2 * time.Minute)
		s.closes()
	})
}

func TestNobodyWaitsLongerThanTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Places: 1, Waiting: 1, Wait: time.Second})
		p, err := l.Take(t.Context(), "a", nil)
		require.NoError(t, err)
		began := time.Now()
		_, err = l.Take(t.Context(), "b", nil)
		require.ErrorIs(t, err, ErrBusy)
		require.Equal(t, time.Second, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err = l.Take(ctx, "b", nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		p.Release()
		p.Release()
		p, err = l.Take(t.Context(), "b", nil)
		require.NoError(t, err)
		p.Release()
		require.Empty(t, l.holders)
	})
}

// Whatever many holders do, the promises hold after each step.
func TestThePromisesHoldWhateverHappens(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for round := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, round))
			s := newScene(t, Config{Places: 1 + r.IntN(12), Waiting: r.IntN(12), Wait: time.Second, Patience: 100 * time.Millisecond})
			names := []string{"a", "b", "c", "d", "e"}[:1+r.IntN(5)]
			for range 60 {
				name := names[r.IntN(len(names))]
				switch r.IntN(5) {
				case 0, 1:
					s.calls(name, 1+r.IntN(4))
				case 2, 3:
					if s.has(name) > 0 {
						s.ends(name)
					}
				case 4:
					time.Sleep(time.Duration(r.IntN(150)) * time.Millisecond)
				}
				s.keepsPromises()
			}
			time.Sleep(2 * time.Second)
			s.closes()
		})
	}
}

func (s *scene) keepsPromises() {
	synctest.Wait()
	s.Limiter.mu.Lock()
	defer s.Limiter.mu.Unlock()
	held, waiting := 0, 0
	for name, h := range s.holders {
		state := fmt.Sprintf("%s holds %d of %d, %d are free, %d wait", name, h.held, s.Places, s.free, len(h.waiters))
		held, waiting = held+h.held, waiting+len(h.waiters)
		if len(h.waiters) == 0 {
			continue
		}
		if s.free > 0 {
			require.GreaterOrEqual(s, h.held, max(1, s.Places/4), "a free place is given to who has less than the share: %s", state)
			require.LessOrEqual(s, s.free, s.Places/4, "and beyond the reserve to anybody: %s", state)
		}
		if h.waiters[0].overdue && h.held < max(1, s.Places/4) {
			for other, g := range s.holders {
				if g != h {
					require.LessOrEqual(s, g.held, max(1, s.Places/4), "%s keeps more than the share: %s", other, state)
					require.False(s, h.held == 0 && g.held > 1, "%s keeps more than one: %s", other, state)
				}
			}
		}
	}
	require.Equal(s, s.Places-s.free, held)
	require.Equal(s, s.waiting, waiting)
	require.LessOrEqual(s, s.waiting, s.Waiting)
}
