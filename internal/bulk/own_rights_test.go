package bulk

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// office is a world in which everybody has something that an import could take from them.
const office = `{"kind":"membership","organization":"acme","user":"olga","role":"owner"}
{"kind":"membership","organization":"acme","user":"otto","role":"owner"}
{"kind":"membership","organization":"acme","user":"ada","role":"admin"}
{"kind":"membership","organization":"acme","user":"bob","role":"member"}
{"kind":"membership","organization":"acme","user":"tess","role":"client"}
{"kind":"membership","organization":"acme","user":"carla","role":"client"}
{"kind":"membership","organization":"globex","user":"gina","role":"owner"}
{"kind":"membership","organization":"globex","user":"wes","role":"member"}
{"kind":"user","user":"sita","type":"internal"}
{"kind":"platform_role","role":"site_admin","user":"sita"}
{"kind":"user","user":"rita"}
{"kind":"team","team":"support","organization":"acme"}
{"kind":"team_member","team":"support","user":"tess","role":"admin"}
{"kind":"team","team":"guests","organization":"globex"}
{"kind":"team_member","team":"guests","user":"wes","role":"member"}
{"kind":"role","role":"vip","organization":"acme"}
{"kind":"chatbot","chatbot":"helper","organization":"acme","owner":"bob","visibility":"shared"}
{"kind":"chatbot","chatbot":"guide","organization":"acme","owner":"olga","visibility":"organization"}
{"kind":"share","chatbot":"helper","principal":"user:rita","access":"read_write"}
{"kind":"share","chatbot":"helper","principal":"team:guests","access":"read_write"}
`

// presentsOf makes an account key as the actor, and gives the actor that presents it.
func (e *env) presentsOf(actor access.Actor, level access.KeyAccess, org access.OrganizationID) access.Actor {
	e.t.Helper()
	r, err := e.CreateKey(e.t.Context(), actor, sharing.NewKey{Name: "k", Access: level, Organization: org})
	require.NoError(e.t, err)
	return access.Actor{Key: r.Key.ID, Access: level, Organization: org, Address: "127.0.0.1"}
}

// direct is the user who calls without a key.
func direct(u access.UserID) access.Actor { return access.Actor{User: u, Address: "127.0.0.1"} }

// tries imports a file, first as a dry run. Both answer the same, and the import comes to its end.
func (e *env) tries(actor access.Actor, query, file string) outcome {
	e.t.Helper()
	dry := e.post(e.t.Context(), actor, query+"&dry_run=true", "f.jsonl", file)
	got := e.post(e.t.Context(), actor, query, "f.jsonl", file)
	require.Equal(e.t, http.StatusOK, got.status)
	require.Equal(e.t, dry.problem, got.problem, "%s imports\n%s", actor.Name(), file)
	if got.problem != nil {
		return got
	}
	require.Equal(e.t, dry.rejects, got.rejects, "%s imports\n%s", actor.Name(), file)
	want := *dry.sum
	want.DryRun, want.ZedToken = false, got.sum.ZedToken
	require.Equal(e.t, want, *got.sum, "%s imports\n%s", actor.Name(), file)
	return got
}

// newcomer is what the files of the test make. Each case has its own, or its rows would be true already, and not written.
var newcomer = regexp.MustCompile(`newcomer|fresh|another|initech`)

