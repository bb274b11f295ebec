package bulk

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// secrets is a world of acme's in which things come in pairs: of each, the one named …-right is as the rows of guesses say, the one named …-wrong is
// otherwise. Users …-gone were deleted. Nothing is named …-absent.
const secrets = `{"kind":"membership","organization":"acme","user":"olga","role":"owner"}
{"kind":"membership","organization":"o-right","user":"olga","role":"owner"}
{"kind":"organization","organization":"o-right","name":"Guess"}
{"kind":"membership","organization":"o-wrong","user":"olga","role":"owner"}
{"kind":"organization","organization":"o-wrong","name":"Other"}
{"kind":"membership","organization":"globex","user":"gus","role":"owner"}
{"kind":"membership","organization":"globex","user":"gina","role":"member"}
{"kind":"membership","organization":"globex","user":"cleo","role":"client"}
{"kind":"user","user":"u-right","email":"guess@acme.com","name":"Guess","type":"internal","organization":"acme"}
{"kind":"user","user":"u-wrong","email":"other@acme.com","name":"Other","type":"external"}
{"kind":"user","user":"u-gone","deleted":true}
{"kind":"team","team":"t-right","organization":"acme","name":"Guess"}
{"kind":"team","team":"t-wrong","organization":"o-wrong","name":"Other"}
{"kind":"team","team":"gteam","organization":"globex"}
{"kind":"team_member","team":"gteam","user":"cleo","role":"admin"}
{"kind":"role","role":"r-right","organization":"acme","name":"Guess"}
{"kind":"role","role":"r-wrong","organization":"o-wrong","name":"Other"}
{"kind":"group","group":"g-right","organization":"acme","name":"Guess"}
{"kind":"group","group":"g-wrong","organization":"o-wrong","name":"Other"}
{"kind":"chatbot","chatbot":"b-right","organization":"acme","owner":"olga","name":"Guess"}
{"kind":"chatbot","chatbot":"b-wrong","organization":"o-wrong","owner":"olga","name":"Other"}
{"kind":"document","document":"d-right","chatbot":"b-right","access":"restricted"}
{"kind":"document","document":"d-wrong","chatbot":"b-wrong"}
{"kind":"mcp_server","mcp_server":"m-right","chatbot":"b-right"}
{"kind":"mcp_server","mcp_server":"m-wrong","chatbot":"b-wrong"}
{"kind":"metric","metric":"k-right","chatbot":"b-right"}
{"kind":"metric","metric":"k-wrong","chatbot":"b-wrong"}
{"kind":"role_assignment","role":"r-right","user":"gina"}
{"kind":"group_member","group":"g-right","principal":"user:gina"}
{"kind":"share","chatbot":"b-right","principal":"organization:acme","access":"use_only"}
{"kind":"policy","chatbot":"b-right","user_types":["internal"]}
{"kind":"feature","chatbot":"b-right","feature":"f","enabled":true}
{"kind":"platform_role","role":"content_user","user":"u-right"}
`

