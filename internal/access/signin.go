package access

import (
	"slices"
	"strings"
	"time"
)

// Identity is a person as an identity provider knows them, by issuer and subject, and the user that they are here.
type Identity struct {
	Issuer   string
	Subject  string
	User     UserID
	IssuedAt time.Time // of the newest token that was taken in, in whole seconds
	Email    Email     // the verified address that the issuer has given the user, or ""
	TakenIn  string    // the digests of the tokens of that second that were taken in, with spaces between; "" where they are not known
}

// maxOfOneSecond is how many tokens of one second that say different things are taken in.
const maxOfOneSecond = 8

// Takes reports whether the token says something new: it was issued later than those taken in, or in the same second and says something else.
func (i Identity) Takes(in SignIn) bool {
	if !in.IssuedAt.Equal(i.IssuedAt) {
		return in.IssuedAt.After(i.IssuedAt)
	}
	had := strings.Fields(i.TakenIn)
	return in.Digest != "" && len(had) > 0 && len(had) < maxOfOneSecond && !slices.Contains(had, in.Digest)
}

// Take is the identity after the token was taken in.
func (i Identity) Take(in SignIn) Identity {
	if in.IssuedAt.Equal(i.IssuedAt) {
		i.TakenIn += " " + in.Digest
	} else {
		i.IssuedAt, i.TakenIn = in.IssuedAt, in.Digest
	}
	return i
}

// SignIn is what an identity provider says about somebody in one token, as its configuration reads the claims (U1).
type SignIn struct {
	Issuer   string
	Subject  string
	IssuedAt time.Time // in whole seconds
	Digest   string    // of what the token says; "" never says something else than another token of the same second
	User     UserID    // who it is at the first sign-in; afterwards the subject tells
	Create   bool      // whether the user is created at the first sign-in
	Adopt    bool      // whether it may be a user who is there already, and whom none of Claimants has claimed

	Claimants []string // the configured issuers

	Email         Email    // or "" where the token names none
	EmailVerified bool     // I2
	Name          string   // or "" where the token names none
	Type          UserType // or "" where the issuer does not decide it

	Memberships   []Membership // at most one an organization, and never as an owner
	Roles         []RoleID
	PlatformRoles []PlatformRole

	Unknown Unknown // what the token does not tell (D1)

	Address, RequestID string // of the call that brought the token, for the record
}

// Unknown is what a token does not tell, because a claim is elsewhere or cannot be read. Nothing is taken back for it (D1).
type Unknown struct {
	Email  bool // the address, or whether it is verified
	Grants []UnknownGrant
}

// UnknownGrant is what a claim that is unknown may give. A * in Role and in Organization stands for any text, the same at each place.
type UnknownGrant struct {
	Role         string
	Platform     PlatformRole
	Organization string
	As           OrgRole
}

// MayGiveRole reports whether what the token does not tell may give the role.
func (u Unknown) MayGiveRole(role RoleID) bool {
	return slices.ContainsFunc(u.Grants, func(g UnknownGrant) bool { return g.Role != "" && fits(g.Role, string(role)) })
}

// MayGivePlatformRole reports whether what the token does not tell may give the platform role.
func (u Unknown) MayGivePlatformRole(role PlatformRole) bool {
	return slices.ContainsFunc(u.Grants, func(g UnknownGrant) bool { return g.Platform == role })
}

// MayGiveMembership reports whether what the token does not tell may give the role in the organization.
func (u Unknown) MayGiveMembership(m Membership) bool {
	return slices.ContainsFunc(u.Grants, func(g UnknownGrant) bool {
		return g.As == m.Role && g.Organization != "" && fits(g.Organization, string(m.Organization))
	})
}

// fits reports whether there is a text that makes the ID of the pattern, if it stands for each *.
func fits(pattern, id string) bool {
	before, _, open := strings.Cut(pattern, "*")
	if !open {
		return pattern == id
	}
	n := strings.Count(pattern, "*")
	length := (len(id) - len(pattern) + n) / n
	if length < 1 || len(before)+length > len(id) {
		return false
	}
	return strings.ReplaceAll(pattern, "*", id[len(before):len(before)+length]) == id
}

// issuerPrefix begins the name of an issuer where the record names who made a change.
const issuerPrefix = "issuer:"

// IsIssuer reports whether the ID stands for an issuer where a key's ID is expected. No key has such an ID.
func (id KeyID) IsIssuer() bool { return strings.HasPrefix(string(id), issuerPrefix) }

// IssuedBy is the issuer from whose token alone the actor's call follows, or "".
func (a Actor) IssuedBy() string {
	if issuer, ok := strings.CutPrefix(string(a.Key), issuerPrefix); ok && a.User == "" {
		return issuer
	}
	return ""
}

// IssuerActor is the actor of changes made by an issuer's tokens: to the users they name, and to what the configuration gives these.
func IssuerActor(issuer string) Actor {
	return Actor{Key: KeyID(issuerPrefix + issuer), Access: KeyFull}
}
