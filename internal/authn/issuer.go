package authn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"gopkg.in/yaml.v3"

	"github.com/grantway/grantway/internal/access"
)

// Issuer is an OpenID provider whose tokens are accepted, with the meaning of their claims. Claims are named as in the token; a claim inside another
// is named by both, with a dot in between, such as realm_access.roles.
type Issuer struct {
	URL        string   `yaml:"issuer"`     // exactly as in iss
	Audiences  []string `yaml:"audience"`   // aud must contain one of them
	Clients    []string `yaml:"clients"`    // azp or client_id must be one of them; nil accepts any
	Algorithms []string `yaml:"algorithms"` // of signatures; nil accepts all asymmetric ones

	User   UserClaims   `yaml:"user"`
	Email  EmailClaims  `yaml:"email"`
	Name   string       `yaml:"name"` // the claim of the name; "" is name
	Type   *TypeClaims  `yaml:"type"` // nil: the issuer does not set types
	Grants []ClaimGrant `yaml:"grants"`
}

// UserClaims determines the user of a token.
type UserClaims struct {
	Claim  string `yaml:"claim"`  // of the ID at the first sign-in; "" is sub
	Prefix string `yaml:"prefix"` // for the IDs of the issuer's users
	Create *bool  `yaml:"create"` // whether to create users at their first sign-in; nil means true
	Adopt  bool   `yaml:"adopt"`  // whether users created in another way can sign in, unless another issuer has claimed them
	// AdoptSelfChosen confirms Adopt with a claim that people choose themselves, and with it whose account they get.
	AdoptSelfChosen bool `yaml:"adopt_self_chosen"`
}

// EmailClaims determines the address of a token, and whether it is verified (D3). If Verified is always, each address in Domains counts as verified,
// unless email_verified is false, for providers that never send it. Domains must be set then.
type EmailClaims struct {
	Claim    string   `yaml:"claim"`    // "" is email
	Verified string   `yaml:"verified"` // the claim that is true or "true" for a verified address; "" is email_verified; for always see above
	Domains  []string `yaml:"domains"`  // the domains for which the issuer is trusted; * means all, and so does nil if it is the only issuer
}

const (
	standardVerified = "email_verified"
	always           = "always"
)

// TypeClaims determines who is internal; all other users of the issuer are external.
type TypeClaims struct {
	Claim    string   `yaml:"claim"`
	Internal []string `yaml:"internal"` // internal values of the claim
	Domains  []string `yaml:"domains"`  // of verified addresses
}

// ClaimGrant is a grant for a value of a claim: a role, a platform role, or a role in an organization.
type ClaimGrant struct {
	Claim string `yaml:"claim"`
	// Value is the value of the claim, or an item of its list. A * at its end stands for any text, which replaces the * in Role and Organization.
	Value        string              `yaml:"value"`
	Role         string              `yaml:"role"`
	Platform     access.PlatformRole `yaml:"platform"`
	Organization string              `yaml:"organization"`
	As           access.OrgRole      `yaml:"as"` // in the organization: admin, member or client
}

// asymmetric lists the accepted algorithms of signatures. With a symmetric one, everyone who knows the public key could sign.
var asymmetric = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// ParseIssuers parses a list of issuers in YAML.
func ParseIssuers(text []byte) ([]Issuer, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	var list []Issuer
	if err := d.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return list, nil
}

// CheckIssuers refuses issuers that are invalid or contradict each other, and fills in defaults.
func CheckIssuers(list []Issuer) error {
	for i := range list {
		is := &list[i]
		if err := is.check(len(list) > 1); err != nil {
			return fmt.Errorf("issuer %q: %w", is.URL, err)
		}
		for _, other := range list[:i] {
			switch {
			case other.URL == is.URL:
				return fmt.Errorf("issuer %q is listed twice", is.URL)
			case other.User.Prefix == is.User.Prefix:
				return fmt.Errorf("issuers %q and %q would give users the same IDs: set user.prefix for one of them", other.URL, is.URL)
			}
		}
	}
	return nil
}

