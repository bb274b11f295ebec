package bulk

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/sharing"
)

const (
	memberFile = "organization,user,role,email,name,type\nacme,olga,owner,,,\nacme,bob,member,bob@acme.com,Bob,\nacme,carla,client,,,internal\nglobex,gina,owner,,,\n"
	botFile    = "chatbot,organization,owner,visibility\nhelper,acme,bob,\nquiet,acme,olga,owner_only\n"
	shareFile  = "chatbot,principal,access,expires_at\nhelper,user:gina,read_only,\nhelper,email:x@y.org,use_only,2031-01-01T00:00:00Z\nhelper,organization:globex,use_only,\nhelper,team:support,read_write,\n"
	teamFile   = "team,organization,user,role\nsupport,acme,bob,admin\nsupport,acme,olga,member\n"
)

func TestFilesInAnyOrder(t *testing.T) {
	e := newEnv(t)
	sum := e.takes(root, "shares.csv", shareFile, "bots.csv", botFile, "teams.csv", teamFile, "members.csv", memberFile,
		"rows.csv", "chatbot,user,actions\nhelper,carla,read+test\n", "more.jsonl", `{"kind":"role","role":"vip","organization":"acme"}
{"kind":"role_assignment","role":"vip","user":"newcomer"}
{"kind":"group","group":"g","organization":"acme"}
{"kind":"group_member","group":"g","principal":"email:a@b.c"}
{"kind":"document","document":"manual","chatbot":"helper","access":"restricted","allowed":["group:g"]}
{"kind":"feature","chatbot":"helper","feature":"upload","enabled":true,"allowed_roles":["vip"],"limits":{"max_size":3}}
{"kind":"policy","chatbot":"helper","user_types":["internal","external"]}
`)
	assert.Equal(t, int64(20), sum.Rows)
	assert.Equal(t, int64(20), sum.Written)
	assert.NotEmpty(t, sum.ZedToken)
	helper := access.Obj(access.TypeChatbot, access.ChatbotID("helper"))
	assert.True(t, e.can("gina", access.Read, helper))
	assert.False(t, e.can("gina", access.Update, helper))
	assert.True(t, e.can("carla", access.Test, helper))
	assert.False(t, e.can("carla", access.Update, helper))
	u, err := e.User(t.Context(), root, "bob")
	require.NoError(t, err)
	assert.Equal(t, access.User{ID: "bob", Email: "bob@acme.com", Name: "Bob", Type: access.External, Active: true}, u)

	again := e.takes(root, "shares.csv", shareFile, "bots.csv", botFile, "teams.csv", teamFile, "members.csv", memberFile)
	assert.Equal(t, int64(0), again.Written)
	assert.Equal(t, int64(12), again.Unchanged)
}

