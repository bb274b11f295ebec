package spice_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/spice/embedded"
)

func readExtension(t *testing.T, name string) *spice.Extension {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	x, err := spice.ParseExtension(name, data)
	require.NoError(t, err)
	return x
}

func TestWhatAnExtensionSays(t *testing.T) {
	x := readExtension(t, "todo.yaml")
	require.Equal(t, []access.Type{"todo", "tool"}, x.Types())
	require.True(t, x.Defines("todo"))
	require.False(t, x.Defines(access.TypeChatbot), "the built-in types are not the extension's")
	require.Equal(t, []string{"GET", "PUT", "can_read_todos", "manage_access", "read", "update"}, x.Actions("todo"))

	permission, ok := x.Permission("tool", "tools/list")
	require.True(t, ok)
	require.Equal(t, "list", permission)
	for _, action := range []string{"owner", "tools/list", "organization", ""} {
		_, ok := x.Permission("todo", action)
		require.False(t, ok, action)
	}

	var parameters []string
	for _, p := range x.Parameters("todo") {
		parameters = append(parameters, p.Name+" "+p.Type)
	}
	require.Equal(t, []string{"author string", "end timestamp", "now timestamp", "status string", "subject_id string"}, parameters)
	end, status := x.Parameters("todo")[1], x.Parameters("todo")[3]
	value, ok := status.Read("open")
	require.True(t, ok)
	require.Equal(t, "open", value)
	_, ok = status.Read(5.0)
	require.False(t, ok)
	value, ok = end.Read("1955-11-05t06:15:00.5-08:00")
	require.True(t, ok)
	require.Equal(t, "1955-11-05T14:15:00.5Z", value)
	for _, sent := range []any{"2030-01-31T12:00:00,5Z", "9999-12-31T23:59:59-05:00", "2030-06-30T23:59:60Z", "2030-01-31", 5.0} {
		_, ok = end.Read(sent)
		require.False(t, ok, sent)
	}
	require.False(t, x.MeetsLimits("todo"))
	require.Len(t, x.Changes(), 8)
	require.Contains(t, x.Schema(), "definition chatbot {")
	require.Contains(t, x.Schema(), "definition todo {")
}

func TestNoExtension(t *testing.T) {
	var x *spice.Extension
	require.Empty(t, x.Types())
	require.False(t, x.Defines("todo"))
	require.Nil(t, x.Actions("todo"))
	require.Nil(t, x.Parameters("todo"))
	require.Empty(t, x.Changes())
	require.False(t, x.MeetsLimits("todo"))
	_, ok := x.Permission("todo", "read")
	require.False(t, ok)
}

// IDs are written in one way only, so that what the file calls by a name is what a request calls by it.
func TestIDsAreCanonical(t *testing.T) {
	x, err := spice.ParseExtension("x.yaml", []byte(`
schema: "definition thing {\n  relation owner: user\n  permission read = owner\n}"
relationships: |-
  thing:a/b|c#owner@user:alice=40acme=2Ecom
  thing:=61#owner@user:*=
`))
	require.Error(t, err, "a star stands alone")
	require.Nil(t, x)

	x, err = spice.ParseExtension("x.yaml", []byte(`
schema: "definition thing {\n  relation owner: user\n  permission read = owner\n}"
relationships: |-
  thing:a/b|c#owner@user:alice=40acme=2Ecom
  thing:=61#owner@user:=
`))
	require.NoError(t, err)
	first, second := x.Changes()[0].GetRelationship(), x.Changes()[1].GetRelationship()
	require.Equal(t, spice.Encode("a/b|c"), first.GetResource().GetObjectId())
	require.Equal(t, spice.Encode("alice@acme.com"), first.GetSubject().GetObject().GetObjectId())
	require.Equal(t, "a", second.GetResource().GetObjectId())
	require.Equal(t, spice.Encode("="), second.GetSubject().GetObject().GetObjectId())
}