// Warnings returns, as sentences, settings in a valid list that are probably mistakes.
func Warnings(list []Issuer) (all []string) {
	for _, is := range list {
		if !*is.User.Create && !is.User.Adopt {
			all = append(all, fmt.Sprintf("nobody new can sign in with issuer %q: user.create and user.adopt are both off", is.URL))
		}
	}
	return all
}

func (is *Issuer) check(several bool) error {
	if len(is.URL) > access.MaxIDBytes || !secure(is.URL) || strings.ContainsAny(is.URL, "?#") {
		return errors.New("the URL must be https (http on this machine only), without query or fragment")
	}
	if len(is.Audiences) == 0 || slices.Contains(is.Audiences, "") {
		return errors.New("audiences must list at least one audience, which its tokens must name")
	}
	if is.Clients != nil && (len(is.Clients) == 0 || slices.Contains(is.Clients, "")) {
		return errors.New("clients matches no token: name at least one, or leave clients out for any")
	}
	if is.Algorithms != nil && len(is.Algorithms) == 0 {
		return errors.New("algorithms matches no token: name at least one, or leave algorithms out for all")
	}
	for _, a := range is.Algorithms {
		if !slices.Contains(asymmetric, jose.SignatureAlgorithm(a)) {
			return fmt.Errorf("%q is not one of the algorithms %s", a, access.Listed(asymmetric))
		}
	}
	for i, check := range []func() error{func() error { return is.checkEmail(several) }, is.checkUser, is.checkType} {
		if err := check(); err != nil {
			return fmt.Errorf("%s: %w", []string{"email", "user", "type"}[i], err)
		}
	}
	is.Name = orElse(is.Name, "name")
	if err := checkClaim(is.Name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	for i, g := range is.Grants {
		if err := g.check(); err != nil {
			return fmt.Errorf("grant %d: %w", i+1, err)
		}
	}
	return nil
}

func (is *Issuer) checkEmail(several bool) error {
	e := &is.Email
	if e.Verified == always && (len(e.Domains) == 0 || slices.Contains(e.Domains, "*")) {
		return errors.New("verified: always needs domains: list those whose addresses are trusted, without \"*\"")
	}
	if e.Domains == nil {
		if several {
			return errors.New("with several issuers, each needs domains: the domains whose addresses it is trusted for (\"*\" for all, [] for none)")
		}
		e.Domains = []string{"*"}
	}
	e.Claim, e.Verified = orElse(e.Claim, "email"), orElse(e.Verified, standardVerified)
	return errors.Join(parseDomains(e.Domains, true), checkClaim(e.Claim), checkClaim(e.Verified))
}

// selfChosen are the last parts of names of claims that people choose themselves with most providers. An address among them is not the claim that has
// to be verified.
var selfChosen = []string{
	"preferred_username", "username", "nickname", "login", "name", "given_name", "family_name", "middle_name", "email", "mail", "phone_number", "profile", "website",
}

func (is *Issuer) checkUser() error {
	u := &is.User
	u.Claim = orElse(u.Claim, "sub")
	if u.Create == nil {
		create := true
		u.Create = &create
	}
	if err := checkClaim(u.Claim); err != nil {
		return err
	}
	if _, err := identifier(u.Prefix + "x"); err != nil {
		return fmt.Errorf("no user can have the prefix %q: %w", u.Prefix, err)
	}
	verified := u.Claim == is.Email.Claim
	if verified && len(is.Email.Domains) == 0 {
		return fmt.Errorf("nobody can sign in: claim %s must be a verified address, and email.domains lists no domain", u.Claim)
	}
	last := strings.ToLower(u.Claim[strings.LastIndexAny(u.Claim, "./:")+1:])
	chosen := slices.Contains(selfChosen, last) && (!verified || last != "email" && last != "mail")
	switch {
	case u.Adopt && chosen && !u.AdoptSelfChosen:
		return fmt.Errorf("adopt: true with claim %s lets people take over an account by choosing its name: use sub or a verified email, or confirm it with adopt_self_chosen: true", u.Claim)
	case u.AdoptSelfChosen && !(u.Adopt && chosen):
		return fmt.Errorf("adopt_self_chosen needs adopt: true and a claim that people choose themselves, unlike %s", u.Claim)
	}
	return nil
}

func (is *Issuer) checkType() error {
	t := is.Type
	if t == nil {
		return nil
	}
	if (t.Claim == "") != (len(t.Internal) == 0) || t.Claim == "" && len(t.Domains) == 0 {
		return errors.New("needs claim and internal (its values for internal users), or domains")
	}
	if slices.Contains(t.Internal, "") {
		return errors.New("internal must not contain an empty value")
	}
	if t.Claim != "" {
		if err := checkClaim(t.Claim); err != nil {
			return err
		}
	}
	if err := parseDomains(t.Domains, false); err != nil {
		return err
	}
	for _, d := range t.Domains {
		if !slices.Contains(is.Email.Domains, "*") && !slices.Contains(is.Email.Domains, d) {
			return fmt.Errorf("domain %s makes nobody internal, because email.domains does not list it", d)
		}
	}
	return nil
}

// checkClaim refuses an invalid name of a claim.
func checkClaim(name string) error {
	if name == "" || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name) {
		return fmt.Errorf("%q is not the name of a claim", name)
	}
	if name[0] == '.' || name[len(name)-1] == '.' {
		return fmt.Errorf("%q is not the name of a claim: a dot separates nested claims", name)
	}
	return nil
}

