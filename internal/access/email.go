package access

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Email is an address in the form in which addresses are compared: in Unicode form NFC, lower-cased, its domain in IDNA ASCII form (I2).
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
	if r, found := unseen(s); found {
		return "", Invalidf("I2", "%q is not an email address: it contains the invisible character %U", s, r)
	}
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || addr.Name != "" {
		return "", Invalidf("I2", "%q is not an email address", s)
	}
	at := strings.LastIndexByte(s, '@')
	local := norm.NFC.String(s[:at])
	if strings.ContainsFunc(s[:at], likeASCII) || strings.ContainsFunc(local, likeASCII) {
		return "", Invalidf("I2", "%q is not an email address: one of its letters would become an ASCII letter", s)
	}
	domain, err := ParseDomain(s[at+1:])
	if err != nil {
		return "", Invalidf("I2", "%q is not an email address: its domain is not valid", s)
	}
	e := Email(norm.NFC.String(strings.ToLower(local)) + "@" + domain)
	if len(e) > maxEmailBytes {
		return "", longEmail()
	}
	return e, nil
}

func longEmail() error {
	return Invalidf("I2", "an email address can have at most %d bytes", maxEmailBytes)
}

// likeASCII reports whether the compared form of the character is ASCII though it is not, as that of the Kelvin sign and the Turkish İ is: the mailbox
// would be taken for somebody else's.
func likeASCII(r rune) bool {
	return r > unicode.MaxASCII && (unicode.ToLower(r) <= unicode.MaxASCII || norm.NFC.String(string(r))[0] < utf8.RuneSelf)
}

// unseen finds a character in an address or a domain that people cannot see, and that makes another one of it: white space, control and format
// characters, and what IDNA would drop from a domain without a word.
func unseen(s string) (r rune, found bool) {
	at := strings.IndexFunc(s, func(r rune) bool {
		return invisible(r) || unicode.IsControl(r) || unicode.Is(unicode.Variation_Selector, r)
	})
	if at < 0 {
		return 0, false
	}
	r, _ = utf8.DecodeRuneInString(s[at:])
	return r, true
}

// Domain is the part behind the last @, in IDNA ASCII form.
func (e Email) Domain() string { return string(e[strings.LastIndexByte(string(e), '@')+1:]) }

// domains is the profile of host names as users write them, held to the lengths that DNS allows (RFC 5891, RFC 1035).
var domains = idna.New(idna.MapForLookup(), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.BidiRule())

// ParseDomain reads a domain as a caller writes it and returns its IDNA ASCII form, lower-cased (I2, G2).
func ParseDomain(s string) (string, error) {
	if len(s) > maxDomainBytes {
		return "", Invalidf("I2", "a domain can have at most %d bytes", maxDomainBytes)
	}
	if r, found := unseen(s); found {
		return "", Invalidf("I2", "%q is not a domain: it contains the invisible character %U", s, r)
	}
	ascii, err := domains.ToASCII(s)
	if err != nil || ascii == "" || strings.HasSuffix(ascii, ".") {
		return "", Invalidf("I2", "%q is not a domain", s)
	}
	return strings.ToLower(ascii), nil
}
