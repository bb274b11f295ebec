package authn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grantway/grantway/internal/access"
)

// maxName is the longest name that is taken from a token, in bytes.
const maxName = 256

// signIn reads the claims as the configuration says. What it does not understand of an address, a name or a grant gives nothing; what it does not
// understand of who it is about is refused.
func (is *believed) signIn(c claims) (access.SignIn, error) {
	in := access.SignIn{Issuer: is.URL, Create: *is.User.Create, Adopt: is.User.Adopt}
	subject, err := identifier(c.text("sub"))
	if err != nil {
		return in, fmt.Errorf("sub: %w", err)
	}
	in.Subject = subject
	in.Email, in.EmailVerified = is.email(c)
	id := c.text(is.User.Claim)
	if is.User.Claim == is.Email.Claim {
		if !in.EmailVerified { // or else whoever enters somebody's address would be them
			return in, errors.New("the address that is the user's ID is not verified")
		}
		id = string(in.Email)
	}
	if id == "" {
		return in, fmt.Errorf("%s, which is to be the ID of the user, is no string", is.User.Claim)
	}
	if id, err = identifier(is.User.Prefix + id); err != nil {
		return in, fmt.Errorf("%s: %w", is.User.Claim, err)
	}
	in.User = access.UserID(id)
	if name := c.text(is.Name); len(name) <= maxName && clean(name) {
		in.Name = name
	}
	in.Type = is.kind(c, in)
	return in, is.grants(c, &in)
}

// identifier is an ID (I1) of which nothing was lost on the way: half of a surrogate pair would have become U+FFFD, as would any other.
func identifier(s string) (string, error) {
	if !clean(s) {
		return "", errors.New("it is not all text")
	}
	return access.ParseID[string](s)
}

func clean(s string) bool {
	return !strings.ContainsRune(s, utf8.RuneError) && !strings.ContainsRune(s, 0)
}

// email is the address that the token names, or "", and whether the issuer is believed that it is verified (I2). A claim that is "true" in letters
// is not true.
func (is *believed) email(c claims) (access.Email, bool) {
	e, err := access.ParseEmail(c.text(is.Email.Claim))
	if err != nil || !clean(string(e)) {
		return "", false
	}
	verified, _ := c.value(is.Email.Verified).(bool)
	return e, verified && (slices.Contains(is.Email.Domains, "*") || slices.Contains(is.Email.Domains, e.Domain()))
}

// kind is the type of the user, or "" where the issuer does not decide it.
func (is *believed) kind(c claims, in access.SignIn) access.UserType {
	if is.Type == nil {
		return ""
	}
	values, err := c.texts(is.Type.Claim)
	if err == nil && is.Type.Claim != "" && slices.ContainsFunc(values, func(v string) bool { return slices.Contains(is.Type.Internal, v) }) ||
		in.EmailVerified && slices.Contains(is.Type.Domains, in.Email.Domain()) {
		return access.Internal
	}
	return access.External
}

// grants adds what the claims give. Of several roles in one organization the strongest is given.
func (is *believed) grants(c claims, in *access.SignIn) error {
	roles := map[access.OrganizationID]access.OrgRole{}
	for _, g := range is.Grants {
		values, err := c.texts(g.Claim)
		if err != nil {
			return err
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
			case err != nil: // nothing has such an ID
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
	return nil
}

// matches reports whether the grant is for the value, and gives what a * stands for.
func (g ClaimGrant) matches(value string) (rest string, ok bool) {
	if prefix, open := strings.CutSuffix(g.Value, "*"); open {
		rest, ok = strings.CutPrefix(value, prefix)
		return rest, ok && rest != ""
	}
	return "", value == g.Value
}
