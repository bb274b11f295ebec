package siege_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/stretchr/testify/require"
)

// mostEntries is how many entries of refusals one caller may leave in an organization's record within an hour.
const mostEntries = 100

// refusals are changes of somebody else's chatbot, each of which is refused.
var refusals = attack{
	name: "A7",
	does: "nobody tries to change bot-1 of acme's, by 4 routes, as fast as one can",
	wage: func(ctx context.Context, s *siege) {
		c := s.server.from(attackersFrom[0], s.nobody)
		tried := []struct {
			path string
			body object
		}{
			{"/v1/chatbots/bot-1", object{"name": fill("mine ", 200)}},
			{"/v1/chatbots/bot-1/shares/user:nobody", object{"access": "read_write"}},
			{"/v1/chatbots/bot-1/policy", object{"enabled": false}},
			{"/v1/chatbots/bot-1/public-access", object{"mode": "everyone"}},
		}
		among(ctx, len(tried), func(ctx context.Context, i int) {
			status, _, err := c.call(ctx, "PUT", tried[i].path, tried[i].body)
			if ctx.Err() == nil {
				s.answered("PUT: %d %v", status, err)
			}
		})
	},
	judge: func(s *siege) {
		alice := *s.root
		alice.actor = "alice"
		_, text, err := alice.call(s.Context(), "GET", "/v1/audit/export?format=jsonl", nil)
		require.NoError(s, err)
		entries, size := 0, 0
		for line := range bytes.Lines(text) {
			if bytes.Contains(line, []byte("nobody")) && bytes.Contains(line, []byte("refused")) {
				entries++
				size += len(line)
			}
		}
		s.note("acme's record has %d entries of nobody's refusals, %d KiB", entries, size>>10)
		if entries == 0 {
			s.miss("acme's record does not say that nobody tried")
		}
		if entries > mostEntries {
			s.miss("%s", fmt.Sprintf("%d entries of nobody's refusals are in acme's record", entries))
		}
	},
}