// TestAnImportTakesRightsFromItsActorLast: the first row of each file takes from the actor what the others rest on. It is written after them.
func TestAnImportTakesRightsFromItsActorLast(t *testing.T) {
	demoted := `{"kind":"membership","organization":"acme","user":"ada","role":"member"}
{"kind":"membership","organization":"acme","user":"newcomer","role":"member"}
{"kind":"role_assignment","role":"vip","user":"bob"}
{"kind":"chatbot","chatbot":"fresh","organization":"acme","owner":"bob"}
`
	stepsDown := `{"kind":"user","user":"sita","type":"external"}
{"kind":"user","user":"another"}
{"kind":"membership","organization":"initech","user":"another","role":"owner"}
`
	e, cases, many := newEnv(t), 0, roles(fewRows)
	ada := func(e *env) access.Actor { return direct("ada") }
	for name, c := range map[string]struct {
		actor func(*env) access.Actor
		file  string
	}{
		"an admin's role":                  {ada, demoted},
		"an admin's role, among many rows": {ada, demoted + many},
		"the role of its user":             {func(*env) access.Actor { return as("ada") }, demoted},
		"the role of an admin whose the key is": {
			func(e *env) access.Actor { return e.presentsOf(as("ada"), access.KeyReadWrite, "acme") }, demoted,
		},
		"a team's admin": {func(*env) access.Actor { return direct("tess") }, `{"kind":"team_member","team":"support","user":"tess","role":"member"}
{"kind":"team_member","team":"support","user":"carla","role":"member"}
`},
		"a site admin":                   {func(*env) access.Actor { return direct("sita") }, stepsDown},
		"a site admin whose the key is":  {func(e *env) access.Actor { return e.presentsOf(as("sita"), access.KeyReadWrite, "") }, stepsDown},
		"an owner who becomes a client":  {func(*env) access.Actor { return direct("otto") }, strings.NewReplacer("ada", "otto", `"role":"member"}`, `"role":"client"}`).Replace(demoted)},
		"a row of one's own":             {ada, `{"kind":"row","chatbot":"guide","user":"ada","actions":["read"]}` + "\n" + `{"kind":"feature","chatbot":"guide","feature":"upload","enabled":true}`},
		"a row on a chatbot of the file": {ada, `{"kind":"row","chatbot":"fresh","user":"ada","actions":["read"]}` + "\n" + `{"kind":"chatbot","chatbot":"fresh","organization":"acme","owner":"bob"}` + "\n" + `{"kind":"share","chatbot":"fresh","principal":"user:wes","access":"use_only"}`},
		"a share of one's own":           {func(*env) access.Actor { return direct("rita") }, `{"kind":"share","chatbot":"helper","principal":"user:rita","access":"use_only"}` + "\n" + `{"kind":"share","chatbot":"helper","principal":"user:wes","access":"use_only"}`},
	} {
		t.Run(name, func(t *testing.T) {
			e.t = t
			e.takes(root, "world.jsonl", office)
			if strings.Contains(c.file, many) {
				e.takes(root, "many.jsonl", many)
			}
			cases++
			file := newcomer.ReplaceAllString(c.file, fmt.Sprint("${0}", cases))
			got := e.tries(c.actor(e), "", file)
			require.Nil(t, got.problem)
			require.Empty(t, got.rejects)
			require.Positive(t, got.sum.Written)
			require.Equal(t, got.sum.Rows, e.takes(root, "f.jsonl", file).Unchanged, "all of it is true")
		})
	}
	e.t = t
	e.agrees()
}

// TestRowsThatRestOnWhatAnEarlierRowTookAreRefused: where the row that takes a right cannot come last, the rows that need it are refused, by the dry run as
// by the import, which writes nothing.
func TestRowsThatRestOnWhatAnEarlierRowTookAreRefused(t *testing.T) {
	hidden := `{"kind":"chatbot","chatbot":"helper","visibility":"owner_only"}
{"kind":"document","document":"manual","chatbot":"helper"}
`
	e := newEnv(t)
	for name, c := range map[string]struct {
		actor func(*env) access.Actor
		file  string
	}{
		"an admin hides a chatbot": {func(*env) access.Actor { return direct("ada") }, hidden},
		"a key hides a chatbot":    {func(e *env) access.Actor { return e.presentsOf(root, access.KeyReadWrite, "") }, hidden},
		"a guest lowers the share of their team": {func(*env) access.Actor { return direct("wes") }, `{"kind":"share","chatbot":"helper","principal":"team:guests","access":"use_only"}
{"kind":"share","chatbot":"helper","principal":"user:carla","access":"use_only"}
`},
	} {
		t.Run(name, func(t *testing.T) {
			e.t = t
			e.takes(root, "world.jsonl", office)
			actor := c.actor(e)
			before := e.export("")
			got := e.tries(actor, "", c.file)
			require.True(t, got.sum.Refused)
			require.Len(t, got.rejects, 1)
			require.EqualValues(t, 2, got.rejects[0].Line)
			require.Contains(t, got.rejects[0].Reason, "an earlier row of the import takes it from you")
			require.Equal(t, string(before), string(e.export("")), "nothing is written")
			require.EqualValues(t, 1, e.tries(actor, "skip_invalid=true", c.file).sum.Written)
		})
	}
	e.t = t
	e.agrees()
}