func TestEveryBadRowIsNamed(t *testing.T) {
	e := newEnv(t)
	for _, c := range []struct {
		name, file, text string
		line             int64
		rule, reason     string
	}{
		{"unknown column", "f.csv", "organization,user,role,colour\na,b,owner,red\n", 1, "", `the column "colour" is unknown; the nearest kind of file is memberships: organization,user,role[,email,name,type]`},
		{"missing column", "f.csv", "chatbot,principal\na,everyone\n", 1, "", `the column "access" is missing; the nearest kind of file is shares: chatbot,principal,access[,expires_at]`},
		{"column twice", "f.csv", "organization,user,role,role\na,b,owner,owner\n", 1, "", `the column "role" appears twice`},
		{"number of fields", "f.csv", "organization,user,role\n\nacme,o,owner\nacme,b\n", 4, "", "the row has 2 fields, but the header has 3"},
		{"quote within a field", "f.csv", "role,user\nr,a\"b\n", 2, "", "field 2 contains a quote: enclose the field in quotes, and double the quotes in it"},
		{"behind a quote", "f.csv", "role,user\n\"r\"x,a\n", 2, "", "field 1 continues after its closing quote"},
		{"open quote", "f.csv", "role,user\nr,\"a\nr,b\n", 2, "", "a quote is not closed within 4194304 bytes; the rest of the file was not read"},
		{"not UTF-8", "f.csv", "role,user\nr,\xff\n", 2, "", "the row is not valid UTF-8: save the file as UTF-8"},
		{"too long", "f.csv", "role,user\nr," + strings.Repeat("x", maxLine) + "\n", 2, "", "the row is longer than 4194304 bytes"},
		{"empty ID", "f.csv", "organization,user,role\nacme,,owner\n", 2, "I1", "user: an ID must not be empty"},
		{"unknown word", "f.csv", "organization,user,role\nacme,o,boss\n", 2, "", `role: "boss" is not one of owner, admin, member, client`},
		{"address", "f.csv", "organization,user,role,email\nacme,o,owner,nobody\n", 2, "I2", `email: "nobody" is not an email address`},
		{"principal", "f.csv", "chatbot,principal,access\nb,bob,use_only\n", 2, "S1", `"bob" is not a principal: write user:ID, email:ADDRESS, team:ID, organization:ID, role:ID, group:ID or everyone`},
		{"expiry", "f.csv", "chatbot,principal,access,expires_at\nb,everyone,use_only,tomorrow\n", 2, "S13", `expires_at: "tomorrow" is not an RFC 3339 time with an offset, such as 2026-01-31T12:00:00Z`},
		{"cell", "f.csv", "chatbot,user,actions\nb,u,read+write\n", 2, "", `actions: "write" is not one of read, update, deploy, delete, test`},
		{"no object", "f.jsonl", "[]\n", 1, "", "the line must be one JSON object"},
		{"half an object", "f.jsonl", "\n{\"kind\":\"role\"\n", 2, "", "the line is not valid JSON: it ends too early"},
		{"no kind", "f.jsonl", "{}\n", 1, "", `"kind" is missing: use one of hash_key, user, organization, membership, platform_role, role, group, team, team_member, team_nesting, role_assignment, group_member, chatbot, policy, row, feature, share, public_link, api_key, document, mcp_server, metric, account_key, request, invitation, taken_away`},
		{"unknown kind", "f.ndjson", `{"kind":"home","user":"u","organization":"o"}`, 1, "", `unknown "kind" "home": use one of hash_key, user, organization, membership, platform_role, role, group, team, team_member, team_nesting, role_assignment, group_member, chatbot, policy, row, feature, share, public_link, api_key, document, mcp_server, metric, account_key, request, invitation, taken_away`},
		{"unknown field", "f.jsonl", `{"kind":"role_assignment","role":"r","user":"u","Role":"x"}`, 1, "", `unknown field "Role": a line of kind role_assignment has [kind role user]`},
		{"wrong type", "f.jsonl", `{"kind":"role_assignment","role":["r"],"user":"u"}`, 1, "", "role must not be a JSON array"},
		{"long expired", "f.csv", "chatbot,principal,access,expires_at\nb,everyone,use_only,0001-01-01T00:00:00Z\n", 2, "S13", "expires_at: 0001-01-01T00:00:00Z is outside the years 1970 to 9999 in UTC"},
		{"long expired", "f.jsonl", `{"kind":"share","chatbot":"b","principal":"everyone","access":"use_only","expires_at":"0001-01-01T00:00:00.5Z"}`, 1, "S13", "expires_at: 0001-01-01T00:00:00.5Z is outside the years 1970 to 9999 in UTC"},
		{"a year 10000 in UTC", "f.csv", "chatbot,principal,access,expires_at\nb,everyone,use_only,9999-12-31T23:59:59-05:00\n", 2, "S13", "expires_at: 9999-12-31T23:59:59-05:00 is outside the years 1970 to 9999 in UTC"},
		{"a year 10000 in UTC", "f.jsonl", `{"kind":"share","chatbot":"b","principal":"everyone","access":"use_only","expires_at":"9999-12-31T23:59:59-05:00"}`, 1, "S13", "expires_at: 9999-12-31T23:59:59-05:00 is outside the years 1970 to 9999 in UTC"},
		{"a year 10000 in UTC", "f.rel", "chatbot:b#use_only@user:u[expiration:9999-12-31T23:59:59-05:00]\n", 1, "S13", "expiration: 9999-12-31T23:59:59-05:00 is outside the years 1970 to 9999 in UTC"},
		{"a year 10000 elsewhere", "f.jsonl", `{"kind":"user","user":"u","tokens_after":"9999-12-31T23:59:59-05:00"}`, 1, "S13", "tokens_after: 9999-12-31T23:59:59-05:00 is outside the years 1970 to 9999 in UTC"},
		{"a fraction after a comma", "f.csv", "chatbot,principal,access,expires_at\nb,everyone,use_only,\"2030-01-31T12:00:00,5Z\"\n", 2, "S13", `expires_at: "2030-01-31T12:00:00,5Z" is not an RFC 3339 time with an offset, such as 2026-01-31T12:00:00Z`},
		{"a leap second", "f.jsonl", `{"kind":"request","chatbot":"b","principal":"everyone","access":"use_only","requester":"user:u","expires_at":"2030-06-30T23:59:60Z"}`, 1, "S13", `expires_at: "2030-06-30T23:59:60Z" is a leap second, which is not accepted: write the second before or after it`},
		{"no offset", "f.rel", "chatbot:b#use_only@user:u[expiration:2030-01-31T12:00:00]\n", 1, "S13", `expiration: "2030-01-31T12:00:00" is not an RFC 3339 time with an offset, such as 2026-01-31T12:00:00Z`},
		{"a time that is a number", "f.jsonl", `{"kind":"membership","organization":"a","user":"o","role":"owner","since":1}`, 1, "", `since: must be a string such as "2026-01-31T12:00:00Z"`},
		{"null", "f.jsonl", `{"kind":"share","chatbot":"b","principal":"everyone","access":"use_only","expires_at":null}`, 1, "", `/expires_at must not be null: leave it out, or unset it with a PUT`},
		{"null for a list", "f.jsonl", `{"kind":"policy","chatbot":"b","user_types":null}`, 1, "", `/user_types must not be null: leave it out, or unset it with a PUT`},
		{"null in a list", "f.jsonl", `{"kind":"policy","chatbot":"b","allowed_roles":["r",null]}`, 1, "", `/allowed_roles/1 must not be null: leave it out, or unset it with a PUT`},
		{"null in an object", "f.jsonl", `{"kind":"feature","chatbot":"b","feature":"f","limits":{"max_x":null}}`, 1, "", `/limits/max_x must not be null: leave it out, or unset it with a PUT`},
		{"a NUL in a text", "f.jsonl", `{"kind":"role","role":"r","name":"a\u0000b"}`, 1, "", "the row contains U+0000, which not every database can store"},
		{"a NUL in a field", "f.csv", "chatbot,organization,owner,name\nb,o,u,a\x00b\n", 2, "", "the row contains U+0000, which not every database can store"},
		{"null for the kind", "f.jsonl", `{"kind":null}`, 1, "", `"kind" is missing: use one of hash_key, user, organization, membership, platform_role, role, group, team, team_member, team_nesting, role_assignment, group_member, chatbot, policy, row, feature, share, public_link, api_key, document, mcp_server, metric, account_key, request, invitation, taken_away`},
		{"name twice", "f.jsonl", `{"kind":"role","role":"r","name":"a","na\u006de":"b"}`, 1, "", `/name appears twice`},
		{"name twice within", "f.jsonl", `{"kind":"feature","chatbot":"b","feature":"f","limits":{"max_x":1,"max_x":2}}`, 1, "", `/limits/max_x appears twice`},
		{"another case within", "f.jsonl", `{"kind":"invitation","invitation":"i","organization":"o","email":"a@b.c","role":"member","shares":[{"chatbot":"b","access":"use_only","Access":"read_write"}]}`, 1, "", "/shares/0/Access is not a known field"},
		{"half a surrogate pair", "f.jsonl", `{"kind":"role","role":"r","name":"\ud800"}`, 1, "", "/name contains half of a surrogate pair, which is not a character"},
		{"deep", "f.jsonl", `{"kind":"role","role":"r","name":` + strings.Repeat("[", 9900) + `}`, 1, "", "/name/0/0/0/0/0/0/0 nests deeper than 8 levels"},
		{"a long name", "f.jsonl", `{"kind":"role","` + strings.Repeat("n", 257) + `":1}`, 1, "", "the line has a name longer than 256 bytes"},
		{"many fields", "f.csv", "role,user" + strings.Repeat(",", 100) + "\n", 1, "", "the row has more than 100 fields"},
		{"a long relationship", "f.rel", "chatbot:" + strings.Repeat("x", 9000) + "#use_only@user:a\n", 1, "", "a relationship can have at most 8192 bytes"},
		{"no actions", "f.jsonl", `{"kind":"row","chatbot":"b","user":"u"}`, 1, "M6", "actions: required; use an empty list for no access"},
		{"no relationship", "f.zed", "// comment\n\nchatbot:x#use_only\n", 3, "", "not a relationship: write type:id#relation@type:id"},
		{"the engine's own", "f.rel", "chatbot:x#can_interact@user:a\n", 1, "", "can_interact is a relation that the engine derives from facts: name the fact, such as chatbot:x#use_only@user:alice or organization:o#member@user:alice"},
		{"a caveat", "f.txt", "chatbot:x#use_only@user:a[not_expired]\n", 1, "", "a relationship with a caveat cannot be imported"},
		{"wildcard", "f.txt", "chatbot:x#use_only@user:*\n", 1, "S1", "the subject of a share must be user:…, email:…#holder, team:…#member, organization:…, role:…#assignee, group:…#member or platform:main#everyone"},
		{"no such fact", "f.txt", "document:d#chatbot@chatbot:x\n", 1, "", "document#chatbot@chatbot cannot be imported: import documents, MCP servers, metrics and rows as CSV or JSON Lines, and gates, features, public links, keys, requests and invitations as JSON Lines"},
		// What is well-formed and a rule refuses.
		{"no owner", "f.csv", "organization,user,role\nacme,b,member\n", 2, "O1", "organization:acme does not exist, and no row names an owner for it"},
		{"unknown chatbot", "f.csv", "chatbot,principal,access\nb,everyone,use_only\n", 2, "", "chatbot:b does not exist, or you may not see it"},
		{"above the ceiling", "f.jsonl", `{"kind":"membership","organization":"a","user":"o","role":"owner"}
{"kind":"membership","organization":"a","user":"m","role":"member"}
{"kind":"chatbot","chatbot":"b","organization":"a","owner":"o"}
{"kind":"row","chatbot":"b","user":"m","actions":"read+delete"}
`, 4, "M2", "delete is above the ceiling of member: read, update, deploy, test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := e.post(t.Context(), root, "", c.file, c.text)
			require.Nil(t, got.problem)
			require.Len(t, got.rejects, 1)
			r := got.rejects[0]
			assert.Equal(t, Reject{File: c.file, Line: c.line, Rule: c.rule, Reason: c.reason, Row: r.Row}, r)
			assert.True(t, got.sum.Refused)
			assert.Equal(t, int64(1), got.sum.Rejected)
			assert.Zero(t, got.sum.Written)
			assert.Empty(t, e.export(""), "nothing is written")
		})
	}
}

