package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"

	gomail "github.com/wneessen/go-mail"

	"github.com/grantway/grantway/internal/access"
)

// send gives one message to the mail server, and says what became of it and why: only what the mail server has not taken for certain is
// MailQueued or MailFailed. The reason names no address.
func (s *Sender) send(ctx context.Context, l access.Letter, claimed lease) (access.MailState, string) {
	message, err := s.compose(l)
	if err != nil {
		return access.MailFailed, "cannot write the message: " + err.Error()
	}
	// Whatever happens, the connection is cut in the end, and not closed by QUIT unless the message is taken: after half a message, QUIT would be
	// preceded by the dot that ends it.
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	client, err := s.client(ctx)
	if err != nil {
		return access.MailFailed, "cannot connect to the mail server: " + err.Error()
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil { // nothing was said of the message yet
		return access.MailQueued, "cannot log in at the mail server: " + reply(err)
	}
	if claimed.lapsed() { // others take it for lost by now, or soon, and what they do not is sent later
		return access.MailQueued, "this process was delayed"
	}
	err = client.SendWithSMTPClient(conn, message)
	if message.IsDelivered() {
		_ = client.CloseWithSMTPClient(conn) // however the conversation ends
		return access.MailSent, ""
	}
	return judge(err)
}

// judge says what became of a message that was not taken in so many words.
func judge(err error) (access.MailState, string) {
	var refusal *gomail.SendError
	if !errors.As(err, &refusal) {
		return access.MailUnknown, "the connection to the mail server broke, and the outcome is unknown"
	}
	code := refusal.ErrorCode()
	if code == 0 {
		if refusal.Reason == gomail.ErrSMTPDataClose {
			return access.MailUnknown, "the connection broke after the message was sent and before it was answered"
		}
		return access.MailQueued, "the connection broke: " + refusal.Reason.String()
	}
	reason := fmt.Sprintf("the mail server answered %d: %s", code, refusal.Reason)
	if code >= 500 {
		return access.MailFailed, reason
	}
	return access.MailQueued, reason
}

// reply says why a mail server was not reached or lets nobody in. Of what a server says only the code is told: its words may name the user.
func reply(err error) string {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Sprintf("it answered %d", answer.Code)
	}
	return err.Error()
}

// client speaks to the mail server in one connection, which is cut when the context ends.
func (s *Sender) client(ctx context.Context) (*gomail.Client, error) {
	config := &tls.Config{}
	if s.TLS != nil {
		config = s.TLS.Clone()
	}
	config.ServerName, config.MinVersion = s.Server.Host, tls.VersionTLS12
	policies := map[TLSPolicy]gomail.TLSPolicy{
		TLSOffered: gomail.TLSOpportunistic, TLSRequired: gomail.TLSMandatory, TLSNone: gomail.NoTLS,
		TLSImplicit: gomail.TLSOpportunistic, // the connection is encrypted when the client gets it, and no server offers STARTTLS on it
	}
	options := []gomail.Option{
		gomail.WithPort(s.Server.Port), gomail.WithTimeout(answerWithin), gomail.WithTLSConfig(config), gomail.WithTLSPolicy(policies[s.Server.TLS]),
		gomail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(dialing, network, address)
			if err != nil {
				return nil, err
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			if s.Server.TLS != TLSImplicit {
				return conn, nil
			}
			encrypted := tls.Client(conn, config)
			if err := encrypted.HandshakeContext(dialing); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			return encrypted, nil
		}),
	}
	if s.Server.User != "" { // in the safest way that the server knows, and never in the clear
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Server.User), gomail.WithPassword(s.Server.Password))
	}
	return gomail.NewClient(s.Server.Host, options...)
}
