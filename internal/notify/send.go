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

// send sends one message and returns the outcome and the reason. It returns MailQueued or MailFailed only if the mail server has certainly not
// accepted the message. The reason contains no address.
func (s *Sender) send(ctx context.Context, l access.Letter, claimed lease) (access.MailState, string) {
	message, err := s.compose(l)
	if err != nil {
		return access.MailFailed, "cannot write the message: " + err.Error()
	}
	// Always cut the connection at the end, and send QUIT only if the message was accepted: after half a message, QUIT would be preceded by the dot
	// that ends it.
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	client, err := s.client(ctx)
	if err != nil {
		return access.MailFailed, "cannot connect to the mail server: " + err.Error()
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil { // the message was not mentioned yet
		return access.MailQueued, "cannot log in at the mail server: " + reply(err)
	}
	if claimed.lapsed() { // others consider it lost by now, or soon; otherwise it is sent later
		return access.MailQueued, "this process was delayed"
	}
	err = client.SendWithSMTPClient(conn, message)
	if message.IsDelivered() {
		_ = client.CloseWithSMTPClient(conn) // however the conversation ends
		return access.MailSent, ""
	}
	return judge(err)
}

// judge returns the outcome of a message that the mail server did not clearly accept.
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

// reply returns why a mail server could not be reached or refused the login. It quotes only the code of the server's answer, whose text may name the
// user.
func reply(err error) string {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Sprintf("it answered %d", answer.Code)
	}
	return err.Error()
}

// client opens one connection to the mail server, which is cut when the context ends.
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
	if s.Server.User != "" { // with the safest method that the server offers, never in plain text
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Server.User), gomail.WithPassword(s.Server.Password))
	}
	return gomail.NewClient(s.Server.Host, options...)
}