func TestRowsThatContradictEachOther(t *testing.T) {
	e := newEnv(t)
	got := e.post(t.Context(), root, "skip_invalid=true",
		"a.csv", "organization,user,role,email\nacme,olga,owner,\nacme,bob,member,bob@acme.com\nacme,eve,admin,\nacme,olga,owner,olga@acme.com\n",
		"b.csv", "organization,user,role,email\nacme,eve,client,\nglobex,bob,owner,bob@globex.com\n")
	require.NotNil(t, got.sum)
	assert.Equal(t, []Reject{
		{File: "a.csv", Line: 3, Row: "acme,bob,member,bob@acme.com", Reason: "this contradicts line 3 of b.csv about the email address, name or type of user:bob"},
		{File: "a.csv", Line: 4, Row: "acme,eve,admin,", Reason: "this contradicts line 2 of b.csv about \"role\" of the same membership"},
		{File: "b.csv", Line: 2, Row: "acme,eve,client,", Reason: "this contradicts line 4 of a.csv about \"role\" of the same membership"},
		{File: "b.csv", Line: 3, Row: "globex,bob,owner,bob@globex.com", Reason: "this contradicts line 3 of a.csv about the email address, name or type of user:bob"},
	}, got.rejects)
	assert.Equal(t, Summary{Rows: 6, Kinds: counted{sharing.KindMembership: 6}, Written: 2, Rejected: 4, ZedToken: got.sum.ZedToken}, *got.sum)
	u, err := e.User(t.Context(), root, "olga")
	require.NoError(t, err)
	assert.Equal(t, access.Email("olga@acme.com"), u.Email, "rows about one thing are joined")
}

