package zed_test

import (
	"strings"
	"testing"
	"time"

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
	x, wrong, err := zed.Validate(t.Context(), "todo.yaml", []byte(todo), noon)
	require.NoError(t, err)
	require.Empty(t, wrong)
	require.True(t, x.Defines("todo"))
}

var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

// The server gives now, subject_id and resource_id, and so they are there in assertions, which may also ask by the names of actions. An assertion that
// names one of them asks about another time, or another subject.
func TestValidateGivesWhatTheServerGives(t *testing.T) {
	file := []byte(`schema: |-
  caveat until(now timestamp, end timestamp) {
    now < end
  }
  caveat own(subject_id string, resource_id string, mine string) {
    subject_id == "al@b" && resource_id == "to:do" && mine == "yes"
  }
  definition todo {
    relation guest: user with until
    relation author: user:* with own
    permission read = guest + author
  }
relationships: |-
  todo:"to:do"#guest@user:gus[until:{"end":"2030-01-02T12:00:01Z"}]
  todo:a/b#guest@user:zoe[until:{"end":"2031-01-02T12:00:01Z"}]
  todo:"to:do"#author@user:*[own]
actions:
  todo: {GET: read, todos/read: read}
assertions:
  assertTrue:
    - todo:"to:do"#read@user:gus
    - todo:"to:do"#GET@user:gus
    - todo:to=3Ado#todos/read@user:gus
    - 'todo:"to:do"#GET@user:"al@b" with {"mine": "yes"}'
  assertCaveated:
    - todo:"to:do"#GET@user:"al@b"
  assertFalse:
    - 'todo:"to:do"#GET@user:gus with {"now": "2030-01-02T12:00:01Z"}'
    - 'todo:"to:do"#GET@user:"al@c" with {"mine": "yes"}'
validation:
  todo:a/b#read:
    - "[user:zoe[...]] is <todo:a/b#guest>"
`)
	_, wrong, err := zed.Validate(t.Context(), "todo.yaml", file, noon)
	require.NoError(t, err)
	require.Empty(t, wrong)
	_, wrong, err = zed.Validate(t.Context(), "todo.yaml", file, noon.Add(time.Second))
	require.NoError(t, err)
	require.Equal(t, []string{"todo.yaml:21: ", "todo.yaml:22: ", "todo.yaml:23: "}, []string{wrong[0][:14], wrong[1][:14], wrong[2][:14]})
	require.Contains(t, wrong[1], `#GET@user:gus`, "as the file has it")
}

func TestValidateTellsFailedAssertions(t *testing.T) {
	_, wrong, err := zed.Validate(t.Context(), "todo.yaml", []byte(strings.Replace(todo, "#read@user:bob\n", "#read@user:alice\n", 1)), noon)
	require.NoError(t, err)
	require.Len(t, wrong, 1)
	require.Contains(t, wrong[0], "todo.yaml:24: ")
}

func TestValidateRefuses(t *testing.T) {
	_, _, err := zed.Validate(t.Context(), "todo.yaml", []byte(strings.Replace(todo, "definition todo", "definition chatbot", 1)), noon)
	require.ErrorContains(t, err, "todo.yaml:6: ")
	_, _, err = zed.Validate(t.Context(), "todo.yaml", []byte(strings.Replace(todo, "assertTrue:\n    - todo:milk#read", "assertTrue:\n    - milk#read", 1)), noon)
	require.ErrorContains(t, err, "todo.yaml:21: not an assertion")
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