// guesses are rows of each kind, in which X stands for right, wrong, absent or gone. Who may not see the thing is answered the same for each.
var guesses = map[sharing.Kind][]string{
	sharing.KindUser: {
		`"user":"u-X"`, `"user":"u-X","email":"guess@acme.com"`, `"user":"u-X","name":"Guess"`, `"user":"u-X","type":"internal"`,
		`"user":"u-X","organization":"acme"`, `"user":"u-X","active":true`, `"user":"u-X","active":false`, `"user":"u-X","deleted":true`,
		`"user":"gina","organization":"o-X"`,
	},
	sharing.KindOrganization: {`"organization":"o-X"`, `"organization":"o-X","name":"Guess"`, `"organization":"o-X","owner":"gus"`},
	sharing.KindMembership: {
		`"organization":"o-X","user":"gina","role":"member"`, `"organization":"o-X","user":"olga","role":"owner"`,
		`"organization":"o-X","user":"newcomer","role":"member","email":"a@b.c"`, `"organization":"acme","user":"u-X","role":"member","name":"Guess"`,
	},
	sharing.KindPlatformRole:   {`"role":"content_user","user":"u-X"`, `"role":"site_admin","user":"u-X"`},
	sharing.KindRole:           {`"role":"r-X"`, `"role":"r-X","organization":"acme"`, `"role":"r-X","name":"Guess"`, `"role":"r-X","organization":"acme","name":"Guess"`},
	sharing.KindGroup:          {`"group":"g-X"`, `"group":"g-X","organization":"acme"`, `"group":"g-X","name":"Guess"`},
	sharing.KindTeam:           {`"team":"t-X"`, `"team":"t-X","organization":"acme"`, `"team":"t-X","name":"Guess"`},
	sharing.KindTeamMember:     {`"team":"t-X","user":"gina","role":"member"`, `"team":"t-X","organization":"acme","user":"gina","role":"member"`},
	sharing.KindTeamNesting:    {`"team":"t-X","inner":"gteam"`, `"team":"gteam","inner":"t-X"`},
	sharing.KindRoleAssignment: {`"role":"r-X","user":"gina"`, `"role":"r-right","user":"u-X"`},
	sharing.KindGroupMember:    {`"group":"g-X","principal":"user:gina"`, `"group":"g-right","principal":"user:u-X"`, `"group":"g-X","principal":"email:a@b.c"`},
	sharing.KindChatbot:        {`"chatbot":"b-X"`, `"chatbot":"b-X","organization":"acme","owner":"olga"`, `"chatbot":"b-X","name":"Guess"`},
	sharing.KindPolicy:         {`"chatbot":"b-X","user_types":["internal"]`, `"chatbot":"b-right","denied_users":["u-X"]`},
	sharing.KindRow:            {`"chatbot":"b-X","user":"olga","actions":["read"]`, `"chatbot":"b-right","user":"u-X","actions":["read"]`},
	sharing.KindFeature:        {`"chatbot":"b-X","feature":"f","enabled":true`},
	sharing.KindShare: {
		`"chatbot":"b-X","principal":"organization:acme","access":"use_only"`, `"chatbot":"b-right","principal":"user:u-X","access":"use_only"`,
	},
	sharing.KindDocument: {
		`"document":"d-X","chatbot":"b-right","access":"restricted"`, `"document":"d-X"`, `"document":"d-right","chatbot":"b-X"`,
		`"document":"d-right","allowed":["user:u-X"]`,
	},
	sharing.KindMCPServer: {`"mcp_server":"m-X","chatbot":"b-right"`, `"mcp_server":"m-X"`},
	sharing.KindMetric:    {`"metric":"k-X","chatbot":"b-right"`, `"metric":"k-X"`},
	sharing.KindHashKey:   {`"check":"` + strings.Repeat("0", 64) + `"`},
	sharing.KindPublicLink: {
		`"chatbot":"b-X","mode":"everyone","link_digest":"` + strings.Repeat("0", 64) + `"`,
	},
	sharing.KindAPIKey:     {},
	sharing.KindAccountKey: {},
	sharing.KindRequest:    {},
	sharing.KindInvitation: {},
	sharing.KindTakenAway:  {},
}

var placeholder = regexp.MustCompile(`[a-z]-X`)

// single is the call that the row stands for, or false where an import alone makes such a change.
func (e *env) single(actor access.Actor, row sharing.Row) (error, bool) {
	ctx := e.t.Context()
	var err error
	text := func(v string) access.Optional[string] { return access.Optional[string]{Set: v != "", Value: v} }
	org := func(v access.OrganizationID) access.Optional[access.OrganizationID] {
		return access.Optional[access.OrganizationID]{Set: v != "", Value: v}
	}
	switch r := row.(type) {
	case *sharing.UserRow:
		if r.Deleted || r.Active != nil {
			return nil, false
		}
		_, err = e.PutUser(ctx, actor, r.User, sharing.UserPatch{
			Email: access.Optional[access.Email]{Set: r.Email != "", Value: r.Email}, Name: text(r.Name), Organization: org(r.Organization),
			Type: access.Optional[access.UserType]{Set: r.Type != "", Value: r.Type},
		})
	case *sharing.OrganizationRow:
		_, err = e.PutOrganization(ctx, actor, r.Organization, sharing.OrganizationPatch{Name: text(r.Name)})
	case *sharing.MembershipRow:
		_, err = e.PutMember(ctx, actor, r.Organization, r.User, r.Role, sharing.Offboard{})
	case *sharing.PlatformRoleRow:
		_, err = e.PutPlatformRole(ctx, actor, r.Role, r.User)
	case *sharing.RoleRow:
		_, err = e.PutRole(ctx, actor, r.Role, sharing.RolePatch{Organization: org(r.Organization), Name: text(r.Name)})
	case *sharing.GroupRow:
		_, err = e.PutGroup(ctx, actor, r.Group, sharing.GroupPatch{Organization: org(r.Organization), Name: text(r.Name)})
	case *sharing.TeamRow:
		_, err = e.PutTeam(ctx, actor, r.Team, sharing.TeamPatch{Organization: org(r.Organization), Name: text(r.Name)})
	case *sharing.TeamMemberRow:
		if r.Organization != "" {
			_, err = e.PutTeam(ctx, actor, r.Team, sharing.TeamPatch{Organization: org(r.Organization)})
			break
		}
		_, err = e.PutTeamMember(ctx, actor, r.Team, r.User, r.Role)
	case *sharing.TeamNestingRow:
		_, err = e.NestTeam(ctx, actor, r.Team, r.Inner)
	case *sharing.RoleAssignmentRow:
		_, err = e.AssignRole(ctx, actor, r.Role, r.User)
	case *sharing.GroupMemberRow:
		_, err = e.AddToGroup(ctx, actor, r.Group, r.Principal)
	case *sharing.ChatbotRow:
		_, err = e.PutChatbot(ctx, actor, r.Chatbot, sharing.ChatbotPatch{
			Organization: org(r.Organization), Name: text(r.Name), Owner: access.Optional[access.UserID]{Set: r.Owner != "", Value: r.Owner},
		})
	default:
		return nil, false
	}
	return err, true
}