func TestSkippingWhatIsBad(t *testing.T) {
	e := newEnv(t)
	files := []string{"m.csv", memberFile + "acme,nobody,emperor,,,\n", "b.csv", botFile, "s.csv", shareFile + "quiet,user:gina,use_only,\n", "t.csv", teamFile + "support,acme,stranger,member\n"}
	rejects := []Reject{
		{File: "m.csv", Line: 6, Reason: `role: "emperor" is not one of owner, admin, member, client`, Row: "acme,nobody,emperor,,,"},
		{File: "s.csv", Line: 6, Rule: "V1", Reason: "chatbot:quiet is owner_only and cannot be shared", Row: "quiet,user:gina,use_only,"},
		{File: "t.csv", Line: 4, Rule: "T1", Reason: "user:stranger has no role in the team's organization", Row: "support,acme,stranger,member"},
	}
	whole := e.post(t.Context(), root, "", files...)
	assert.Equal(t, rejects, whole.rejects)
	kinds := counted{sharing.KindChatbot: 2, sharing.KindMembership: 4, sharing.KindShare: 5, sharing.KindTeamMember: 3} // and one that cannot be read
	assert.Equal(t, Summary{Rows: 15, Kinds: kinds, Rejected: 3, Refused: true}, *whole.sum)
	assert.Empty(t, e.export(""))

	tried := e.post(t.Context(), root, "skip_invalid=true&dry_run=true", files...)
	assert.Equal(t, rejects, tried.rejects)
	assert.Equal(t, Summary{Rows: 15, Kinds: kinds, Written: 12, Rejected: 3, DryRun: true}, *tried.sum)
	assert.Empty(t, e.export(""))

	good := e.post(t.Context(), root, "skip_invalid=true", files...)
	assert.Equal(t, rejects, good.rejects)
	assert.Equal(t, Summary{Rows: 15, Kinds: kinds, Written: 12, Rejected: 3, ZedToken: good.sum.ZedToken}, *good.sum)
	assert.Equal(t, Event{Phase: Receiving, Rows: 15}, good.events[0])
	assert.Equal(t, Event{Phase: Writing, Rows: 12, Total: 12}, good.events[len(good.events)-1])
	e.agrees()

	again := e.post(t.Context(), root, "skip_invalid=true", files...)
	assert.Equal(t, Summary{Rows: 15, Kinds: kinds, Unchanged: 12, Rejected: 3}, *again.sum)
}

