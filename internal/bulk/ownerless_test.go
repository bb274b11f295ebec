package bulk

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
)

// TestO3AChatbotThatNobodyOwnsMoves: olga, the last owner of acme, was offboarded by the owner of her home, and nobody else there could take her
// chatbot. An export of that is taken back by an empty installation, and a new owner gets the chatbot there too.
func TestO3AChatbotThatNobodyOwnsMoves(t *testing.T) {
	hashKey := secret.NewHashKey()
	from, to := newEnvWith(t, hashKey), newEnvWith(t, hashKey)
	from.takes(root, "members.csv", "organization,user,role\nglobex,gina,owner\nacme,olga,owner\nacme,mel,member\n", "bots.csv", "chatbot,organization,owner\nhelper,acme,olga\n",
		"home.jsonl", `{"kind":"user","user":"olga","organization":"globex"}`)
	_, err := from.DeleteUser(t.Context(), as("gina"), "olga", sharing.Offboard{})
	require.NoError(t, err)

	everything := from.export("")
	require.Contains(t, string(everything), `{"kind":"chatbot","chatbot":"helper","organization":"acme","ownerless":true,"visibility":"shared"}`)
	to.takes(root, "everything.jsonl", string(everything))
	require.Equal(t, string(everything), string(to.export("")))
	require.Zero(t, to.takes(root, "everything.jsonl", string(everything)).Written, "and again changes nothing")
	to.agrees()
	lesser := to.post(t.Context(), to.presents(access.KeyReadWrite, ""), "", "b.jsonl", `{"kind":"chatbot","chatbot":"b","organization":"acme","ownerless":true}`)
	require.Equal(t, "to restore chatbots that nobody owns, use an unconfined full key without an actor", lesser.rejects[0].Reason)
	require.Contains(t, string(to.export("format=relationships")), "// chatbot:helper is left out: nobody owns it")

	chatbots := "chatbot,organization,owner,visibility,name,ownerless\nhelper,acme,,shared,,true\n"
	require.Equal(t, 1, strings.Count(string(from.export("format=csv&table=chatbots")), "helper,acme,,shared,,true"))
	require.Zero(t, to.takes(root, "chatbots.csv", chatbots).Written)
	to.takes(root, "chatbots.csv", strings.ReplaceAll(chatbots, "helper", "second"))

	to.takes(root, "m.csv", "organization,user,role\nacme,mel,owner\n")
	require.True(t, to.can("mel", access.Transfer, access.Obj[access.ChatbotID](access.TypeChatbot, "helper")))
	late := to.post(t.Context(), root, "", "chatbots.csv", strings.ReplaceAll(chatbots, "helper", "third"))
	require.Equal(t, http.StatusOK, late.status)
	require.Equal(t, "organization:acme has an owner, so its chatbots need one: name it", late.rejects[0].Reason)
	late = to.post(t.Context(), root, "", "chatbots.csv", chatbots)
	require.Equal(t, "chatbot:helper has an owner", late.rejects[0].Reason)
}