// What SpiceDB's grammar cannot spell is written as it is, in quotes.
func TestIDsInQuotes(t *testing.T) {
	x, err := spice.ParseExtension("x.yaml", []byte(`
schema: |-
  caveat named(name string) { name == "x with y" }
  definition thing {
    relation owner: user | user:* with named
    permission read = owner
  }
relationships: |-
  thing:"todo:{id}"#owner@user:"alice@acme.com"
  thing:"a \"quoted\" \\ one#@"#owner@user:"*"
  thing:"josé"#owner@user:*[named:{"name":"x with y"}]
actions:
  thing: {GET: read, "a@b": read}
assertions:
  assertTrue:
    - thing:"todo:{id}"#GET@user:"alice@acme.com"
    - 'thing:todo=3A=7Bid=7D#"a@b"@user:alice=40acme=2Ecom with {"name": "x with y"}'
`))
	require.NoError(t, err)
	for i, want := range [][2]string{{"todo:{id}", "alice@acme.com"}, {`a "quoted" \ one#@`, "*"}} {
		r := x.Changes()[i].GetRelationship()
		require.Equal(t, spice.Encode(want[0]), r.GetResource().GetObjectId())
		require.Equal(t, spice.Encode(want[1]), r.GetSubject().GetObject().GetObjectId())
	}
	require.Equal(t, "*", x.Changes()[2].GetRelationship().GetSubject().GetObject().GetObjectId())
	first, second := x.Assertions()[0], x.Assertions()[1]
	require.Equal(t, first.Question, second.Question)
	require.Equal(t, "read", first.Question.Resource.Relation)
	require.Equal(t, map[string]any{"name": "x with y"}, second.Context)
	require.Equal(t, 16, first.Line)
}