// TestARefusedRowLeavesNothingToTheRowsAfterIt: the first row is refused because olga is the last owner of acme, and says what the second one says too,
// that she is external. She is so by the second row alone, whether few rows are tried or many.
func TestARefusedRowLeavesNothingToTheRowsAfterIt(t *testing.T) {
	for name, others := range map[string]int{"few rows": 0, "many rows": fewRows} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.takes(root, "m.csv", "organization,user,role,type\nacme,olga,owner,internal\nglobex,gina,owner,\nglobex,olga,client,\n")
			file := "organization,user,role,type\nacme,olga,member,external\nglobex,olga,client,external\n"
			for _, query := range []string{"skip_invalid=true&dry_run=true", "skip_invalid=true"} {
				got := e.post(t.Context(), root, query, "m.csv", file, "r.jsonl", `{"kind":"role","role":"vip","organization":"acme"}`+"\n"+roles(others))
				require.NotNil(t, got.sum)
				require.Len(t, got.rejects, 1)
				require.Equal(t, "O1", got.rejects[0].Rule)
				require.EqualValues(t, 2+others, got.sum.Written)
			}
			olga, err := e.User(t.Context(), root, "olga")
			require.NoError(t, err)
			require.Equal(t, access.External, olga.Type)
			e.agrees()
		})
	}
}

// TestContradictingRowsAreRefusedEachTime: three rows say who bob is, and none of them is better than the others, however often they are judged.
func TestContradictingRowsAreRefusedEachTime(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile)
	for range 8 {
		got := e.post(t.Context(), root, "skip_invalid=true&dry_run=true", "a.jsonl", `{"kind":"user","user":"bob","name":"Robert","type":"internal"}
{"kind":"membership","organization":"globex","user":"bob","role":"member","name":"Robert","email":"r@globex.com"}
{"kind":"membership","organization":"acme","user":"bob","role":"member","name":"Bert","email":"b@acme.com"}
`)
		require.Len(t, got.rejects, 3)
		for i, line := range []int{3, 3, 1} {
			require.Contains(t, got.rejects[i].Reason, fmt.Sprintf("this contradicts line %d of a.jsonl about", line))
		}
	}
}

