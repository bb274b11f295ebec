package bulk

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// I2: the address of an inactive user is free. In whatever order the rows come, and however often, it is the active user's.
func TestI2AnImportLeavesAnAddressToWhoIsActive(t *testing.T) {
	const ann, bob = `{"kind":"user","user":"ann","email":"a@acme.com","email_verified":true}` + "\n",
		`{"kind":"user","user":"bob","email":"a@acme.com","email_verified":true,"active":false}` + "\n"
	for name, file := range map[string]string{"the active one first": ann + bob, "the inactive one first": bob + ann} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			for range 2 {
				e.takes(root, "u.jsonl", file)
				for id, verified := range map[access.UserID]bool{"ann": true, "bob": false} {
					u, err := e.User(t.Context(), root, id)
					require.NoError(t, err)
					require.Equal(t, access.Email("a@acme.com"), u.Email)
					require.Equal(t, verified, u.EmailVerified, id)
				}
			}
			e.agrees()
		})
	}
}

// O5: an import gives others than its people nothing of an organization that does not share outside, in any format.
func TestO5AnImportGivesOnlyTheOrganizationsPeopleSomething(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "o.jsonl", `{"kind":"organization","organization":"acme","owner":"olga","outside_sharing":false}
{"kind":"user","user":"gina","email":"gina@globex.com","email_verified":true}
{"kind":"user","user":"max","email":"max@acme.com","email_verified":true}
{"kind":"membership","organization":"acme","user":"max","role":"client"}
{"kind":"group","group":"friends","organization":"acme"}
{"kind":"group_member","group":"friends","principal":"email:gina@globex.com"}
{"kind":"group_member","group":"friends","principal":"email:max@acme.com"}
{"kind":"role","role":"vip","organization":"acme"}
{"kind":"chatbot","chatbot":"helper","organization":"acme","owner":"olga"}
{"kind":"share","chatbot":"helper","principal":"group:friends","access":"use_only"}
`)
	helper := access.Obj[access.ChatbotID](access.TypeChatbot, "helper")
	require.True(t, e.can("max", access.Interact, helper))
	require.False(t, e.can("gina", access.Interact, helper), "she is listed")
	for name, file := range map[string]string{
		"g.csv": "group,principal\nfriends,user:gina\n", "r.csv": "role,user\nvip,gina\n", "s.csv": "chatbot,principal,access\nhelper,user:gina,use_only\n",
		"e.csv": "chatbot,principal,access\nhelper,everyone,use_only\n", "g.jsonl": `{"kind":"group_member","group":"friends","principal":"user:gina"}`,
		"r.jsonl": `{"kind":"role_assignment","role":"vip","user":"gina"}`, "g.zed": "group:friends#member@user:gina\n", "r.zed": "role:vip#assignee@user:gina\n",
	} {
		got := e.post(t.Context(), root, "", name, file)
		require.Len(t, got.rejects, 1, name)
		assert.Equal(t, "O5", got.rejects[0].Rule, "%s: %s", name, got.rejects[0].Reason)
	}
	e.takes(root, "m.csv", "organization,user,role\nacme,gina,client\n")
	require.True(t, e.can("gina", access.Interact, helper))
	e.agrees()
}
