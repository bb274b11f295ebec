package faults_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// What the trials call wrong: each sentence is about a share that was given, and then ended through the first of two gateways.
func TestWhatMayBeDecided(t *testing.T) {
	one, two := &gateway{number: 1}, &gateway{number: 2}
	answered := func(x *thing) { x.answered(one, "token") }
	lost := func(x *thing) { x.unanswered(nil) }
	for name, c := range map[string]struct {
		end   func(*thing)
		seen  []bool // before, at the newest state of the second gateway
		after time.Duration
		fresh freshness
		by    *gateway
		says  bool
		right bool
		again bool
	}{
		"the newest state says no":                            {end: answered, fresh: full, by: two, says: false, right: true},
		"the newest state says yes":                           {end: answered, fresh: full, by: two, says: true, again: true},
		"its token says no":                                   {end: answered, fresh: token, by: two, says: false, right: true},
		"its token says yes":                                  {end: answered, fresh: token, by: two, says: true, again: true},
		"the gateway that answered says yes":                  {end: answered, fresh: plain, by: one, says: true, again: true},
		"another gateway says yes at once":                    {end: answered, fresh: plain, by: two, says: true, right: true},
		"another gateway says yes for too long":               {end: answered, after: lag + time.Second, fresh: plain, by: two, says: true, again: true},
		"without an answer, yes":                              {end: lost, after: time.Hour, fresh: full, by: two, says: true, right: true},
		"without an answer, no":                               {end: lost, after: time.Hour, fresh: full, by: two, says: false, right: true},
		"without an answer, no after yes":                     {end: lost, seen: []bool{true}, fresh: full, by: two, says: false, right: true},
		"without an answer, yes after no":                     {end: lost, seen: []bool{false}, fresh: full, by: two, says: true, again: true},
		"without an answer, yes after no, and somewhere else": {end: lost, seen: []bool{false}, fresh: plain, by: one, says: true, right: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newThing(sharedByRoot, "bot", "bob", levels...)
				for _, value := range []string{"use_only", ""} {
					taken, alters := x.take(value)
					require.True(t, taken && alters)
					x.sent(value)
					time.Sleep(10 * time.Millisecond)
					if value != "" {
						answered(x)
						time.Sleep(time.Minute)
					}
				}
				c.end(x)
				time.Sleep(time.Millisecond + c.after)
				for _, says := range c.seen {
					q := x.ask("interact", full, two)
					time.Sleep(time.Millisecond)
					require.False(t, q.decided(says).wrong)
					time.Sleep(time.Millisecond)
				}
				q := x.ask("interact", c.fresh, c.by)
				time.Sleep(time.Millisecond)
				v := q.decided(c.says)
				require.Equal(t, c.right, !v.wrong, v.say)
				require.Equal(t, c.again, v.again)
			})
		})
	}
	t.Run("nobody gave it", func(t *testing.T) {
		v := newThing(sharedByRoot, "bot", "bob", levels...).ask("read", plain, two).decided(true)
		require.True(t, v.wrong)
		require.False(t, v.again)
	})
}
