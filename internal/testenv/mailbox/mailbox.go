// Package mailbox is a real mail server for tests. It keeps every message, and refuses or cuts off those that a test selects.
package mailbox

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// The credentials that a mailbox with a password takes.
const (
	User     = "grantway"
	Password = "correct horse/battery"
)

// awaitWithin is how long a message may take.
const awaitWithin = 20 * time.Second

// Message is one message as it was received.
type Message struct {
	From, To string // of the envelope; To holds every recipient
	Header   mail.Header
	Subject  string
	Text     string
	HTML     string
}

// Mailbox is the server and what it has received.
type Mailbox struct {
	testing.TB
	address string
	config  config
	server  *smtp.Server
	socket  net.Listener

	mu       sync.Mutex
	received []Message
	answer   func(to string) error // of DATA, before the message counts as received
	cut      bool                  // break the connection after the message is received
	tried    int
}

type config struct {
	tls      *tls.Config
	implicit bool
	password bool
}

// Option changes how the server speaks.
type Option func(*config)

// STARTTLS offers encryption.
func STARTTLS(c *tls.Config) Option { return func(o *config) { o.tls = c } }

// ImplicitTLS encrypts from the first byte.
func ImplicitTLS(c *tls.Config) Option { return func(o *config) { o.tls, o.implicit = c, true } }

// WithPassword takes messages from User with Password only, and offers no way to send that in the clear.
func WithPassword() Option { return func(o *config) { o.password = true } }

// New starts a mail server, which runs until the test ends.
func New(t testing.TB, options ...Option) *Mailbox {
	t.Helper()
	b := &Mailbox{TB: t, address: "127.0.0.1:0"}
	for _, o := range options {
		o(&b.config)
	}
	b.Start()
	t.Cleanup(b.Stop)
	return b
}

// Start starts the server again, at the address that it had.
func (b *Mailbox) Start() {
	b.Helper()
	socket, err := net.Listen("tcp", b.address)
	require.NoError(b, err)
	b.address = socket.Addr().String()
	if b.config.implicit {
		socket = tls.NewListener(socket, b.config.tls)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{box: b, conn: c, trusted: !b.config.password}, nil
	}))
	s.Domain, s.TLSConfig, s.EnableSMTPUTF8, s.ErrorLog = "mail.test", b.config.tls, true, log.New(io.Discard, "", 0)
	b.server, b.socket = s, socket
	go func() { _ = s.Serve(socket) }() // ends with Close
}

// Stop stops the server: nobody answers at its address then.
func (b *Mailbox) Stop() {
	_ = b.socket.Close() // the server may not know it yet
	_ = b.server.Close()
}

// Address is host:port of the server.
func (b *Mailbox) Address() string { return b.address }

// URL is how Grantway is told of the server.
func (b *Mailbox) URL() string { return "smtp://" + b.address }

// Answers makes the server answer to each message as the function says for its recipient, or takes it where that is nil.
func (b *Mailbox) Answers(answer func(to string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// Refusal is an answer with the code, such as 451 for later and 550 for never.
func Refusal(code int, words string) error { return &smtp.SMTPError{Code: code, Message: words} }

// Cuts makes the server break every connection once it has a whole message, without an answer.
func (b *Mailbox) Cuts(cut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = cut
}

// Tried is how many messages were sent to the server, taken or not.
func (b *Mailbox) Tried() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tried
}

// Messages is every message that was received, in order.
func (b *Mailbox) Messages() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Message(nil), b.received...)
}

// Await waits for a message to the address, and gives the newest.
func (b *Mailbox) Await(to string) Message {
	b.Helper()
	all := b.AwaitAll(to, 1)
	return all[len(all)-1]
}

// AwaitAll waits until so many messages to the address are there, and gives all of them.
func (b *Mailbox) AwaitAll(to string, n int) (found []Message) {
	b.Helper()
	require.Eventually(b, func() bool {
		found = b.To(to)
		return len(found) >= n
	}, awaitWithin, 10*time.Millisecond, "no %d messages to %s", n, to)
	return found
}

// To is the messages to the address so far.
func (b *Mailbox) To(address string) (found []Message) {
	for _, m := range b.Messages() {
		if m.To == address {
			found = append(found, m)
		}
	}
	return found
}

// session is one conversation.
type session struct {
	box      *Mailbox
	conn     *smtp.Conn
	trusted  bool
	from, to string
}

var _ smtp.AuthSession = (*session)(nil)

func (s *session) AuthMechanisms() []string {
	if !s.box.config.password {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.trusted = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.trusted {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = strings.TrimPrefix(s.to+" "+to, " ")
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err // a message without an end is no message
	}
	m, err := read(raw)
	if err != nil {
		s.box.Errorf("a message cannot be read: %v\n%s", err, raw)
		return err
	}
	m.From, m.To = s.from, s.to
	b := s.box
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tried++
	if b.answer != nil {
		if err := b.answer(s.to); err != nil {
			return err
		}
	}
	b.received = append(b.received, m)
	if b.cut {
		return s.conn.Conn().Close()
	}
	return nil
}

func (s *session) Reset()        { s.from, s.to = "", "" }
func (s *session) Logout() error { return nil }

// read takes a message apart: it is multipart/alternative with a text and an HTML part.
func read(raw []byte) (m Message, err error) {
	whole, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m, err
	}
	m.Header = whole.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(whole.Header.Get("Subject")); err != nil {
		return m, err
	}
	kind, parameters, err := mime.ParseMediaType(whole.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return m, errors.Join(err, errors.New("it is not multipart/alternative but "+kind))
	}
	parts := multipart.NewReader(whole.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return m, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.HTML = string(body)
		} else {
			m.Text = string(body)
		}
	}
}
