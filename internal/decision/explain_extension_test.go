package decision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/spice"
)

// An explanation of an extension's resource names what grants, and only that: not what an exclusion takes away, nor what it takes away by. A denial names
// the condition that does not hold, and the exclusion.
func TestExclusionsAndConditionsOfExtensionsAreExplained(t *testing.T) {
	x, err := spice.ParseExtension("x.yaml", []byte(`
schema: |-
  caveat opened(status string) {
    status == "open"
  }
  definition box {
    relation parent: box
    relation viewer: user | user with opened
    relation banned: user
    relation admin: user
    relation approved: user
    permission view = (viewer - banned) + admin
    permission enter = view & approved
    permission inherit = parent->view
  }
relationships: |-
  box:a#viewer@user:zoe
  box:a#banned@user:zoe
  box:a#viewer@user:mia
  box:a#banned@user:mia
  box:a#admin@user:mia
  box:a#viewer@user:otto
  box:a#approved@user:otto
  box:a#viewer@user:sam[opened]
  box:b#parent@box:a
`))
	require.NoError(t, err)
	e := decisiontest.Start(t)
	e.Install(x)
	e.Load(acme())
	s := e.Service(x)
	for _, c := range []struct {
		subject access.Object
		action  string
		box     string
		want    string
		more    []any
	}{
		{user("zoe"), "view", "a", "denied: user:zoe has box#banned on box:a, which takes view away", nil},
		{user("zoe"), "enter", "a", "denied: user:zoe has box#banned on box:a, which takes view away", nil},
		{user("mia"), "view", "a", "allowed: user:mia has box#admin on box:a; user:mia has box#view on box:a", nil},
		{user("mia"), "inherit", "b", "allowed: user:mia has box#admin on box:a; user:mia has box#view on box:a; user:mia has box#inherit on box:b", nil},
		{user("otto"), "enter", "a", "allowed: user:otto has box#approved on box:a; user:otto has box#viewer on box:a; user:otto has box#view on box:a; user:otto has box#enter on box:a", nil},
		{user("sam"), "view", "a", "denied: the condition opened of box#viewer on box:a is false", []any{"context.status", "shut"}},
		{user("sam"), "enter", "a", "denied: the condition opened of box#viewer on box:a is false", []any{"context.status", "shut"}},
		{user("sam"), "view", "a", "denied: needs status", nil},
		{user("sam"), "view", "a", "allowed: user:sam has box#viewer on box:a; user:sam has box#view on box:a", []any{"context.status", "open"}},
		{user("anna"), "view", "a", "denied: no relationship gives user:anna box#view on box:a", nil},
	} {
		asked := asks(c.subject, c.action, thing("box", c.box), c.more...)
		require.Equal(t, c.want, told(answer(t, s, backend, explained(asked))))
		if c.action != "inherit" { // where an arrow leads is not known once the engine remembers its answer
			require.Equal(t, c.want, told(answer(t, s, backend, explained(asked))), "again")
		}
	}
}
