package sharing_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// The answer to a deletion names the first of many people and counts the others; the record has all of them.
func TestADeletionNamesTheFirstAndCountsTheRest(t *testing.T) {
	e := acme(t)
	var crowd []access.UserID
	for n := range 25 {
		crowd = append(crowd, access.UserID(fmt.Sprintf("crowd%02d", n)))
		e.member("acme", access.OrgMember, crowd[n])
	}
	e.makeTeam("blue", "acme", crowd...)
	team, err := e.DeleteTeam(e.ctx, as("adam"), "blue")
	require.NoError(t, err)
	require.Len(t, team.Removed, 22)
	require.Equal(t, "user:crowd00, member of team:blue", team.Removed[0])
	require.Equal(t, []string{"team:blue", "5 more: team member"}, team.Removed[20:])
	require.Contains(t, e.lastRecord().Effects, `"crowd24"`)

	all, err := e.DeleteOrganization(e.ctx, root, "acme")
	require.NoError(t, err)
	people := 0
	for _, line := range all.Removed {
		if line == "member user:crowd00" || line == "member user:crowd24" {
			people++
		}
	}
	require.Equal(t, 1, people, "%v", all.Removed)
	require.Regexp(t, `^\d+ more: member$`, all.Removed[len(all.Removed)-1])
	require.Contains(t, e.lastRecord().Effects, `"crowd24"`)
}
