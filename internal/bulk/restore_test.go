package bulk

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// credentials are what was made at one place: bob's helper has a key and a public link, and waits for globex; acme has an account key
// and has invited somebody new.
type credentials struct {
	apiKey, accountKey, link, token string // what their holders present
	file                            string // the export
}

// issue makes the credentials.
func (e *env) issue() credentials {
	e.t.Helper()
	ctx := e.t.Context()
	e.takes(root, "m.csv", memberFile, "b.csv", botFile, "t.csv", teamFile)
	k, err := e.CreateAPIKey(ctx, as("bob"), "helper", sharing.NewAPIKey{
		Name: "widget", Level: access.ReadOnly, AllowedIPs: []string{"192.0.2.0/24"}, ExpiresAt: e.now.Add(time.Hour),
	})
	require.NoError(e.t, err)
	a, err := e.CreateKey(ctx, root, sharing.NewKey{Name: "portal", Access: access.KeyFull, Organization: "acme"})
	require.NoError(e.t, err)
	l, err := e.PutPublicAccess(ctx, as("bob"), "helper", access.Some(access.AudienceEveryone))
	require.NoError(e.t, err)
	_, err = e.PutShare(ctx, as("bob"), "helper", who("organization:globex"), sharing.SharePatch{Access: access.Some(access.UseOnly)})
	require.NoError(e.t, err)
	i, err := e.Invite(ctx, as("olga"), "acme", sharing.NewInvitation{
		Email: "new@acme.com", Role: access.OrgMember, Shares: []access.InvitationShare{{Chatbot: "helper", Level: access.ReadOnly}},
	})
	require.NoError(e.t, err)
	return credentials{k.Secret, a.Secret, l.Link, i.Token, string(e.export(""))}
}

func who(text string) access.Principal {
	p, err := access.ParsePrincipal(text)
	if err != nil {
		panic(err) // a defect of the test
	}
	return p
}