func TestNobodyComesBackByAnImport(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile)
	_, err := e.DeleteUser(t.Context(), root, "bob", sharing.Offboard{})
	require.NoError(t, err)
	_, err = e.PutUser(t.Context(), root, "carla", sharing.UserPatch{Active: access.Some(false)})
	require.NoError(t, err)
	before := e.export("")
	got := e.post(t.Context(), root, "skip_invalid=true", "m.csv", memberFile, "s.jsonl", `{"kind":"user","user":"carla","active":true}
{"kind":"user","user":"olga","active":false}
{"kind":"user","user":"carla","active":false}
`)
	require.Nil(t, got.problem)
	var reasons []string
	for _, r := range got.rejects {
		assert.Contains(t, []string{"N2", ""}, r.Rule)
		reasons = append(reasons, fmt.Sprintf("%s:%d %s", r.File, r.Line, r.Reason))
	}
	assert.Equal(t, []string{
		"m.csv:3 user:bob was deleted or deactivated, and an import cannot bring users back",
		"m.csv:4 user:carla was deleted or deactivated, and an import cannot bring users back",
		"s.jsonl:1 this contradicts line 3 of s.jsonl about \"active\" of the same user",
		"s.jsonl:2 user:olga is active: an import cannot offboard users",
		"s.jsonl:3 this contradicts line 1 of s.jsonl about \"active\" of the same user",
	}, reasons)
	sameLines(t, string(before), string(e.export("")))

	for _, c := range [][2]string{
		{`{"kind":"user","user":"carla","active":true}`, "user:carla was deleted or deactivated, and an import cannot bring users back"},
		{`{"kind":"user","user":"olga","active":false}`, "user:olga is active: an import cannot offboard users"},
		{`{"kind":"user","user":"olga","deleted":true}`, "user:olga exists: an import cannot delete users"},
	} {
		got := e.post(t.Context(), root, "", "u.jsonl", c[0])
		require.Len(t, got.rejects, 1)
		assert.Equal(t, c[1], got.rejects[0].Reason)
	}
	assert.Equal(t, Summary{Rows: 2, Kinds: counted{sharing.KindUser: 2}, Unchanged: 2}, e.takes(root, "u.jsonl", `{"kind":"user","user":"carla","active":false}`+"\n"+`{"kind":"user","user":"bob","deleted":true}`))
}

func TestAnAdminImportsWhatIsTheirs(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile)
	_, err := e.PutUser(t.Context(), root, "ada", sharing.UserPatch{})
	require.NoError(t, err)
	e.takes(root, "m.csv", "organization,user,role\nacme,ada,admin\n")

	got := e.post(t.Context(), as("ada"), "", "m.csv", "organization,user,role,email\nacme,newcomer,member,n@acme.com\n",
		"t.csv", "team,organization,user,role\nfresh,acme,newcomer,admin\n", "b.csv", "chatbot,organization,owner\nnewbot,acme,newcomer\n",
		"s.csv", "chatbot,principal,access\nnewbot,team:fresh,read_only\nnewbot,user:gina,use_only\nnewbot,everyone,use_only\n",
		"d.csv", "document,chatbot,access,allowed\nmanual,newbot,restricted,user:gina;team:fresh\n", "r.csv", "chatbot,user,actions\nnewbot,carla,read\n")
	require.Nil(t, got.problem)
	require.Empty(t, got.rejects)
	assert.Equal(t, int64(8), got.sum.Written)
	u, err := e.User(t.Context(), root, "newcomer")
	require.NoError(t, err)
	assert.Equal(t, access.User{ID: "newcomer", Email: "n@acme.com", Type: access.External, Active: true, Organization: "acme"}, u)
	e.agrees()

	got = e.post(t.Context(), as("ada"), "skip_invalid=true",
		"m.csv", "organization,user,role,email,name,type\nglobex,gina,owner,,,\nacme,another,owner,,,\nacme,third,member,,,internal\ninitech,ada,owner,,,\nacme,fourth,member,,,\n",
		"s.csv", "chatbot,principal,access\nnewbot,organization:globex,use_only\nnewbot,user:unheard-of,use_only\n")
	require.Nil(t, got.problem)
	var reasons []string
	for _, r := range got.rejects {
		reasons = append(reasons, fmt.Sprintf("%s:%d %s (%s)", r.File, r.Line, r.Reason, r.Rule))
	}
	assert.Equal(t, []string{
		"m.csv:2 organization:globex does not exist, or you may not see it ()",
		"m.csv:3 only an owner of organization:acme can add, remove, demote or invite its owners (O2)",
		"m.csv:4 only site admins can set a user's type (U1)",
		"m.csv:5 organization:initech does not exist, or you may not see it ()",
		"s.csv:2 sharing with organization:globex needs approval, which an import cannot ask for: share it by itself, which makes a request, or let one of them import it (S4)",
		"s.csv:3 user:unheard-of is not an active user (S2)",
	}, reasons)
	assert.Equal(t, int64(1), got.sum.Written)
	for _, id := range []access.UserID{"another", "third"} {
		_, err := e.User(t.Context(), root, id)
		assert.Equal(t, access.KindNotFound, access.KindOf(err), "a refused row leaves nothing behind: %s", id)
	}
}

