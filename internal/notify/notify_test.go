package notify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/notify"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/mailbox"
)

// queue is emails in memory: each is given out once, and what became of it is kept.
type queue struct {
	mu      sync.Mutex
	letters []access.Letter
	settled map[access.MailID]settlement
}

type settlement struct {
	state  access.MailState
	reason string
}

func (q *queue) ClaimMails(_ context.Context, limit int) ([]access.Letter, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(limit, len(q.letters))
	claimed := q.letters[:n]
	q.letters = q.letters[n:]
	return claimed, nil
}

func (q *queue) SettleMail(_ context.Context, id access.MailID, state access.MailState, reason string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settled[id] = settlement{state, reason}
	return nil
}

func (q *queue) add(l access.Letter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.letters = append(q.letters, l)
}

// sender is a running sender and its queue.
type sender struct {
	*queue
	t    *testing.T
	log  *testenv.Log
	stop func()
}

// send starts a sender for the mail server at the URL.
func send(t *testing.T, url string, trusted *x509.CertPool) *sender {
	t.Helper()
	server, err := notify.ParseServer(url)
	require.NoError(t, err)
	s := &sender{queue: &queue{settled: map[access.MailID]settlement{}}, t: t, log: &testenv.Log{}}
	n := notify.New(notify.Config{
		Queue: s.queue, Server: server, From: mail.Address{Name: "Grantway", Address: "no-reply@grantway.test"},
		PublicURL: "https://grantway.test", TLS: &tls.Config{RootCAs: trusted}, Metrics: prometheus.NewRegistry(),
		Log: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { n.Run(ctx); close(ended) }()
	s.stop = func() { cancel(); <-ended }
	t.Cleanup(s.stop)
	return s
}

// became waits until it is known what became of the letter.
func (s *sender) became(id access.MailID) settlement {
	s.t.Helper()
	var found settlement
	require.Eventually(s.t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		found = s.settled[id]
		return found.state != ""
	}, 20*time.Second, 10*time.Millisecond, "it is not known what became of %s", id)
	require.NotContains(s.t, found.reason, "@")
	return found
}

func letter(id access.MailID, to access.Email) access.Letter {
	return access.Letter{
		ID: id, To: to, CreatedAt: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), Kind: access.NotifyShared, By: "Mia", Chatbot: "Helper", Level: access.UseOnly,
	}
}

// TestS11_OneMessageForOnePerson reads a message as its receiver gets it.
func TestS11_OneMessageForOnePerson(t *testing.T) {
	box := mailbox.New(t)
	s := send(t, box.URL(), nil)
	s.add(letter("m1", "bob@acme.test"))
	s.add(letter("m2", "ünï@acme.test"))
	require.Equal(t, access.MailSent, s.became("m1").state)
	require.Equal(t, access.MailSent, s.became("m2").state)

	m := box.Await("bob@acme.test")
	require.Equal(t, "no-reply@grantway.test", m.From)
	require.Equal(t, `"Grantway" <no-reply@grantway.test>`, m.Header.Get("From"))
	require.Equal(t, "<bob@acme.test>", m.Header.Get("To"))
	require.Equal(t, "<m1@grantway.test>", m.Header.Get("Message-Id"))
	require.Equal(t, "auto-generated", m.Header.Get("Auto-Submitted"))
	require.Equal(t, "Wed, 02 Jan 2030 03:04:05 +0000", m.Header.Get("Date"))
	require.Equal(t, "The chatbot “Helper” was shared with you", m.Subject)
	for _, part := range []string{m.Text, m.HTML} {
		require.Contains(t, part, "“Mia” shared the chatbot “Helper” with you. You can use it.")
		require.Contains(t, part, "https://grantway.test")
	}
	require.Len(t, box.Messages(), 2)
	box.Await("ünï@acme.test")
}

