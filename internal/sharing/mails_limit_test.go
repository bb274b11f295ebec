package sharing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/testenv/postgres"
)

// onEachStore runs the story on a file and on PostgreSQL.
func onEachStore(t *testing.T, story func(*testing.T, *env)) {
	t.Run("SQLite", func(t *testing.T) { story(t, acme(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { story(t, acmeOn(t, postgres.Database(t))) })
}

// makeBots are so many chatbots of mia's.
func (e *env) makeBots(many int) (bots []access.ChatbotID) {
	e.t.Helper()
	for i := range many {
		bots = append(bots, access.ChatbotID(fmt.Sprint("bot", i)))
		e.makeBot(bots[i], "acme", "mia")
	}
	return bots
}

func TestS11APersonIsMailedOnceADayThatTheyGainedTheSameAccess(t *testing.T) {
	onEachStore(t, func(t *testing.T, e *env) {
		for _, to := range []access.UserID{"otto", "max"} {
			for range 20 {
				require.NoError(t, e.share(as("mia"), "helper", "user:"+string(to), access.UseOnly))
				e.ok(e.DeleteShare(e.ctx, as("mia"), "helper", who("user:"+string(to))))
			}
			require.NoError(t, e.share(as("mia"), "helper", "email:"+string(mail(to)), access.UseOnly))
			require.Equal(t, mails(to), e.mailed())
			require.Len(t, e.told(to), 21, "the notifications come at once")
		}
		e.makeBot("other", "acme", "mia")
		require.NoError(t, e.share(as("mia"), "other", "user:otto", access.UseOnly))
		require.Equal(t, mails("otto"), e.mailed(), "another chatbot")
		e.now = e.now.Add(24 * time.Hour)
		require.NoError(t, e.share(as("mia"), "helper", "user:otto", access.UseOnly))
		require.Equal(t, mails("otto"), e.mailed(), "another day")
	})
}

// One organization does not flood an outsider, however many of its people share chatbots: the rest of the emails come later, and none is lost.
func TestS11AnOutsiderIsNotFloodedWithMail(t *testing.T) {
	onEachStore(t, func(t *testing.T, e *env) {
		const many = 25
		for i, bot := range e.makeBots(many) {
			by := []access.UserID{"mia", "olga", "adam"}[i%3]
			require.NoError(t, e.share(as(by), bot, "user:otto", access.UseOnly))
		}
		require.Len(t, e.told("otto"), many, "the notifications come at once")
		require.Len(t, e.mailed(), 10)
		e.makeBot("globes", "globex", "gus")
		require.NoError(t, e.share(as("gus"), "globes", "user:otto", access.UseOnly))
		require.Len(t, e.mailed(), 1, "another organization's is not held up by it")

		e.now = e.now.Add(59 * time.Minute)
		require.Empty(t, e.mailed())
		e.now = e.now.Add(time.Minute)
		require.Len(t, e.mailed(), 10)
		e.now = e.now.Add(time.Hour)
		require.Len(t, e.mailed(), 5)
		e.now = e.now.Add(48 * time.Hour)
		require.Empty(t, e.mailed())
	})
}

// A stranger is not made an insider by those who want to mail them.
func TestS11WhoWasAddedByOthersIsAnOutsiderStill(t *testing.T) {
	e := acme(t)
	e.ok(e.PutMember(e.ctx, as("olga"), "acme", "otto", access.OrgMember, sharing.Offboard{}))
	for _, bot := range e.makeBots(20) {
		require.NoError(t, e.share(as("mia"), bot, "user:otto", access.UseOnly))
	}
	require.Len(t, e.mailed(), 10)
}

func TestS11AnActorMailsAHundredOutsidersAnHour(t *testing.T) {
	onEachStore(t, func(t *testing.T, e *env) {
		for i := range 150 {
			require.NoError(t, e.share(as("mia"), "helper", fmt.Sprintf("email:victim%d@elsewhere.test", i), access.UseOnly))
		}
		require.Len(t, e.mailed(), 100)
		require.NoError(t, e.share(as("mia"), "helper", "user:max", access.UseOnly))
		require.Equal(t, mails("max"), e.mailed(), "colleagues are told at once")
		require.NoError(t, e.share(as("olga"), "helper", "email:friend@elsewhere.test", access.UseOnly))
		require.Len(t, e.mailed(), 1, "and so are those whom others know")
		e.now = e.now.Add(time.Hour)
		require.Len(t, e.mailed(), 50)

		// A key that acts for nobody is an operator's; acting for somebody it is limited as that user.
		for i := range 120 {
			require.NoError(t, e.share(root, "helper", fmt.Sprintf("email:customer%d@elsewhere.test", i), access.UseOnly))
		}
		require.Len(t, e.mailed(), 120)
	})
}

func TestN1AnInvitationSentAgainAndAgainDoesNotFloodItsReceiver(t *testing.T) {
	e := acme(t)
	inv, err := e.Invite(e.ctx, as("olga"), "acme", sharing.NewInvitation{Email: "victim@elsewhere.test", Role: access.OrgMember})
	require.NoError(t, err)
	sent := len(e.mailed())
	for range 50 {
		e.ok(e.ResendInvitation(e.ctx, as("olga"), inv.Invitation.ID))
		sent += len(e.mailed())
	}
	require.Equal(t, 10, sent)
	e.now = e.now.Add(time.Hour)
	require.Len(t, e.mailed(), 1, "the token of the last one")
}

// An email that had to wait tells nothing that is not true any longer.
func TestS11AMailThatWaitedIsNotSentOfWhatHasEnded(t *testing.T) {
	e := acme(t)
	bots := e.makeBots(12)
	for _, bot := range bots {
		require.NoError(t, e.share(as("mia"), bot, "user:otto", access.UseOnly))
	}
	require.Len(t, e.mailed(), 10)
	e.ok(e.DeleteShare(e.ctx, as("mia"), bots[10], who("user:otto")))
	e.now = e.now.Add(time.Hour)
	letters := e.claimed()
	require.Len(t, letters, 1)
	require.Equal(t, string(bots[11]), letters[0].Chatbot)
	require.Empty(t, e.mailed())
}

// A mail server that is away when an email may be sent at last has as long as for any other.
func TestS11AMailThatWaitedIsTriedAsLongAsOthers(t *testing.T) {
	e := acme(t)
	for i := range 10 + 10*60 { // the last ones after 60 hours
		e.makeBot(access.ChatbotID(fmt.Sprint("bot", i)), "acme", "mia")
		require.NoError(t, e.share(as("mia"), access.ChatbotID(fmt.Sprint("bot", i)), "user:otto", access.UseOnly))
	}
	e.now = e.now.Add(59 * time.Hour)
	e.mailed()
	e.now = e.now.Add(time.Hour)
	last := e.claimed()
	require.Len(t, last, 10)
	require.NoError(t, e.SettleMail(e.ctx, last[0].ID, access.MailQueued, "451"))
	m, _ := e.mail(last[0].ID)
	require.Equal(t, access.MailQueued, m.State)
}
