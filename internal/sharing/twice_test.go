package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// A transaction may run twice before it is committed: what it answers is said once.
func TestN1AnAcceptedInvitationListsItsSharesOnce(t *testing.T) {
	e := acme(t)
	e.makeBot("desk", "acme", "mia")
	r := e.invited(as("adam"), access.OrgMember, comes("helper", "desk")...)
	e.db.RunTwice(func() {})
	defer e.db.RunTwice(nil)
	got, err := e.AcceptInvitation(e.ctx, as("otto"), r.Token)
	require.NoError(t, err)
	require.Len(t, got.Shares, 2)
}

// While this gateway reads which emails are due, another one takes some: each letter is of an email that this one has claimed.
func TestS11ALetterIsOfTheMailThatIsClaimed(t *testing.T) {
	e := acme(t)
	for _, name := range []string{"one", "two", "three", "four", "five", "six"} {
		e.shared("helper", "email:"+name+"@acme.test", access.UseOnly)
	}
	taken := map[access.MailID]bool{}
	var another func()
	another = func() {
		e.db.RunTwice(nil)
		require.NoError(t, e.db.Update(e.ctx, func(tx *store.Tx) error {
			due, err := tx.Mails(access.MailQueued, e.now, 1)
			if err != nil {
				return err
			}
			taken[due[0].ID] = true
			_, err = tx.ClaimMail(due[0], e.now)
			return err
		}))
		e.db.RunTwice(another)
	}
	e.db.RunTwice(another)
	letters, err := e.ClaimMails(e.ctx, 10)
	e.db.RunTwice(nil)
	require.NoError(t, err)
	require.NotEmpty(t, taken)
	require.Len(t, letters, 6-len(taken))
	for _, l := range letters {
		require.False(t, taken[l.ID], "the letter to %s is another's to send", l.To)
	}
}

// S2: a principal of a kind that nobody knows is shared with by nobody.
func TestS2AKindOfPrincipalThatIsUnknownIsRefused(t *testing.T) {
	e := acme(t)
	for _, actor := range []access.Actor{root, as("mia"), as("olga")} {
		_, err := e.PutShare(e.ctx, actor, "helper", access.Principal{Kind: "planet", ID: "mars"}, sharing.SharePatch{Access: access.Some(access.UseOnly)})
		e.refused(err, access.KindUnprocessable, "S2")
	}
}