// Every kind of message has words, in which every name is only a name.
func TestNamesCannotForgeMessages(t *testing.T) {
	box := mailbox.New(t)
	s := send(t, box.URL(), nil)
	evil := "“<b>x</b>\r\nBcc: eve@evil.test\r\n\r\n\u202eHello\x00 {{.Token}} " + strings.Repeat("long ", 100)
	for _, kind := range append([]access.NotificationKind{""}, access.NotificationKinds...) {
		to := access.Email("to-" + string(kind) + "@acme.test")
		s.add(access.Letter{
			ID: access.MailID("m" + kind), To: to, Kind: kind, By: evil, Chatbot: evil, With: evil, WithKind: access.PrincipalTeam, Level: access.ReadWrite, State: access.RequestApproved,
			Organization: evil, Role: access.OrgAdmin, Shares: []access.LetterShare{{Chatbot: evil, Level: access.UseOnly}}, Token: "gwinv_token",
			ExpiresAt: time.Date(2030, 1, 9, 3, 4, 0, 0, time.UTC),
		})
		m := box.Await(string(to))
		require.Equal(t, string(to), m.To, "one receiver")
		require.NotContains(t, m.Header, "Bcc")
		require.NotContains(t, m.Subject, "\n")
		require.Less(t, len([]rune(m.Subject)), 200)
		require.NotContains(t, m.HTML, "<b>")
		require.Contains(t, m.HTML, "“&#39;&lt;b&gt;x&lt;/b&gt; Bcc: eve@evil[.]test Hello {{[.]Token}}")
		require.Contains(t, m.Text, "“'<b>x</b> Bcc: eve@evil[.]test Hello {{[.]Token}}", "one line, without what is not seen")
		require.NotContains(t, m.Text+m.HTML+m.Subject, "\u202e")
		require.Equal(t, kind == "", strings.Contains(m.Text, "gwinv_token"))
		require.Equal(t, kind == "", strings.Contains(m.HTML, "gwinv_token"))
	}
}

// What the mail server refuses for now is tried again, and what it refuses for good is not.
func TestLaterAndNever(t *testing.T) {
	box := mailbox.New(t)
	box.Answers(func(to string) error {
		switch to {
		case "later@acme.test":
			return mailbox.Refusal(451, "not now, later@acme.test")
		case "never@acme.test":
			return mailbox.Refusal(550, "who is never@acme.test?")
		}
		return nil
	})
	s := send(t, box.URL(), nil)
	s.add(letter("m1", "later@acme.test"))
	s.add(letter("m2", "never@acme.test"))
	s.add(letter("m3", "now@acme.test"))
	require.Equal(t, settlement{access.MailQueued, "the mail server answered 451: closing SMTP DATA writer"}, s.became("m1"))
	require.Equal(t, settlement{access.MailFailed, "the mail server answered 550: closing SMTP DATA writer"}, s.became("m2"))
	require.Equal(t, access.MailSent, s.became("m3").state)
	require.Len(t, box.Messages(), 1)
}

// A mail server that is not there has taken nothing.
func TestServerAway(t *testing.T) {
	box := mailbox.New(t)
	box.Stop()
	s := send(t, box.URL(), nil)
	s.add(letter("m1", "bob@acme.test"))
	require.Equal(t, access.MailQueued, s.became("m1").state)
	box.Start()
	s.add(letter("m2", "bob@acme.test"))
	require.Equal(t, access.MailSent, s.became("m2").state)
	require.Equal(t, "<m2@grantway.test>", box.Await("bob@acme.test").Header.Get("Message-Id"))
}

// A connection that breaks after the whole message and before the answer tells nobody whether the message was taken.
func TestBrokenAfterTheMessage(t *testing.T) {
	box := mailbox.New(t)
	box.Cuts(true)
	s := send(t, box.URL(), nil)
	s.add(letter("m1", "bob@acme.test"))
	require.Equal(t, access.MailUnknown, s.became("m1").state)
	require.Len(t, box.Messages(), 1, "it was taken, in fact")
}

// A sender that is told to stop finishes what it has begun, and begins nothing more.
func TestStopFinishes(t *testing.T) {
	box := mailbox.New(t)
	arrived, go1 := make(chan struct{}), make(chan struct{})
	box.Answers(func(string) error { close(arrived); <-go1; return nil })
	s := send(t, box.URL(), nil)
	s.add(letter("m1", "bob@acme.test"))
	<-arrived
	time.AfterFunc(100*time.Millisecond, func() { close(go1) })
	s.stop()
	require.Equal(t, access.MailSent, s.became("m1").state)
	s.add(letter("m2", "bob@acme.test"))
	require.Len(t, box.Messages(), 1)
}

