package authn

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/strictjson"
)

// DefaultMaxToken is the default maximum length of a token, in bytes, and DefaultClockSkew how far an issuer's clock can be ahead by default. The
// skew does not apply to expiry.
const (
	DefaultMaxToken  = 32 << 10
	DefaultClockSkew = 5 * time.Minute
)

// lastSecond is the maximum of times in a token: the year 9999.
const lastSecond = 253402300799

// tokenTypes are the types of tokens that are credentials, in lower case and without application/: access tokens (RFC 9068) and ID tokens. Others of
// the same issuer, such as logout tokens, are not.
var tokenTypes = []string{"", "jwt", "at+jwt"}

// isToken reports whether a credential is a signed JWT: three parts separated by dots. Account keys have no dots.
func isToken(credential string) bool { return strings.Count(credential, ".") == 2 }

// believed is an issuer and its keys.
type believed struct {
	Issuer
	algorithms []jose.SignatureAlgorithm
	keys       *keySet
	skew       time.Duration // how far its clock can be ahead
}

// issuers are the issuers whose tokens are accepted, by URL.
type issuers map[string]*believed

func newIssuers(list []Issuer, skew time.Duration, now func() time.Time, away func(string, error)) issuers {
	all := issuers{}
	for _, is := range list {
		b := &believed{Issuer: is, keys: newKeySet(is.URL, now, away), algorithms: asymmetric, skew: skew}
		if is.Algorithms != nil {
			b.algorithms = nil
			for _, a := range is.Algorithms {
				b.algorithms = append(b.algorithms, jose.SignatureAlgorithm(a))
			}
		}
		all[is.URL] = b
	}
	return all
}

// refuseToken refuses a token with the same text whatever its fault is; the cause is for the log.
func refuseToken(cause error) error {
	return &access.Error{Kind: access.KindUnauthenticated, Rule: "U1", Detail: "invalid token", Cause: cause}
}

// read verifies the token and returns its statements. The error is of kind Unauthenticated, or Unavailable if the issuer's keys cannot be fetched.
// With an error it returns the issuer if the token is known to be from it.
func (all issuers) read(ctx context.Context, token string, now time.Time) (access.SignIn, error) {
	is, payload, err := all.verify(ctx, token)
	if err != nil {
		if access.KindOf(err) == access.KindUnavailable {
			return access.SignIn{}, err
		}
		return access.SignIn{}, refuseToken(err)
	}
	c, err := parseClaims(payload)
	if err != nil {
		return access.SignIn{Issuer: is.URL}, refuseToken(err)
	}
	issued, err := is.inForce(c, now)
	if err != nil {
		return access.SignIn{Issuer: is.URL}, refuseToken(err)
	}
	in, err := is.signIn(c)
	if err == nil {
		err = all.mayName(is, in.User)
	}
	if err != nil {
		return access.SignIn{Issuer: is.URL}, refuseToken(err)
	}
	in.IssuedAt = issued
	for url := range all {
		in.Claimants = append(in.Claimants, url)
	}
	return in, nil
}

// verify finds the issuer that the token names, and verifies the signature.
func (all issuers) verify(ctx context.Context, token string) (*believed, []byte, error) {
	if err := canonical(token); err != nil {
		return nil, nil, err
	}
	signed, err := jose.ParseSignedCompact(token, asymmetric)
	if err != nil {
		return nil, nil, err
	}
	header := signed.Signatures[0].Protected
	kind, isText := "", true
	if typ, sent := header.ExtraHeaders[jose.HeaderType]; sent {
		kind, isText = typ.(string)
	}
	if !isText || !slices.Contains(tokenTypes, strings.TrimPrefix(strings.ToLower(kind), "application/")) {
		return nil, nil, fmt.Errorf("it is of type %q", kind)
	}
	if _, sent := header.ExtraHeaders["crit"]; sent {
		return nil, nil, errors.New("it needs unknown extensions")
	}
	unverified, err := parseClaims(signed.UnsafePayloadWithoutVerification())
	if err != nil {
		return nil, nil, err
	}
	is := all[unverified.protocol("iss")]
	switch {
	case is == nil:
		return nil, nil, errors.New("its issuer is not configured")
	case !slices.Contains(is.algorithms, jose.SignatureAlgorithm(header.Algorithm)):
		return nil, nil, fmt.Errorf("it is signed with %s, which is not configured", header.Algorithm)
	}
	payload, err := is.keys.verify(ctx, signed)
	return is, payload, err
}

// tokenLimits are those of a header and of claims.
var tokenLimits = strictjson.Limits{Doubles: true}

// canonical refuses alternative encodings of a token, such as base64 with line breaks, padding or spare bits, so that no token has a twin; and a
// header that two readers could understand differently.
func canonical(token string) error {
	for i, part := range strings.Split(token, ".") {
		decoded, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return err
		}
		if base64.RawURLEncoding.EncodeToString(decoded) != part {
			return errors.New("it is not canonical base64url")
		}
		if i == 0 {
			if _, err := strictjson.Parse(decoded, tokenLimits); err != nil {
				return fmt.Errorf("its header: %w", err)
			}
		}
	}
	return nil
}

// mayName refuses an ID that has another issuer's prefix; if two prefixes fit, the longer one counts.
func (all issuers) mayName(is *believed, user access.UserID) error {
	for _, other := range all {
		if len(other.User.Prefix) > len(is.User.Prefix) && strings.HasPrefix(string(user), other.User.Prefix) {
			return fmt.Errorf("the user's ID belongs to issuer %s", other.URL)
		}
	}
	return nil
}

// inForce checks the audience and the times of a token (RFC 7519, section 4.1; RFC 9068, section 4), and returns when it was issued.
func (is *believed) inForce(c claims, now time.Time) (issued time.Time, err error) {
	aud, err := c.audiences()
	if err != nil {
		return issued, err
	}
	if !slices.ContainsFunc(aud, func(a string) bool { return slices.Contains(is.Audiences, a) }) {
		return issued, errors.New("it is for another audience")
	}
	if is.Clients != nil && !slices.Contains(is.Clients, orElse(c.protocol("azp"), c.protocol("client_id"))) {
		return issued, errors.New("it was issued to another client")
	}
	for _, unknown := range []string{
		"cnf",    // bound to a key that the caller would have to prove (RFC 7800)
		"events", // reports an event, such as a logout (RFC 8417)
	} {
		if _, sent := c[unknown]; sent {
			return issued, fmt.Errorf("it has %s, so it is not a bearer token", unknown)
		}
	}
	expires, sent, err := c.time("exp")
	if err != nil || !sent || !now.Before(expires) {
		return issued, errors.Join(errors.New("it has expired, or has no exp"), err)
	}
	begins, sent, err := c.time("nbf")
	if err != nil || sent && now.Add(is.skew).Before(begins) {
		return issued, errors.Join(errors.New("it is not valid yet"), err)
	}
	issued, sent, err = c.time("iat")
	if err != nil || !sent || now.Add(is.skew).Before(issued) {
		return issued, errors.Join(fmt.Errorf("it has no iat, or one more than %s in the future", is.skew), err)
	}
	return issued, nil
}