func TestWhoMayImport(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile)
	reader := access.Actor{Key: "k", Access: access.KeyReadOnly, Address: "127.0.0.1"}
	writer := e.presents(access.KeyReadWrite, "")
	for _, c := range []struct {
		actor  access.Actor
		file   string
		status int
		rule   string
	}{
		{access.Actor{}, "f.csv", http.StatusUnauthorized, "B2"},
		{reader, "f.csv", http.StatusForbidden, "B1"},
		{as("nobody"), "f.csv", http.StatusUnauthorized, "N2"},
		{writer, "f.zed", http.StatusForbidden, "B1"},
		{as("olga"), "f.zed", http.StatusForbidden, "B1"},
		{root, "f.xlsx", http.StatusBadRequest, ""},
	} {
		got := e.post(t.Context(), c.actor, "", c.file, "")
		assert.Equal(t, c.status, got.status, c)
		require.NotNil(t, got.problem, c)
		assert.Equal(t, c.rule, got.problem.Rule, c)
	}
	for _, query := range []string{"format=xml", "dry_run=perhaps", "colour=red", "dry_run=true&dry_run=false"} {
		assert.Equal(t, http.StatusBadRequest, e.post(t.Context(), root, query, "f.csv", "").status, query)
	}
	assert.Equal(t, http.StatusBadRequest, e.postBody(t.Context(), root, "", "text/plain", strings.NewReader("x")).status)
	assert.Equal(t, http.StatusBadRequest, e.postBody(t.Context(), root, "", "multipart/form-data; boundary=x", strings.NewReader("--x--\r\n")).status)
	assert.Equal(t, http.StatusBadRequest, e.postBody(t.Context(), root, "", "multipart/form-data; boundary=x",
		strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.csv\"\r\n\r\nrole,user\r\n")).status, "the form breaks off")

	for _, actor := range []access.Actor{{}, reader, writer, as("olga"), e.presents(access.KeyFull, "acme")} {
		w := httptest.NewRecorder()
		e.bulk.Export(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/export", nil), actor)
		assert.Equal(t, http.StatusForbidden, w.Code, actor)
		assert.Equal(t, problem.ContentType, w.Header().Get("Content-Type"))
	}
}

func TestAConfinedKeyImportsIntoItsOrganization(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile)
	key := e.presents(access.KeyReadWrite, "acme")
	sum := e.takes(key, "m.csv", "organization,user,role\nacme,newcomer,member\n", "b.csv", "chatbot,organization,owner\nnewbot,acme,newcomer\n",
		"s.csv", "chatbot,principal,access\nnewbot,user:carla,read_only\n")
	assert.Equal(t, int64(3), sum.Written)
	got := e.post(t.Context(), key, "", "m.csv", "organization,user,role\nglobex,newcomer,member\nacme,newcomer,owner\n")
	require.Len(t, got.rejects, 2)
	assert.Equal(t, "organization:globex does not exist, or you may not see it", got.rejects[0].Reason)
	assert.Equal(t, "O2", got.rejects[1].Rule)
	e.agrees()
}
