package stories_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv/mailbox"
)

// post is the mail server of a story, and who, as the story has told, is sent an email with a subject.
type post struct {
	box  *mailbox.Mailbox
	told map[string][]string
}

func newPost(t *testing.T) *post { return &post{box: mailbox.New(t), told: map[string][]string{}} }

// The subjects of the emails about a chatbot, whose name is its ID.
func shared(bot access.ChatbotID) string {
	return "The chatbot “" + string(bot) + "” was shared with you"
}
func requested(bot access.ChatbotID) string {
	return "Approval needed: share the chatbot “" + string(bot) + "”"
}

// mailed tells that these people, besides those of whom the story has told so, are sent an email with the subject: one each.
func (s *story) mailed(subject string, people ...access.UserID) {
	told := append(s.post.told[subject], texts(people)...)
	slices.Sort(told)
	s.post.told[subject] = told
}

// arrived waits until the emails of which the story has told are there, and checks that no others are.
func (s *story) arrived() {
	s.Helper()
	var there map[string][]string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		there = map[string][]string{}
		for _, m := range s.post.box.Messages() {
			if m.Subject == "You were added to an organization" { // told of where somebody is added
				continue
			}
			id, _, _ := strings.Cut(m.To, "@")
			there[m.Subject] = append(there[m.Subject], id)
			slices.Sort(there[m.Subject])
		}
		if reflect.DeepEqual(s.post.told, there) {
			return
		}
	}
	for subject, to := range s.post.told {
		require.Equal(s, to, there[subject], "who was mailed %q", subject)
	}
	require.Equal(s, s.post.told, there, "who was mailed, by subject")
}

// notifications is the user's whole page.
func (s *story) notifications(user access.UserID) []map[string]any {
	s.Helper()
	return items(s.As(user).Does(http.MethodGet, "/v1/notifications?page_size=1000", nil), "items")
}

// told checks that the user has exactly one notification of the kind about the chatbot, and gives it.
func (s *story) told(user access.UserID, kind access.NotificationKind, bot access.ChatbotID) map[string]any {
	s.Helper()
	var found []map[string]any
	for _, n := range s.notifications(user) {
		if n["kind"] == string(kind) && n["chatbot"] == string(bot) {
			found = append(found, n)
		}
	}
	require.Len(s, found, 1, "notifications of %s to %s about %s", kind, user, bot)
	return found[0]
}