// Messages go encrypted where they have to, to whom the certificate says, and a password never goes in the clear.
func TestEncryption(t *testing.T) {
	own, trusted := certificate(t)
	offers := mailbox.New(t, mailbox.STARTTLS(own), mailbox.WithPassword())
	implicit := mailbox.New(t, mailbox.ImplicitTLS(own), mailbox.WithPassword())
	plain := mailbox.New(t)
	login := "grantway:correct%20horse%2Fbattery@"
	for name, c := range map[string]struct {
		url     string
		trusted *x509.CertPool
		want    access.MailState
	}{
		"offered":                       {"smtp://" + login + offers.Address(), trusted, access.MailSent},
		"required":                      {"smtp://" + login + offers.Address() + "?tls=required", trusted, access.MailSent},
		"implicit":                      {"smtps://" + login + implicit.Address(), trusted, access.MailSent},
		"nobody vouches for it":         {"smtp://" + login + offers.Address(), x509.NewCertPool(), access.MailQueued},
		"nobody vouches for it at once": {"smtps://" + login + implicit.Address(), x509.NewCertPool(), access.MailQueued},
		"required, not offered":         {"smtp://" + plain.Address() + "?tls=required", trusted, access.MailQueued},
		"no password in the clear":      {"smtp://" + login + offers.Address() + "?tls=none", trusted, access.MailQueued},
		"wrong password":                {"smtp://grantway:guess@" + offers.Address(), trusted, access.MailQueued},
		"no password":                   {"smtp://" + offers.Address(), trusted, access.MailFailed},
		"clear":                         {"smtp://" + plain.Address() + "?tls=none", trusted, access.MailSent},
	} {
		t.Run(name, func(t *testing.T) {
			s := send(t, c.url, c.trusted)
			s.add(letter("m1", "bob@acme.test"))
			became := s.became("m1")
			require.Equal(t, c.want, became.state, became.reason)
			require.NotContains(t, became.reason+s.log.String(), "guess")
			require.NotContains(t, became.reason+s.log.String(), "battery")
		})
	}
}

// certificate makes a certificate for 127.0.0.1, and what trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"mail.test"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

// What is no mail server is refused, without repeating what may hold a password.
func TestParseServer(t *testing.T) {
	for text, want := range map[string]notify.Server{
		"smtp://mail.test":                {Host: "mail.test", Port: 587, TLS: notify.TLSOffered},
		"smtp://u:p%40ss@mail.test:25":    {Host: "mail.test", Port: 25, User: "u", Password: "p@ss", TLS: notify.TLSOffered},
		"smtps://u%40x.test:p@[::1]/":     {Host: "::1", Port: 465, User: "u@x.test", Password: "p", TLS: notify.TLSImplicit},
		"smtp://mail.test?tls=required":   {Host: "mail.test", Port: 587, TLS: notify.TLSRequired},
		"smtp://mail.test:2525/?tls=none": {Host: "mail.test", Port: 2525, TLS: notify.TLSNone},
	} {
		got, err := notify.ParseServer(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{
		"", "mail.test", "mail.test:25", "http://mail.test", "smtp://", "smtp://:25", "smtp://mail.test:0", "smtp://mail.test:65536", "smtp://mail.test:hunter2",
		"smtp://u@mail.test", "smtp://u:@mail.test", "smtp://:hunter2@mail.test", "smtp://u:hunter2/x@mail.test", "smtp://u:hunter2#x@mail.test",
		"smtp://u:hunter2%@mail.test", "smtp://mail.test/hunter2", "smtp://mail.test?tls=maybe", "smtp://mail.test?tls=none&tls=none", "smtp://mail.test?ssl=1",
		"smtps://mail.test?tls=required", "smtp://mail.test?%zz", "smtp://mail.test#hunter2", "hunter2://x",
	} {
		_, err := notify.ParseServer(text)
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestParseFrom(t *testing.T) {
	from, err := notify.ParseFrom("Grantway <no-reply@example.org>")
	require.NoError(t, err)
	require.Equal(t, mail.Address{Name: "Grantway", Address: "no-reply@example.org"}, from)
	for _, text := range []string{"", "Grantway", "a@b.c, d@e.f", "x@", "Grantway <x>", "a@b.c\r\nBcc: e@evil.test"} {
		_, err := notify.ParseFrom(text)
		require.Error(t, err, "%q", text)
	}
}
