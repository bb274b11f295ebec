package bulk

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// TestO7AnOfferOfOwnershipIsPending: olga imports that bob owns acme, too. Until he accepts that he does not, so that the row is not counted as written:
// by the dry run, by the import, and by another one, in which the offer is still open.
func TestO7AnOfferOfOwnershipIsPending(t *testing.T) {
	for name, others := range map[string]int{"few rows": 0, "many rows": fewRows} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.takes(root, "m.csv", memberFile, "r.jsonl", roles(others))
			files := []string{
				"m.csv", "organization,user,role\nacme,bob,owner\nacme,olga,owner\nacme,bob,owner\n",
				"m.jsonl", `{"kind":"membership","organization":"acme","user":"carla","role":"owner"}`, "r.jsonl", roles(others),
			}
			answered := func(query string) Summary {
				got := e.post(t.Context(), as("olga"), query, files...)
				require.NotNil(t, got.sum, got.problem)
				require.Empty(t, got.rejects)
				got.sum.Kinds, got.sum.ZedToken = nil, ""
				return *got.sum
			}
			all := int64(4 + others)
			want := Summary{Rows: all, Pending: 3, Unchanged: all - 3, DryRun: true}
			require.Equal(t, want, answered("dry_run=true"))
			want.DryRun = false
			require.Equal(t, want, answered(""))
			require.False(t, e.can("bob", access.Delete, access.Obj(access.TypeOrganization, access.OrganizationID("acme"))))
			require.Equal(t, want, answered(""), "and again")
			want.DryRun = true
			require.Equal(t, want, answered("dry_run=true"), "and again")

			invited, _, err := e.Invitations(t.Context(), as("olga"), "acme", sharing.Page{Limit: 9})
			require.NoError(t, err)
			require.Len(t, invited, 2, "each is asked once")
			for _, offer := range invited {
				_, err := e.AcceptOwnership(t.Context(), as(offer.User), offer.ID)
				require.NoError(t, err)
			}
			require.Equal(t, Summary{Rows: all, Unchanged: all}, answered(""))
		})
	}
}
