package authn

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grantway/grantway/internal/access"
)

// maxName is the maximum length of a name from a token, in bytes.
const maxName = 256

// signIn interprets the claims as configured. It refuses a token whose user it cannot determine. An address, a name or a grant that it cannot
// interpret gives nothing, and takes nothing back (D1).
func (is *believed) signIn(c claims) (access.SignIn, error) {
	in := access.SignIn{Issuer: is.URL, Create: *is.User.Create, Adopt: is.User.Adopt}
	subject, err := identifier(c.protocol("sub"))
	if err != nil {
		return in, fmt.Errorf("sub: %w", err)
	}
	in.Subject = subject
	in.Email, in.EmailVerified, in.Unknown.Email = is.email(c)
	id, _ := c.text(is.User.Claim)
	if is.User.Claim == is.Email.Claim {
		if !in.EmailVerified { // otherwise anyone could enter somebody's address and become them
			return in, errors.New("the address that is the user's ID is not verified")
		}
		id = string(in.Email)
	}
	if id == "" {
		return in, fmt.Errorf("claim %s, which names the user, is not a string", is.User.Claim)
	}
	if id, err = identifier(is.User.Prefix + id); err != nil {
		return in, fmt.Errorf("%s: %w", is.User.Claim, err)
	}
	in.User = access.UserID(id)
	if name, _ := c.text(is.Name); len(name) <= maxName && clean(name) {
		in.Name = name
	}
	in.Type = is.kind(c, in)
	is.grants(c, &in)
	said, err := json.Marshal(in)
	sum := sha256.Sum256(said)
	in.Digest = base64.RawURLEncoding.EncodeToString(sum[:16])
	return in, err
}

// identifier parses an ID (I1), and refuses text that was changed on the way: half of a surrogate pair would have become U+FFFD.
func identifier(s string) (string, error) {
	if !clean(s) {
		return "", errors.New("it contains control characters or is not UTF-8")
	}
	return access.ParseID[string](s)
}

func clean(s string) bool {
	return !strings.ContainsRune(s, utf8.RuneError) && !strings.ContainsRune(s, 0)
}

// email returns the address in the token, or "", and whether the issuer is trusted to have verified it (D3). unknown reports that the token leaves
// one of them open.
func (is *believed) email(c claims) (e access.Email, verified, unknown bool) {
	text, known := c.text(is.Email.Claim)
	if text == "" {
		return "", false, !known
	}
	e, err := access.ParseEmail(text)
	if err != nil || !clean(string(e)) {
		return "", false, true
	}
	if !slices.Contains(is.Email.Domains, "*") && !slices.Contains(is.Email.Domains, e.Domain()) {
		return e, false, false
	}
	if is.Email.Verified == always {
		said, known := c.value(standardVerified)
		yes, readable := truth(said)
		return e, known && readable && (yes || said == nil), !known || !readable
	}
	said, known := c.value(is.Email.Verified)
	verified, readable := truth(said)
	return e, verified, !known || !readable
}

// kind is the type of the user, or "" if the issuer does not set it or the token leaves it open.
func (is *believed) kind(c claims, in access.SignIn) access.UserType {
	if is.Type == nil {
		return ""
	}
	complete := true
	if is.Type.Claim != "" {
		var values []string
		values, complete = c.values(is.Type.Claim)
		if slices.ContainsFunc(values, func(v string) bool { return slices.Contains(is.Type.Internal, v) }) {
			return access.Internal
		}
	}
	switch {
	case in.EmailVerified && slices.Contains(is.Type.Domains, in.Email.Domain()):
		return access.Internal
	case !complete || in.Unknown.Email && len(is.Type.Domains) > 0:
		return ""
	case !in.EmailVerified && slices.Contains(is.Type.Domains, in.Email.Domain()) && is.silent(c):
		return ""
	}
	return access.External
}

// silent reports whether the token does not tell whether its address is verified: it has no such claim.
func (is *believed) silent(c claims) bool {
	if is.Email.Verified == always {
		return false
	}
	said, known := c.value(is.Email.Verified)
	return known && said == nil
}

// grants adds what the claims give, and what they may give if unknown claims were known. Of several roles in one organization, it adds the strongest.
func (is *believed) grants(c claims, in *access.SignIn) {
	roles := map[access.OrganizationID]access.OrgRole{}
	for _, g := range is.Grants {
		values, complete := c.values(g.Claim)
		if !complete {
			in.Unknown.Grants = append(in.Unknown.Grants, access.UnknownGrant{Role: g.Role, Platform: g.Platform, Organization: g.Organization, As: g.As})
		}
		for _, v := range values {
			rest, matches := g.matches(v)
			if !matches {
				continue
			}
			target, err := identifier(strings.ReplaceAll(g.Role+g.Organization, "*", rest))
			switch {
			case g.Platform != "":
				in.PlatformRoles = append(in.PlatformRoles, g.Platform)
			case err != nil: // not a valid ID
			case g.Role != "":
				in.Roles = append(in.Roles, access.RoleID(target))
			default:
				org := access.OrganizationID(target)
				if had, ok := roles[org]; !ok || slices.Index(access.OrgRoles, g.As) < slices.Index(access.OrgRoles, had) {
					roles[org] = g.As
				}
			}
		}
	}
	for org, role := range roles {
		in.Memberships = append(in.Memberships, access.Membership{Organization: org, Role: role})
	}
	slices.SortFunc(in.Memberships, func(a, b access.Membership) int {
		return strings.Compare(string(a.Organization), string(b.Organization))
	})
	slices.Sort(in.Roles)
	in.Roles = slices.Compact(in.Roles)
	slices.Sort(in.PlatformRoles)
	in.PlatformRoles = slices.Compact(in.PlatformRoles)
}

// matches reports whether the grant applies to the value, and returns what its * stands for.
func (g ClaimGrant) matches(value string) (rest string, ok bool) {
	if prefix, open := strings.CutSuffix(g.Value, "*"); open {
		rest, ok = strings.CutPrefix(value, prefix)
		return rest, ok && rest != ""
	}
	return "", value == g.Value
}
