package access

import "strings"

// PrincipalKind is what a share can name (S1).
type PrincipalKind string

const (
	PrincipalUser         PrincipalKind = "user"
	PrincipalEmail        PrincipalKind = "email"
	PrincipalTeam         PrincipalKind = "team"
	PrincipalOrganization PrincipalKind = "organization"
	PrincipalRole         PrincipalKind = "role"
	PrincipalGroup        PrincipalKind = "group"
	PrincipalEveryone     PrincipalKind = "everyone"
)

// Principal is whom a share or a list names: `user:alice`, `email:a@b.c`, `team:t`, `organization:o`, `role:r`, `group:g` or
// `everyone`. An email address is held in its compared form (I2); `everyone` has no ID.
type Principal struct {
	Kind PrincipalKind
	ID   string
}

// Everyone is any logged-in user (S1).
var Everyone = Principal{Kind: PrincipalEveryone}

// ParsePrincipal reads a principal as it is written in paths and files. The error is of kind Invalid.
func ParsePrincipal(s string) (Principal, error) {
	if s == string(PrincipalEveryone) {
		return Everyone, nil
	}
	if len(s) > maxObjectBytes {
		return Principal{}, Invalidf("S1", "a principal can have at most %d bytes", maxObjectBytes)
	}
	kind, id, _ := strings.Cut(s, ":")
	switch k := PrincipalKind(kind); k {
	case PrincipalEmail:
		e, err := ParseEmail(id)
		return Principal{Kind: k, ID: string(e)}, err
	case PrincipalUser, PrincipalTeam, PrincipalOrganization, PrincipalRole, PrincipalGroup:
		id, err := ParseID[string](id)
		return Principal{Kind: k, ID: id}, err
	case PrincipalEveryone: // has no ID
	}
	return Principal{}, Invalidf("S1",
		"%q is not a principal: write user:ID, email:ADDRESS, team:ID, organization:ID, role:ID, group:ID or everyone", s)
}

func (p Principal) String() string {
	if p.Kind == PrincipalEveryone {
		return string(p.Kind)
	}
	return string(p.Kind) + ":" + p.ID
}

// MarshalText writes the principal as ParsePrincipal reads it.
func (p Principal) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePrincipal.
func (p *Principal) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePrincipal(string(text))
	return err
}