// only is the lines of a file that are of the kinds.
func only(file string, kinds ...sharing.Kind) string {
	var b strings.Builder
	for line := range strings.Lines(file) {
		for _, k := range kinds {
			if strings.HasPrefix(line, fmt.Sprintf(`{"kind":%q,`, k)) {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}

var restored = []sharing.Kind{sharing.KindPublicLink, sharing.KindAPIKey, sharing.KindAccountKey, sharing.KindRequest, sharing.KindInvitation}

// reasons imports a file of which every row is refused, and tells why.
func (e *env) reasons(actor access.Actor, file string) (why []string) {
	e.t.Helper()
	before := e.export("")
	got := e.post(e.t.Context(), actor, "", "f.jsonl", file)
	require.NotNil(e.t, got.sum)
	require.True(e.t, got.sum.Refused)
	for _, r := range got.rejects {
		why = append(why, fmt.Sprintf("%s (%s)", r.Reason, r.Rule))
	}
	require.Len(e.t, why, strings.Count(strings.TrimSpace(file), "\n")+1)
	sameLines(e.t, string(before), string(e.export("")))
	return why
}

// TestKeysLinksAndRequestsMove: people who have a secret notice nothing of the move, and nobody is notified of it.
func TestKeysLinksAndRequestsMove(t *testing.T) {
	hashKey := secret.NewHashKey()
	from, to := newEnvWith(t, hashKey), newEnvWith(t, hashKey)
	c := from.issue()
	for _, text := range []string{c.apiKey, c.accountKey, c.link, c.token} {
		require.NotContains(t, c.file, text)
	}
	to.takes(root, "all.jsonl", c.file)
	id, known := to.keyOf(c.apiKey)
	require.True(t, known)
	to.keyHasItsLevel(id)
	caller, err := to.caller(c.accountKey)
	require.NoError(t, err)
	require.Equal(t, access.OrganizationID("acme"), caller.Organization)
	p, err := to.PublicAccess(t.Context(), as("bob"), "helper")
	require.NoError(t, err)
	require.Equal(t, sharing.PublicAccess{Mode: access.AudienceEveryone, Link: c.link}, p)
	require.True(t, to.visits(c.link))
	require.False(t, to.visits("another"))
	for _, u := range []access.UserID{"olga", "bob", "carla", "gina"} {
		sent, _, err := to.Notifications(t.Context(), as(u), sharing.NotificationQuery{}, sharing.Page{Limit: 9})
		require.NoError(t, err)
		require.Empty(t, sent)
	}
	require.NoError(t, to.db.View(t.Context(), func(tx *store.Tx) error {
		mails, err := tx.Mails(access.MailQueued, to.now.Add(time.Hour), 0)
		require.Empty(t, mails)
		records, err2 := tx.Records(store.RecordFilter{}, store.RecordPlace{}, 0)
		for _, r := range records {
			for _, line := range strings.Split(only(c.file, restored...), "\n") {
				for _, field := range []string{"digest", "preview", "link_nonce"} {
					if _, rest, found := strings.Cut(line, `"`+field+`":"`); found {
						value, _, _ := strings.Cut(rest, `"`)
						require.NotContains(t, r.Before+r.After+r.Effects+r.Detail, value, "H2: %s", field)
					}
				}
			}
		}
		return errors.Join(err, err2)
	}))

	rs, _, err := to.Requests(t.Context(), as("gina"), sharing.RequestQuery{Decidable: true}, sharing.Page{Limit: 9})
	require.NoError(t, err)
	require.Len(t, rs, 1)
	require.Equal(t, "user:bob", rs[0].Requester)
	_, err = to.ApproveRequest(t.Context(), as("gina"), rs[0].ID, sharing.Approval{Access: access.UseOnly})
	require.NoError(t, err)
	require.True(t, to.can("gina", access.Interact, access.Obj(access.TypeChatbot, access.ChatbotID("helper"))))

	newcomer := sharing.UserPatch{Email: access.Some(access.Email("new@acme.com")), EmailVerified: access.Some(true)}
	_, err = to.PutUser(t.Context(), root, "newcomer", newcomer)
	require.NoError(t, err)
	_, err = to.AcceptInvitation(t.Context(), as("newcomer"), c.token)
	require.NoError(t, err)
	require.True(t, to.can("newcomer", access.Read, access.Obj(access.TypeChatbot, access.ChatbotID("helper"))))
	_, err = to.RemoveMember(t.Context(), root, "acme", "newcomer", sharing.Offboard{})
	require.NoError(t, err)
	assert.Equal(t, Summary{Rows: 1, Kinds: counted{sharing.KindInvitation: 1}, Unchanged: 1}, to.takes(root, "again.jsonl", only(c.file, sharing.KindInvitation)))
	_, err = to.AcceptInvitation(t.Context(), as("newcomer"), c.token)
	require.Equal(t, access.KindConflict, access.KindOf(err), "N1: used once, whatever is imported afterwards")

	// An expired key is one no more.
	to.now = to.now.Add(time.Hour)
	require.NotContains(t, string(to.export("")), `"kind":"api_key"`)
}

func TestNoSecretIsKnownUnderAnotherHashKey(t *testing.T) {
	from, to := newEnv(t), newEnv(t)
	c := from.issue()
	got := to.post(t.Context(), root, "skip_invalid=true", "all.jsonl", c.file)
	require.Len(t, got.rejects, 1)
	require.Contains(t, got.rejects[0].Row, `"kind":"hash_key"`)
	_, known := to.keyOf(c.apiKey)
	require.False(t, known)
	_, err := to.caller(c.accountKey)
	require.Equal(t, access.KindUnauthenticated, access.KindOf(err))
	p, err := to.PublicAccess(t.Context(), as("bob"), "helper")
	require.NoError(t, err)
	require.Equal(t, sharing.PublicAccess{Mode: access.AudienceEveryone, Lost: true}, p, "the link cannot be shown")
	sameLines(t, withoutHashKey([]byte(c.file)), withoutHashKey(to.export("")))
	_, err = to.PutUser(t.Context(), root, "newcomer", sharing.UserPatch{
		Email: access.Some(access.Email("new@acme.com")), EmailVerified: access.Some(true),
	})
	require.NoError(t, err)
	_, err = to.AcceptInvitation(t.Context(), as("newcomer"), c.token)
	require.Equal(t, access.KindNotFound, access.KindOf(err))
}

func TestOnlyAnUnconfinedFullKeyRestores(t *testing.T) {
	hashKey := secret.NewHashKey()
	from, to := newEnvWith(t, hashKey), newEnvWith(t, hashKey)
	c := from.issue()
	rows := only(c.file, restored...)
	require.Equal(t, 5, strings.Count(rows, "\n"))
	to.takes(root, "m.csv", memberFile, "b.csv", botFile, "t.csv", teamFile)
	for _, actor := range []access.Actor{
		to.presents(access.KeyReadWrite, ""), as("olga"), as("bob"), as("gina"), to.presents(access.KeyFull, "acme"),
	} {
		for i, what := range []string{"public links", "API keys", "account keys", "requests", "invitations"} {
			require.Equal(t, "to restore "+what+", use an unconfined full key without an actor (B1)", to.reasons(actor, rows)[i])
		}
	}
	require.NotEmpty(t, to.refusals())
	to.takes(root, "rows.jsonl", rows)
}

// What was used, orphaned, renewed and decided since is still what the file says.
func TestRestoringAgainChangesNothing(t *testing.T) {
	e := newEnv(t)
	c := e.issue()
	rows := only(c.file, restored...)
	assert.Equal(t, Summary{Rows: 5, Kinds: kindsOf([]byte(rows)), Unchanged: 5}, e.takes(root, "rows.jsonl", rows))
	id, _ := e.keyOf(c.apiKey)
	_, err := e.caller(c.accountKey)
	require.NoError(t, err)
	require.NoError(t, e.db.Update(t.Context(), func(tx *store.Tx) error {
		digest, _, err := tx.APIKeyDigest(id)
		return errors.Join(err, tx.TouchAPIKey(id, e.now), tx.MarkAPIKey(id, true), tx.RenewAPIKey(id, digest, strings.Repeat("ab", 32)))
	}))
	_, err = e.PutShare(t.Context(), root, "helper", who("organization:globex"), sharing.SharePatch{Access: access.Some(access.ReadOnly)})
	require.NoError(t, err)
	assert.Equal(t, Summary{Rows: 5, Kinds: kindsOf([]byte(rows)), Unchanged: 5}, e.takes(root, "rows.jsonl", rows))
	assert.Equal(t, Summary{Rows: 10, Kinds: kindsOf([]byte(rows + rows)), Unchanged: 10}, e.takes(root, "rows.jsonl", rows, "again.jsonl", rows))
}

// TestWhatIsRestoredIsJudged has each rule that refuses a row.
func TestWhatIsRestoredIsJudged(t *testing.T) {
	e := newEnv(t)
	c := e.issue()
	e.takes(root, "more.jsonl", `{"kind":"organization","organization":"closed","owner":"olga","public_access":"authenticated"}
{"kind":"chatbot","chatbot":"modest","organization":"closed","owner":"olga"}
`)
	_, err := e.DeleteUser(t.Context(), root, "carla", sharing.Offboard{})
	require.NoError(t, err)
	fresh := strings.Repeat("0f", 32)
	apiKey := func(fields string) string {
		return `{"kind":"api_key","api_key":"k","chatbot":"helper","name":"n","access":"use_only"` + fields + "}"
	}
	account := func(fields string) string {
		return `{"kind":"account_key","name":"n","digest":"` + fresh + `"` + fields + "}"
	}
	link := func(fields string) string {
		return `{"kind":"public_link","link_digest":"` + fresh + `"` + fields + "}"
	}
	request := func(fields string) string {
		return `{"kind":"request","expires_at":"2030-02-01T00:00:00Z","requester":"user:bob"` + fields + "}"
	}
	_, rest, _ := strings.Cut(only(c.file, sharing.KindAPIKey), `"digest":"`)
	held, _, _ := strings.Cut(rest, `"`)
	invitation := func(fields string) string {
		return `{"kind":"invitation","email":"x@y.org","organization":"acme","role":"member","inviter":"user:olga","expires_at":"2030-02-01T00:00:00Z","digest":"` +
			fresh + `"` + fields + "}"
	}
	_, rest, _ = strings.Cut(only(c.file, sharing.KindAccountKey), `"digest":"`)
	heldByAccount, _, _ := strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(only(c.file, sharing.KindAPIKey), `"api_key":"`)
	id, _, _ := strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(only(c.file, sharing.KindInvitation), `"invitation":"`)
	sent, _, _ := strings.Cut(rest, `"`)
	for row, why := range map[string]string{
		apiKey(""): "digest: must be 64 hexadecimal digits in lower case (K2)",
		apiKey(`,"digest":"` + strings.ToUpper(fresh) + `"`):                                                                                       "digest: must be 64 hexadecimal digits in lower case (K2)",
		apiKey(`,"digest":"` + fresh + `00"`):                                                                                                      "digest: must be 64 hexadecimal digits in lower case (K2)",
		apiKey(`,"digest":"` + fresh + `","allowed_ips":[]`):                                                                                       "allowed_ips: an empty list would admit nobody; use null for no limit (K1)",
		apiKey(`,"digest":"` + fresh + `","allowed_ips":["here"]`):                                                                                 "allowed_ips: here is not an IP address or CIDR range (K1)",
		apiKey(`,"digest":"` + fresh + `","secret":"x"`):                                                                                           `unknown field "secret": `,
		apiKey(`,"digest":"` + held + `"`):                                                                                                         "another key already has this digest (K2)",
		apiKey(`,"digest":"` + heldByAccount + `"`):                                                                                                "another key already has this digest (K2)",
		strings.Replace(apiKey(`,"digest":"`+fresh+`"`), `"k"`, `"`+id+`"`, 1):                                                                     "api_key:" + id + " exists and is another key, and an import cannot change it (K1)",
		strings.Replace(apiKey(`,"digest":"`+fresh+`"`), "helper", "nobot", 1):                                                                     "chatbot:nobot does not exist, or you may not see it ()",
		strings.Replace(apiKey(`,"digest":"`+fresh+`"`), "use_only", "everything", 1):                                                              "access: ",
		strings.Replace(apiKey(`,"digest":"`+fresh+`"`), `"name":"n"`, `"name":""`, 1):                                                             "name: a key needs a name (K1)",
		account(`,"account_key":"root","access":"full"`):                                                                                           `account_key: "root" cannot be imported as a key (B1)`,
		account(`,"account_key":"system","access":"full"`):                                                                                         `account_key: "system" cannot be imported as a key (B1)`,
		account(`,"account_key":"a","access":"read_only","actor_required":true`):                                                                   "actor_required: only a full key can act for users (B1)",
		account(`,"account_key":"a","access":"full","organization":"nowhere"`):                                                                     "organization:nowhere does not exist, or you may not see it ()",
		link(`,"chatbot":"helper","mode":"everyone"`):                                                                                              "chatbot:helper has another public link, and an import cannot replace it (L1)",
		link(`,"chatbot":"helper","mode":"none"`):                                                                                                  "mode: ",
		link(`,"chatbot":"quiet","mode":"everyone"`):                                                                                               "chatbot:quiet is owner_only and cannot have a public link (V1)",
		link(`,"chatbot":"modest","mode":"everyone"`):                                                                                              "organization:closed limits public access to authenticated (O5)",
		request(`,"chatbot":"helper","principal":"user:gina","access":"use_only"`):                                                                 "principal: a share with user:gina needs no approval (S4)",
		request(`,"chatbot":"helper","principal":"everyone","access":"read_write"`):                                                                "access: a share with everyone can give at most read_only (S1)",
		request(`,"chatbot":"helper","principal":"team:none","access":"use_only"`):                                                                 "team:none does not exist (S2)",
		request(`,"chatbot":"helper","principal":"organization:globex","access":"read_only"`):                                                      "another request to share chatbot:helper with organization:globex is pending, and an import cannot replace it (S9)",
		strings.Replace(request(`,"chatbot":"helper","principal":"everyone","access":"use_only"`), `"expires_at":"2030-02-01T00:00:00Z",`, "", 1):  "the expiry of a pending request must be in the future (S7)",
		strings.Replace(request(`,"chatbot":"helper","principal":"everyone","access":"use_only"`), "user:bob", "user:carla", 1):                    "user:carla is not an active user (N2)",
		strings.Replace(request(`,"chatbot":"helper","principal":"everyone","access":"use_only"`), "user:bob", "bob", 1):                           "requester: must be user:ID or key:ID ()",
		invitation(`,"invitation":"i"`):                                                                                                            "revision: must be at least 1 (N1)",
		strings.Replace(invitation(`,"invitation":"i","revision":1`), `"member"`, `"boss"`, 1):                                                     "role: ",
		strings.Replace(invitation(`,"invitation":"i","revision":1`), `"acme"`, `"nowhere"`, 1):                                                    "organization:nowhere does not exist, or you may not see it ()",
		strings.Replace(invitation(`,"invitation":"i","revision":1`), `"expires_at":"2030-02-01T00:00:00Z",`, "", 1):                               "the expiry of a pending invitation must be in the future (N1)",
		strings.Replace(invitation(`,"invitation":"i","revision":1`), "user:olga", "user:carla", 1):                                                "user:carla is not an active user (N2)",
		strings.Replace(invitation(`,"invitation":"i","revision":1`), "x@y.org", "new@acme.com", 1):                                                "another invitation of new@acme.com to organization:acme is pending, and an import cannot replace it (N1)",
		strings.Replace(invitation(`,"invitation":"i","revision":1`), `"i"`, `"`+sent+`"`, 1):                                                      "invitation:" + sent + " exists with other content, and an import cannot change an invitation (N1)",
		invitation(`,"invitation":"i","revision":1,"shares":[{"chatbot":"nobot","access":"use_only"}]`):                                            "chatbot:nobot does not exist, or you may not see it ()",
		invitation(`,"invitation":"i","revision":1,"shares":[{"chatbot":"helper","access":"use_only"},{"chatbot":"helper","access":"read_only"}]`): "shares: a chatbot can be listed only once (N1)",
	} {
		require.Contains(t, e.reasons(root, row)[0], why, row)
	}

	// One digest is one key: neither of two rows of one file slips past the other.
	got := e.post(t.Context(), root, "skip_invalid=true", "f.jsonl", apiKey(`,"digest":"`+fresh+`"`)+"\n"+
		strings.Replace(apiKey(`,"digest":"`+fresh+`"`), `"k"`, `"l"`, 1)+"\n"+account(`,"account_key":"a","access":"full"`))
	require.Equal(t, int64(1), got.sum.Written)
	require.Len(t, got.rejects, 2)
	e.agrees()
}

func TestB3ALimitedKeyRestoresNoneWithoutItsLimits(t *testing.T) {
	e := newEnv(t)
	c := e.issue()
	k, err := e.CreateKey(t.Context(), root, sharing.NewKey{Name: "for a day", Access: access.KeyFull, ExpiresAt: e.now.Add(time.Hour)})
	require.NoError(t, err)
	_, own, _ := strings.Cut(only(string(e.export("")), sharing.KindAccountKey), `"account_key":"`+string(k.Key.ID)+`"`)
	limited := access.Actor{Key: k.Key.ID, Access: access.KeyFull, Address: "127.0.0.1"}
	_, err = e.DeleteKey(t.Context(), root, k.Key.ID, false)
	require.NoError(t, err)
	again, err := e.CreateKey(t.Context(), root, sharing.NewKey{Name: "for a day", Access: access.KeyFull, ExpiresAt: e.now.Add(time.Hour)})
	require.NoError(t, err)
	limited.Key = again.Key.ID
	endless := strings.Replace(`{"kind":"account_key","account_key":"mine"`+strings.SplitN(own, "\n", 2)[0], `"expires_at":"2030-01-02T04:04:05Z",`, "", 1)
	require.NotContains(t, endless, "expires_at")
	require.Equal(t, []string{"a key cannot create a key that expires later (B3)"}, e.reasons(limited, endless))
	require.NotEmpty(t, c.file)
}

// Neither the relationships nor the tables say anything of what is known by a digest.
func TestNoOtherFormSaysKeysLinksOrRequests(t *testing.T) {
	e := newEnv(t)
	c := e.issue()
	text := string(e.export("format=relationships")) + strings.Join(unzip(t, e.export("format=csv")), "\n")
	require.NotContains(t, text, "api_key:")
	require.NotContains(t, text, "globex,use_only")
	require.NotContains(t, text, "organization:globex#staff")
	for line := range strings.Lines(only(c.file, restored...)) {
		for _, field := range []string{"digest", "link_digest", "link_nonce", "preview", "api_key", "account_key", "invitation"} {
			if _, rest, found := strings.Cut(line, `"`+field+`":"`); found {
				value, _, _ := strings.Cut(rest, `"`)
				require.NotContains(t, text, value, field)
			}
		}
	}
	for _, line := range []string{"chatbot:helper#use_only@api_key:k", "chatbot:helper#can_read@api_key:k", "chatbot:helper#owner@api_key:k"} {
		got := e.post(t.Context(), root, "", "f.zed", line)
		require.Equal(t, "a relationship cannot contain an API key's digest, without which the key would not work: import keys as JSON Lines", got.rejects[0].Reason)
	}
	for _, line := range []string{"chatbot:helper#can_interact@visitor:*", "chatbot:helper#can_interact@platform:main#logged_in"} {
		got := e.post(t.Context(), root, "", "f.zed", line)
		require.Contains(t, got.rejects[0].Reason, "can_interact is a relation that the engine derives from facts")
	}
}

// An operator's key exports everything from anywhere, keys and all, whatever ranges organizations allow (B4).
func TestB4TheRangesOfAnOrganizationDoNotBindAnExport(t *testing.T) {
	e := newEnv(t)
	e.issue()
	e.takes(root, "o.jsonl", `{"kind":"organization","organization":"globex","allowed_ips":["127.0.0.1"]}`)
	away := root
	away.Address = "192.0.2.1"
	for _, k := range restored {
		given := 0
		require.NoError(t, e.Export(t.Context(), away, sharing.ExportQuery{Kinds: []sharing.Kind{k}}, func(sharing.Row) error {
			given++
			return nil
		}))
		require.Equal(t, 1, given, k)
	}
}
