package siege_test

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// directory is how many users the installation has.
const directory = 20_000

// lists are lists of people, read by somebody who sees none of them.
var lists = attack{
	name: "A5",
	does: fmt.Sprintf("nobody lists the users, 12 calls at a time, where there are %d", directory),
	prepare: func(s *siege) {
		for from := 0; from < directory; from += 5000 {
			var rows []object
			for n := from; n < from+5000; n++ {
				id := fmt.Sprintf("crowd-%05d", n)
				rows = append(rows, object{"kind": "user", "user": id, "email": id + "@crowd.test", "name": "One of the crowd"})
			}
			s.root.imports(s, rows)
		}
	},
	wage: func(ctx context.Context, s *siege) {
		c := s.server.from(attackersFrom[0], s.nobody)
		among(ctx, 12, func(ctx context.Context, _ int) {
			status, _, err := c.call(ctx, "GET", "/v1/users", nil)
			s.tallies(ctx, "GET /v1/users", status, err)
		})
	},
}

// refusedPause is how long an attacker waits who was refused: trying again at once would only load the machine that both share.
const refusedPause = 10 * time.Millisecond

// tallies counts an answer to an attacker, but for the last, which nobody waits for.
func (s *siege) tallies(ctx context.Context, what string, status int, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.answered("%s: %v", what, unwrapped(err))
		pause(ctx, refusedPause)
	default:
		s.answered("%s: %d", what, status)
		if status >= http.StatusBadRequest {
			pause(ctx, refusedPause)
		}
	}
}