// TestADryRunForetellsTheImport: random files of random actors, who have what they have after the files before.
func TestADryRunForetellsTheImport(t *testing.T) {
	seed := uint64(time.Now().UnixNano()) // any number will do
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // no secret
	e := newEnv(t)
	e.takes(root, "world.jsonl", office)
	actors := []access.Actor{
		direct("olga"), direct("otto"), direct("ada"), direct("bob"), direct("tess"), direct("rita"), direct("wes"), direct("sita"), as("ada"),
		e.presentsOf(as("ada"), access.KeyReadWrite, "acme"), e.presentsOf(as("sita"), access.KeyReadWrite, ""), e.presentsOf(root, access.KeyReadWrite, ""), root,
	}
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	person := func() string {
		return pick("olga", "otto", "ada", "bob", "tess", "rita", "wes", "sita", "carla", "newcomer")
	}
	line := func(actor access.Actor) string {
		user := person()
		if actor.User != "" && random.IntN(2) == 0 {
			user = string(actor.User)
		}
		bot := pick("helper", "guide", "fresh")
		switch random.IntN(10) {
		case 0, 1:
			return fmt.Sprintf(`{"kind":"membership","organization":"%s","user":"%s","role":"%s"}`, pick("acme", "acme", "globex"), user, pick("owner", "admin", "member", "client"))
		case 2:
			return fmt.Sprintf(`{"kind":"user","user":"%s","type":"%s"}`, user, pick("internal", "external"))
		case 3:
			return fmt.Sprintf(`{"kind":"team_member","team":"%s","user":"%s","role":"%s"}`, pick("support", "guests"), user, pick("admin", "member"))
		case 4:
			return fmt.Sprintf(`{"kind":"chatbot","chatbot":"%s","organization":"acme","visibility":"%s"}`, bot, pick("owner_only", "shared", "organization"))
		case 5:
			return fmt.Sprintf(`{"kind":"row","chatbot":"%s","user":"%s","actions":[%s]}`, bot, user, pick(``, `"read"`, `"read","update"`))
		case 6:
			return fmt.Sprintf(`{"kind":"feature","chatbot":"%s","feature":"f","enabled":%s}`, bot, pick("true", "false"))
		case 7:
			return fmt.Sprintf(`{"kind":"document","document":"d%d","chatbot":"%s"}`, random.IntN(3), bot)
		case 8:
			return fmt.Sprintf(`{"kind":"role_assignment","role":"vip","user":"%s"}`, user)
		}
		return fmt.Sprintf(`{"kind":"share","chatbot":"%s","principal":"%s","access":"%s"}`, bot, pick("user:"+user, "team:guests", "organization:globex"),
			pick("use_only", "read_only", "read_write", "read_write"))
	}
	written := int64(0)
	for range 60 {
		actor := actors[random.IntN(len(actors))]
		if err := e.MayImport(t.Context(), actor); err != nil {
			continue
		}
		var file strings.Builder
		for range 1 + random.IntN(6) {
			file.WriteString(line(actor) + "\n")
		}
		got := e.tries(actor, "skip_invalid="+pick("true", "false"), file.String())
		if got.problem != nil { // the key is refused by now
			continue
		}
		written += got.sum.Written
	}
	require.Positive(t, written)
	e.agrees()
}
