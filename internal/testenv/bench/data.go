package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/grantway/grantway/internal/client"
)

// The size of one organization.
const (
	members  = 100
	teams    = 10
	chatbots = 20
)

func orgID(o int) string     { return fmt.Sprintf("org-%d", o) }
func userID(o, u int) string { return fmt.Sprintf("user-%d-%d", o, u) }
func teamID(o, t int) string { return fmt.Sprintf("team-%d-%d", o, t) }
func botID(o, b int) string  { return fmt.Sprintf("bot-%d-%d", o, b) }

// load imports the data through the gateway, as a user would, and returns how many rows there were.
func load(ctx context.Context, p *place, s settings) (int64, error) {
	c, err := client.New(p.gateway, rootKey, "")
	if err != nil {
		return 0, err
	}
	var rows int64
	for from := 0; from < s.organizations; from += 50 { // so that no transaction gets too long
		summary, err := c.Import(ctx, []client.Source{{Name: "data.jsonl", Open: func() (io.ReadCloser, error) {
			r, w := io.Pipe()
			go func() { w.CloseWithError(write(w, s, from, min(from+50, s.organizations))) }()
			return r, nil
		}}}, client.ImportOptions{}, func(int) {}, func(e client.Event) error {
			if e.Reject != nil {
				return fmt.Errorf("line %d: %s", e.Reject.Line, e.Reject.Reason)
			}
			return nil
		})
		if err != nil {
			return rows, err
		}
		rows += summary.Written
	}
	return rows, nil
}

// write writes some of the organizations as an import file. Every fifth chatbot is open to its organization's members, and each is shared
// with two teams and two users of its organization, one team of another, and on one in ten there are gates and a member with a row.
func write(w io.Writer, s settings, from, to int) error {
	out := bufio.NewWriter(w)
	e := json.NewEncoder(out)
	var failed error
	row := func(kind string, values map[string]any) {
		values["kind"] = kind
		if err := e.Encode(values); err != nil && failed == nil {
			failed = err
		}
	}
	random := rand.New(rand.NewPCG(s.seed, uint64(from)))
	for o := from; o < to; o++ {
		for u := range members {
			role := "member"
			switch {
			case u == 0:
				role = "owner"
			case u < 4:
				role = "admin"
			case u >= 90:
				role = "client"
			}
			row("membership", map[string]any{"organization": orgID(o), "user": userID(o, u), "role": role})
			row("team_member", map[string]any{"team": teamID(o, u%teams), "organization": orgID(o), "user": userID(o, u), "role": "member"})
		}
		for b := range chatbots {
			bot := botID(o, b)
			visibility := "shared"
			if b%5 == 0 {
				visibility = "organization"
			}
			row("chatbot", map[string]any{"chatbot": bot, "organization": orgID(o), "owner": userID(o, b), "visibility": visibility})
			share := func(principal, level string) {
				row("share", map[string]any{"chatbot": bot, "principal": principal, "access": level})
			}
			share("team:"+teamID(o, b%teams), "use_only")
			share("team:"+teamID(o, (b+1)%teams), "read_only")
			share("user:"+userID(o, 30+b), "read_write")
			share("user:"+userID(o, 60+random.IntN(30)), "use_only")
			if o > from {
				share("team:"+teamID(o-1, random.IntN(teams)), "use_only")
			}
			if b%10 == 3 {
				row("policy", map[string]any{"chatbot": bot, "user_types": []string{"external", "internal"}, "denied_users": []string{userID(o, 99)}})
				row("row", map[string]any{"chatbot": bot, "user": userID(o, 50), "actions": []string{"read", "test"}})
			}
		}
	}
	if failed != nil {
		return failed
	}
	return out.Flush()
}

// question is one that both are asked.
type question struct{ user, action, bot string }

var actions = []string{"interact", "interact", "interact", "interact", "read", "read", "update", "manage_access"}

// questions draws one after the other: most about a chatbot of the user's own organization, most about using it.
type questions struct {
	random        *rand.Rand
	organizations int
	repeated      []question // if not nil, only these are asked
}

func (q *questions) next() question {
	if q.repeated != nil {
		return q.repeated[q.random.IntN(len(q.repeated))]
	}
	org := q.random.IntN(q.organizations)
	of := org
	if q.random.IntN(5) == 0 {
		of = q.random.IntN(q.organizations)
	}
	return question{
		user: userID(org, q.random.IntN(members)), action: actions[q.random.IntN(len(actions))], bot: botID(of, q.random.IntN(chatbots)),
	}
}

// page is what a list of a hundred chatbots asks for one user: each of those actions about each chatbot.
func (q *questions) page(actions ...string) []question {
	org := q.random.IntN(q.organizations)
	user := userID(org, q.random.IntN(members))
	var all []question
	for b := range 100 / len(actions) {
		for _, action := range actions {
			all = append(all, question{user: user, action: action, bot: botID((org+b/chatbots)%q.organizations, b%chatbots)})
		}
	}
	return all
}
