package siege_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/stretchr/testify/require"
)

// The teams of the attack: each of a level is in all of the next one.
const (
	teamLevels = 15
	teamsEach  = 4
)

// nestedTeams is a search that walks every path through the teams, if nothing bounds it.
var nestedTeams = attack{
	name: "A4",
	does: fmt.Sprintf("mallory searches for who may use a chatbot that is shared with %d levels of %d teams, each in all of the next, 2 searches at a time",
		teamLevels, teamsEach),
	prepare: func(s *siege) {
		mallory := s.server.from("127.0.0.1", s.mallory)
		team := func(level, n int) string { return fmt.Sprintf("/v1/teams/level-%d-%d", level, n) }
		refused := 0
		for level := range teamLevels {
			for n := range teamsEach {
				mallory.must(s, "PUT", team(level, n), object{"organization": "evil"})
				for inner := range teamsEach {
					if level == 0 {
						continue
					}
					status, answer, err := mallory.call(s.Context(), "PUT", fmt.Sprintf("%s/teams/level-%d-%d", team(level, n), level-1, inner), nil)
					require.NoError(s, err)
					if status != http.StatusOK && status != http.StatusCreated {
						if refused == 0 {
							s.note("the first nesting that was refused, at level %d: %s", level, answer)
						}
						refused++
					}
				}
				if level > 0 && n > 0 {
					continue
				}
				mallory.must(s, "PUT", team(level, n)+"/members/mallory", object{"role": "member"})
			}
		}
		s.note("%d of %d nestings were refused", refused, (teamLevels-1)*teamsEach*teamsEach)
		for level := teamLevels - 1; level >= 0; level-- { // the highest one that could be nested, and all below
			mallory.must(s, "PUT", fmt.Sprintf("/v1/chatbots/malbot/shares/team:level-%d-0", level), object{"access": "use_only"})
		}
	},
	wage: func(ctx context.Context, s *siege) {
		c := s.server.from(attackersFrom[0], s.mallory)
		question := object{"subject": object{"type": "user"}, "action": object{"name": "interact"}, "resource": object{"type": "chatbot", "id": "malbot"}}
		among(ctx, 2, func(ctx context.Context, _ int) {
			status, _, err := c.call(ctx, "POST", "/access/v1/search/subject", question)
			s.tallies(ctx, "search", status, err)
		})
	},
}
