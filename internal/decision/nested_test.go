package decision_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// braid adds levels of four teams to acme, each in all four of the next level: there are four times as many ways to the bottom with each level. mia
// is in the lowest teams, and the private chatbot is shared with a team of the highest level.
func braid(w *plain.World, levels int) {
	name := func(level, n int) access.TeamID { return access.TeamID(fmt.Sprintf("level %d/%d", level, n)) }
	for level := range levels {
		for n := range 4 {
			w.Teams = append(w.Teams, access.Team{ID: name(level, n), Organization: "acme"})
			if level == 0 {
				w.TeamMemberships = append(w.TeamMemberships, access.TeamMembership{Team: name(0, n), User: "mia", Role: access.TeamMember})
				continue
			}
			for below := range 4 {
				w.Nestings = append(w.Nestings, access.TeamNesting{Outer: name(level, n), Inner: name(level-1, below)})
			}
		}
	}
	top := access.Principal{Kind: access.PrincipalTeam, ID: string(name(levels-1, 0))}
	w.Shares = append(w.Shares, access.Share{Chatbot: "private", Principal: top, Level: access.ReadOnly})
	w.Resources = append(w.Resources, access.Resource{Type: access.TypeDocument, ID: "list", Chatbot: "private", Mode: access.ModeRestricted, Allowed: []access.Principal{top}})
}

// allocated is how many bytes are allocated while do runs, the engine's included, which runs in this process.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// T2, B6: what asking costs goes with the teams and people, and not with the ways between them, which are millions here.
func TestT2AskingAboutBraidedTeamsCostsLittle(t *testing.T) {
	const levels, most = 12, 64 << 20
	e := decisiontest.Start(t)
	w := acme()
	braid(w, levels)
	e.Load(w)
	s := e.Service(nil)
	for name, ask := range map[string]func(){
		"whether a stranger may": func() { require.False(t, can(t, s, backend, asks(user("zoe"), "read", chatbot("private")))) },
		"whether a member may":   func() { require.True(t, can(t, s, backend, asks(user("mia"), "read", chatbot("private")))) },
		"why a member may":       func() { require.True(t, can(t, s, backend, explained(asks(user("mia"), "read", chatbot("private"))))) },
		"who may read": func() {
			require.Equal(t, []string{"anna", "mia", "sam"}, found(t, s.SearchSubjects, backend, asks(user(""), "read", chatbot("private"))))
		},
		"who may view a document": func() {
			require.Equal(t, []string{"anna", "mia", "sam"}, found(t, s.SearchSubjects, backend, asks(user(""), "view", thing(access.TypeDocument, "list"))))
		},
		"what a member may read": func() {
			require.Equal(t, []string{"helper", "private"}, found(t, s.SearchResources, backend, asks(user("mia"), "read", chatbot(""))))
		},
		"who has anything on the chatbot": func() {
			page, _, err := s.ChatbotAccess(t.Context(), access.System, "private", "", 100)
			require.NoError(t, err)
			require.Len(t, page, 3)
		},
		"what a member has": func() {
			all := func(ids []access.ChatbotID) ([]bool, error) { return []bool{true, true, true}[:len(ids)], nil }
			page, _, err := s.UserAccess(t.Context(), access.System, "mia", "", 100, all)
			require.NoError(t, err)
			require.Len(t, page, 3)
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Less(t, allocated(ask), uint64(most))
		})
	}
}
