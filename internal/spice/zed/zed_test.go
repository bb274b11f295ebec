package zed_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/spice/zed"
	"github.com/grantway/grantway/schema"
)

const todo = `schema: |-
  caveat before_noon(hour int) {
    hour < 12
  }

  definition todo {
    relation owner: user | user with before_noon
    relation team: team
    permission read = owner + team->member
    permission update = owner
  }
relationships: |-
  todo:milk#owner@user:alice
  todo:bWlsaw==#owner@user:bob[before_noon]
actions:
  todo:
    GET: read
    can_update_todo: update
assertions:
  assertTrue:
    - todo:milk#read@user:alice
    - 'todo:bWlsaw==#read@user:bob with {"hour": 9}'
  assertFalse:
    - todo:milk#read@user:bob
`

func TestValidate(t *testing.T) {
	x, wrong, err := zed.Validate(t.Context(), "todo.yaml", []byte(todo))
	require.NoError(t, err)
	require.Empty(t, wrong)
	require.True(t, x.Defines("todo"))
}

func TestValidateTellsFailedAssertions(t *testing.T) {
	_, wrong, err := zed.Validate(t.Context(), "todo.yaml", []byte(strings.Replace(todo, "#read@user:bob\n", "#read@user:alice\n", 1)))
	require.NoError(t, err)
	require.Len(t, wrong, 1)
	require.Contains(t, wrong[0], "todo.yaml:24: ")
}

func TestValidateRefuses(t *testing.T) {
	_, _, err := zed.Validate(t.Context(), "todo.yaml", []byte(strings.Replace(todo, "definition todo", "definition chatbot", 1)))
	require.ErrorContains(t, err, "todo.yaml:6: ")
	_, _, err = zed.Validate(t.Context(), "todo.yaml", []byte(strings.Replace(todo, "assertTrue:\n    - todo:milk#read", "assertTrue:\n    - milk#read", 1)))
	require.ErrorContains(t, err, "todo.yaml: ")
}

func TestCompare(t *testing.T) {
	x, err := spice.ParseExtension("todo.yaml", []byte(todo))
	require.NoError(t, err)
	lines, err := zed.Compare(schema.Text, x.Schema())
	require.NoError(t, err)
	require.Equal(t, []string{"+ caveat before_noon", "+ definition todo"}, lines)

	lines, err = zed.Compare("// a comment\n"+schema.Text, schema.Text)
	require.NoError(t, err)
	require.Empty(t, lines)

	lines, err = zed.Compare(`
		definition user {}
		definition doc {
			relation viewer: user
			permission view = viewer
		}`, `
		definition user {}
		caveat big(n int) {
			n > 1
		}
		definition doc {
			relation viewer: user with big | user:*
			relation parent: doc#viewer
			permission view = viewer + parent
		}`)
	require.NoError(t, err)
	require.Equal(t, []string{
		"+ caveat big", "~ definition doc: permission view", "+ definition doc: relation parent", "- definition doc: relation viewer: user",
		"+ definition doc: relation viewer: user with big", "+ definition doc: relation viewer: user:*",
	}, lines)
}
