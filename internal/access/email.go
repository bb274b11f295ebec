package access

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Email is an address in the form in which addresses are compared: lower-cased, its domain in IDNA ASCII form (I2).
type Email string

const (
	// maxEmailBytes is the longest address that SMTP carries in a path, without its angle brackets (RFC 5321, 4.5.3.1.3).
	maxEmailBytes = 254
	// maxDomainBytes is the longest name of a host as people write it (RFC 1035, 2.3.4).
	maxDomainBytes = 253
)

// ParseEmail reads an address as a caller writes it. The error is of kind Invalid. The length is looked at first: what IDNA costs grows with its square.
func ParseEmail(s string) (Email, error) {
	if len(s) > maxEmailBytes {
		return "", longEmail()
	}
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || addr.Name != "" {
		return "", Invalidf("I2", "%q is not an e-mail address", s)
	}
	at := strings.LastIndexByte(s, '@')
	if strings.ContainsFunc(s[:at], likeASCII) {
		return "", Invalidf("I2", "%q is not an e-mail address that can be told from another one by its lower case", s)
	}
	domain, err := ParseDomain(s[at+1:])
	if err != nil {
		return "", Invalidf("I2", "%q is not an e-mail address: its domain is not valid", s)
	}
	e := Email(strings.ToLower(s[:at]) + "@" + domain)
	if len(e) > maxEmailBytes {
		return "", longEmail()
	}
	return e, nil
}

func longEmail() error {
	return Invalidf("I2", "an e-mail address has at most %d bytes", maxEmailBytes)
}

// likeASCII reports whether the letter's lower case is an ASCII letter's, as those of the Kelvin sign and the Turkish İ are: the mailbox would be
// taken for somebody else's.
func likeASCII(r rune) bool { return r > unicode.MaxASCII && unicode.ToLower(r) <= unicode.MaxASCII }

// Domain is the part behind the last @, in IDNA ASCII form.
func (e Email) Domain() string { return string(e[strings.LastIndexByte(string(e), '@')+1:]) }

// domains is the profile of host names as users write them, held to the lengths that DNS allows (RFC 5891, RFC 1035).
var domains = idna.New(idna.MapForLookup(), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.BidiRule())

// ParseDomain reads a domain as a caller writes it and returns its IDNA ASCII form, lower-cased (I2, G2).
func ParseDomain(s string) (string, error) {
	if len(s) > maxDomainBytes {
		return "", Invalidf("I2", "a domain has at most %d bytes", maxDomainBytes)
	}
	ascii, err := domains.ToASCII(s)
	if err != nil || ascii == "" || strings.HasSuffix(ascii, ".") {
		return "", Invalidf("I2", "%q is not a domain", s)
	}
	return strings.ToLower(ascii), nil
}