func (g ClaimGrant) check() error {
	gives := 0
	for _, target := range []string{g.Role, string(g.Platform), g.Organization} {
		if target != "" {
			gives++
		}
	}
	switch {
	case g.Claim == "" || g.Value == "":
		return errors.New("needs a claim and a value")
	case strings.Contains(strings.TrimSuffix(g.Value, "*"), "*"):
		return fmt.Errorf("value %q matches no claim: * can stand only at the end", g.Value)
	case strings.TrimSpace(g.Value) != g.Value:
		return fmt.Errorf("value %q matches no claim: it begins or ends with white space", g.Value)
	case gives != 1:
		return errors.New("needs exactly one of role, platform and organization")
	case (g.Organization != "") != (g.As != ""):
		return errors.New("organization needs as (the role in it), and as needs organization")
	case g.As != "" && !slices.Contains(access.OrgRoles[1:], g.As):
		return fmt.Errorf("as must be one of %s: only owners can name owners", access.Listed(access.OrgRoles[1:]))
	case g.Platform != "" && !slices.Contains(access.PlatformRoles, g.Platform):
		return fmt.Errorf("platform must be one of %s", access.Listed(access.PlatformRoles))
	case g.Platform != "" && strings.HasSuffix(g.Value, "*"):
		return errors.New("a platform role needs an exact value, without *")
	case strings.Contains(g.Role+g.Organization, "*") && !strings.HasSuffix(g.Value, "*"):
		return errors.New("the value must end in * if role or organization contains *")
	}
	if g.Platform == "" {
		if _, err := identifier(strings.ReplaceAll(g.Role+g.Organization, "*", "x")); err != nil {
			return fmt.Errorf("%q is not an ID: %w", g.Role+g.Organization, err)
		}
	}
	return checkClaim(g.Claim)
}

// parseDomains normalizes domains (I2).
func parseDomains(list []string, all bool) error {
	for i, d := range list {
		if all && d == "*" {
			continue
		}
		var err error
		if list[i], err = access.ParseDomain(d); err != nil {
			return err
		}
	}
	return nil
}

func orElse(s, unset string) string {
	if s == "" {
		return unset
	}
	return s
}

// secure reports whether the URL is trusted: it uses https, or stays on this machine.
func secure(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}
