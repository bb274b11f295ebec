package sharing_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// BenchmarkShare is one share and its revocation, each answered: two changes, durable in both databases.
func BenchmarkShare(b *testing.B) {
	e := newEnv(b)
	for _, u := range []access.UserID{"olga", "bob"} {
		_, err := e.PutUser(e.ctx, root, u, sharing.UserPatch{})
		require.NoError(b, err)
	}
	_, err := e.PutOrganization(e.ctx, root, "acme", orgPatch("olga"))
	require.NoError(b, err)
	_, err = e.PutChatbot(e.ctx, root, "helper", sharing.ChatbotPatch{Organization: access.Some[access.OrganizationID]("acme"), Owner: access.Some[access.UserID]("olga")})
	require.NoError(b, err)
	for _, actor := range []access.Actor{root, as("olga")} {
		b.Run(fmt.Sprintf("by %s", sharing.ActorName(actor)), func(b *testing.B) {
			for b.Loop() {
				bob := access.Principal{Kind: access.PrincipalUser, ID: "bob"}
				_, err := e.PutShare(e.ctx, actor, "helper", bob, sharing.SharePatch{Access: access.Some(access.UseOnly)})
				require.NoError(b, err)
				_, err = e.DeleteShare(e.ctx, actor, "helper", bob)
				require.NoError(b, err)
			}
		})
	}
}