func TestWhatAnExtensionMayNot(t *testing.T) {
	const thing = "schema: |-\n  definition thing {\n    relation owner: user\n    permission read = owner\n  }\n"
	for name, c := range map[string]struct{ file, line, says string }{
		"no YAML":                   {"a: [", "x.yaml: ", "not a YAML file"},
		"no map":                    {"- a", "x.yaml: ", "must be a SpiceDB validation file"},
		"empty":                     {"", "x.yaml: ", "must be a SpiceDB validation file"},
		"no schema":                 {"relationships: ''", "x.yaml: ", "`schema` is missing"},
		"a schema that is a list":   {"schema: [1]", "x.yaml:1: ", "`schema` must be a text"},
		"another file's schema":     {"schemaFile: a.zed", "x.yaml:1: ", "put the schema itself"},
		"an unknown key":            {thing + "action: {}", "x.yaml:6: ", `"action" is not one of`},
		"a schema that is broken":   {"schema: |-\n  definition thing {\n    relation owner user\n  }", "x.yaml:3: ", "does not compile"},
		"an unknown type":           {"schema: |-\n  // hello\n  definition thing {\n    relation owner: nobody\n  }", "x.yaml:4: ", "nobody"},
		"an unknown caveat":         {"schema: |-\n  definition thing {\n    relation owner: user with what\n  }", "x.yaml:3: ", "what"},
		"a built-in definition":     {"schema: |-\n\n  definition user {}", "x.yaml:3: ", `"user" is a built-in definition`},
		"a built-in caveat":         {"schema: |-\n  caveat not_expired(a int) {\n    a == 1\n  }", "x.yaml:2: ", `"not_expired" is a built-in caveat`},
		"a parameter of the server": {"schema: |-\n  caveat mine(gw_time timestamp, a timestamp) {\n    a < gw_time\n  }", "x.yaml:2: ", "gw_"},
		"now that is a string":      {"schema: |-\n  caveat mine(now string) {\n    now == \"\"\n  }", "x.yaml:2: ", "as a timestamp, not a string"},
		"expiry by the engine":      {"schema: |-\n  use expiration\n  definition thing {}", "x.yaml:2: ", "now timestamp"},
		"another flag":              {"schema: |-\n  use self\n  definition thing {}", "x.yaml:2: ", "not supported"},
		"a broken relationship":     {thing + "relationships: |-\n\n  thing:a#owner", "x.yaml:8: ", "not a relationship"},
		"an unknown relation":       {thing + "relationships: |-\n  thing:a#reader@user:b", "x.yaml:7: ", "reader"},
		"a wrong subject":           {thing + "relationships: |-\n  // who\n  thing:a#owner@team:b", "x.yaml:8: ", "team"},
		"a wildcard":                {thing + "relationships: |-\n  thing:a#owner@user:*", "x.yaml:7: ", "*"},
		"a built-in resource":       {thing + "relationships: |-\n  organization:acme#owner@user:mallory", "x.yaml:7: ", "the server's own changes"},
		"a relationship twice":      {thing + "relationships: |-\n  thing:a#owner@user:b\n\n  thing:=61#owner@user:b", "x.yaml:9: ", "as in line 7"},
		"an endless ID":             {thing + "relationships: |-\n  thing:" + strings.Repeat("a", 257) + "#owner@user:b", "x.yaml:7: ", "256 bytes"},
		"a key twice":               {thing + "relationships: ''\nrelationships: ''", "x.yaml:7: ", `"relationships" appears twice`},
		"assertsTrue":               {thing + "assertions:\n  assertsTrue: []", "x.yaml:7: ", "`assertTrue`"},
		"assertTru":                 {thing + "assertions:\n  assertTru:\n    - thing:a#read@user:b", "x.yaml:7: ", `"assertTru" is not one of`},
		"assertTrue twice":          {thing + "assertions:\n  assertTrue: []\n  assertTrue: []", "x.yaml:8: ", `"assertTrue" appears twice`},
		"assertions of a list":      {thing + "assertions: []", "x.yaml:6: ", "`assertions` must be a map"},
		"an assertion of a map":     {thing + "assertions:\n  assertTrue: {a: b}", "x.yaml:7: ", "must be a list of assertions"},
		"half an assertion":         {thing + "assertions:\n  assertTrue:\n    - thing:a#read", "x.yaml:8: ", "not an assertion"},
		"an assertion with a list":  {thing + "assertions:\n  assertTrue: ['thing:a#read@user:b with [1]']", "x.yaml:7: ", "must be a JSON object"},
		"an assertion and a caveat": {thing + "assertions:\n  assertTrue: ['thing:a#read@user:b[hours]']", "x.yaml:7: ", "such as: with"},
		"an arrow to nothing":       {"schema: |-\n  definition thing {\n    relation bot: chatbot\n    permission read = bot->reed\n  }", "x.yaml:4: ", "bot->reed leads nowhere"},
		"an arrow out of nothing":   {"schema: |-\n  definition thing {\n    relation owner: user\n    relation bot: chatbot\n    permission read = owner - (bot->read + bot.all(reed))\n  }", "x.yaml:5: ", "bot->reed leads nowhere"},
		"an open quote":             {thing + "relationships: |-\n  thing:\"a#owner@user:b", "x.yaml:7: ", "a quote is not closed"},
		"an ID of half a pair":      {thing + "relationships: |-\n  thing:\"\\ud83d\"#owner@user:b", "x.yaml:7: ", "a quote is not closed, or contains an unknown escape"},
		"an ID with a space":        {thing + "relationships: |-\n  thing:\"a \"#owner@user:b", "x.yaml:7: ", "white space"},
		"an endless ID in quotes":   {thing + "relationships: |-\n  thing:\"" + strings.Repeat("@", 257) + "\"#owner@user:b", "x.yaml:7: ", "256 bytes"},
		"actions that are a list":   {thing + "actions: [a]", "x.yaml:6: ", "a map from resource type"},
		"actions of a list":         {thing + "actions:\n  thing: [a]", "x.yaml:7: ", "a map from action name"},
		"actions of another type":   {thing + "actions:\n  chatbot:\n    GET: read", "x.yaml:7: ", `"chatbot"`},
		"an action that is nothing": {thing + "actions:\n  thing:\n    GET: write", "x.yaml:8: ", `no permission "write"`},
		"an action of a relation":   {thing + "actions:\n  thing:\n    GET: owner", "x.yaml:8: ", "relations cannot be actions"},
		"an action in two senses": {
			"schema: |-\n  definition thing {\n    relation owner: user\n    permission read = owner\n    permission write = owner\n  }\n" +
				"actions:\n  thing:\n    read: write", "x.yaml:9: ", "cannot stand for another",
		},
		"a parameter in two senses": {
			"schema: |-\n  caveat one(level int) {\n    level == 1\n  }\n  caveat two(level string) {\n    level == \"\"\n  }\n" +
				"  definition thing {\n    relation owner: user with one | user with two\n  }", "x.yaml:", "give them different names",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := spice.ParseExtension("x.yaml", []byte(c.file))
			require.Error(t, err)
			require.Equal(t, access.KindInvalid, access.KindOf(err))
			require.Contains(t, err.Error(), c.line)
			require.Contains(t, err.Error(), c.says)
		})
	}
}

func TestInstall(t *testing.T) {
	engine, err := embedded.Start(t.Context(), embedded.Config{Path: filepath.Join(t.TempDir(), "engine.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	client := spice.NewClient(engine.Conn())
	x := readExtension(t, "todo.yaml")
	for range 2 { // doing it twice is harmless
		token, err := client.Install(t.Context(), x)
		require.NoError(t, err)
		require.NotEmpty(t, token)
	}
	a, err := client.Check(t.Context(), spice.Newest, spice.Question{
		Subject: access.Subject{Type: access.TypeUser, ID: "alice"}, Permission: "read", Resource: access.Object{Type: "todo", ID: "todo:{id}"},
	})
	require.NoError(t, err)
	require.True(t, a.Allowed)

	_, err = client.Install(t.Context(), nil)
	require.Equal(t, access.KindConflict, access.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "cannot delete object definition")
	require.ErrorContains(t, err, "delete its relationships")
	_, err = client.Install(t.Context(), x)
	require.NoError(t, err, "nothing changed")
}

func FuzzParseExtension(f *testing.F) {
	for _, name := range []string{"todo.yaml", "certification.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if x, err := spice.ParseExtension("x.yaml", data); err != nil {
			require.Nil(t, x)
		}
	})
}
