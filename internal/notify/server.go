package notify

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"

	"github.com/grantway/grantway/internal/access"
)

// Server is a mail server with its connection settings.
type Server struct {
	Host           string
	Port           int
	User, Password string    // "" for a server without login
	TLS            TLSPolicy // when to encrypt
}

// TLSPolicy determines when the connection is encrypted.
type TLSPolicy string

const (
	TLSOffered  TLSPolicy = "offered"  // by STARTTLS, if the server offers it
	TLSRequired TLSPolicy = "required" // by STARTTLS; otherwise nothing is sent
	TLSNone     TLSPolicy = "none"
	TLSImplicit TLSPolicy = "implicit" // from the first byte
)

// The ports of submission, without and with implicit TLS (RFC 6409, RFC 8314).
const (
	portSMTP  = 587
	portSMTPS = 465
)

// ParseServer parses smtp://user:password@host:port, with ?tls=required or ?tls=none, or smtps://user:password@host:port. The error describes the
// fault without quoting the text, which may contain a password.
func ParseServer(text string) (Server, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Server{}, errors.New("must be a URL; write # and % in a password as %23 and %25")
	}
	s := Server{Host: u.Hostname(), Port: portSMTP, TLS: TLSOffered}
	switch u.Scheme {
	case "smtp":
	case "smtps":
		s.Port, s.TLS = portSMTPS, TLSImplicit
	default:
		return s, errors.New("must begin with smtp:// or smtps://")
	}
	if s.Host == "" {
		return s, errors.New("needs a host")
	}
	if (u.Path != "" && u.Path != "/") || u.Fragment != "" {
		return s, errors.New("only ?tls= can follow the host; write / and # in a password as %2F and %23")
	}
	if port := u.Port(); port != "" {
		if s.Port, err = strconv.Atoi(port); err != nil || s.Port < 1 || s.Port > 65535 {
			return s, errors.New("the port must be a number from 1 to 65535")
		}
	}
	if u.User != nil {
		s.User = u.User.Username()
		s.Password, _ = u.User.Password()
		if s.User == "" || s.Password == "" {
			return s, errors.New("a user needs a password: write user:password@host")
		}
	}
	return s, s.policy(u.RawQuery)
}

// policy parses ?tls=.
func (s *Server) policy(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("cannot read the part after ?")
	}
	for name, words := range values {
		if name != "tls" || len(words) != 1 {
			return fmt.Errorf("only tls can follow ?, once")
		}
		policy, err := access.ParseWord(words[0], []TLSPolicy{TLSRequired, TLSNone})
		if err != nil || s.TLS == TLSImplicit {
			return errors.New("tls must be required or none, and cannot be used with smtps://")
		}
		s.TLS = policy
	}
	return nil
}

// ParseFrom parses the sender of all messages: an address, optionally as NAME <ADDRESS>.
func ParseFrom(text string) (mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return mail.Address{}, errors.New(`must be an address such as "Grantway <no-reply@example.org>"`)
	}
	if _, err := access.ParseEmail(a.Address); err != nil {
		return mail.Address{}, errors.New(`must be an address such as "Grantway <no-reply@example.org>"`)
	}
	return *a, nil
}