// TestC6AnImportTellsNoMoreThanTheSingleCall: each row is answered like the call that it stands for, and to those who may not see a thing alike
// whether it is as the row says, otherwise, or not there.
func TestC6AnImportTellsNoMoreThanTheSingleCall(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "secrets.jsonl", secrets)
	for _, kind := range sharing.Kinds {
		_, covered := guesses[kind]
		require.Equal(t, kind != sharing.KindHome, covered, "%s: a new kind of row has guesses", kind)
	}
	actors := map[string]access.Actor{
		"an owner of another organization": as("gus"), "a member of it": as("gina"), "a client of it": as("cleo"),
		"a key confined to it": e.presents(access.KeyReadWrite, "globex"),
	}
	before := e.export("")
	compared := 0
	for name, actor := range actors {
		for kind, templates := range guesses {
			for _, template := range templates {
				t.Run(fmt.Sprintf("%s %s %s", name, kind, template), func(t *testing.T) {
					answers := map[string]string{}
					for _, x := range []string{"right", "wrong", "absent", "gone"} {
						line := fmt.Sprintf(`{"kind":"%s",%s}`, kind, strings.ReplaceAll(template, "X", x))
						got := e.post(t.Context(), actor, "dry_run=true", "f.jsonl", line+"\n")
						require.NotNil(t, got.sum, line)
						require.Len(t, got.rejects, 1, "it is refused: %s", line)
						answers[x] = fmt.Sprint(got.rejects[0].Rule, " ", got.rejects[0].Reason)
						for _, asked := range placeholder.FindAllString(template, -1) {
							answers[x] = strings.ReplaceAll(answers[x], strings.Replace(asked, "X", x, 1), asked)
						}

						row, err := shapes[kind].decode([]byte(line))
						require.NoError(t, err, line)
						require.NoError(t, row.Check(), line)
						single, is := e.single(actor, row)
						if !is {
							continue
						}
						var refusal *access.Error
						require.True(t, errors.As(single, &refusal), "the single call is refused: %s", line)
						assert.Equal(t, refusal.Rule+" "+refusal.Detail, fmt.Sprint(got.rejects[0].Rule, " ", got.rejects[0].Reason), line)
						compared++
					}
					for x, answer := range answers {
						assert.Equal(t, answers["right"], answer, "a guess that is right, and %s", x)
					}
				})
			}
		}
	}
	assert.Greater(t, compared, 300)
	assert.Equal(t, string(before), string(e.export("")), "nothing has changed")
}

// TestC6AManagerLearnsNothingOfWhomTheyAdd: an owner may add anybody, and learns that they are active and nothing else.
func TestC6AManagerLearnsNothingOfWhomTheyAdd(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "secrets.jsonl", secrets)
	for _, said := range []string{`"email":"guess@acme.com"`, `"name":"Guess"`, `"type":"internal"`} {
		answers := map[string]string{}
		for _, x := range []string{"right", "wrong", "gone"} {
			line := `{"kind":"membership","organization":"globex","user":"u-` + x + `","role":"member",` + said + `}`
			got := e.post(t.Context(), as("gus"), "dry_run=true", "f.jsonl", line)
			require.Len(t, got.rejects, 1, line)
			answers[x] = got.rejects[0].Rule + " " + got.rejects[0].Reason
		}
		assert.Equal(t, "U1 only site admins, and owners and admins of the home organization, can create and change users", answers["right"])
		assert.Equal(t, answers["right"], answers["wrong"], said)
		assert.Equal(t, answers["right"], answers["gone"], said)
	}
	again := `{"kind":"membership","organization":"globex","user":"nell","role":"member","email":"nell@globex.com","name":"Nell"}`
	assert.Equal(t, int64(1), e.takes(as("gus"), "f.jsonl", again).Written, "users are created at home")
	assert.Equal(t, int64(1), e.takes(as("gus"), "f.jsonl", again).Unchanged, "and importing the same again changes nothing")
}
