package sharing

import (
	"slices"
	"strings"
	"unicode"

	"github.com/grantway/grantway/internal/access"
)

// TakenAwayRow is something that an administrator took from a user, or that the user gave up, so that no issuer gives it back (D2). Exactly one of
// the organization, the role, the platform role and the type is set.
type TakenAwayRow struct {
	User         access.UserID         `json:"user"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	Role         access.RoleID         `json:"role,omitempty"`
	PlatformRole access.PlatformRole   `json:"platform_role,omitempty"`
	Type         access.UserType       `json:"type,omitempty"`
	StoppedBy    []string              `json:"stopped_by,omitempty"` // issuers that stopped naming it since, and so may give it again
}

func (*TakenAwayRow) Kind() Kind { return KindTakenAway }

func (r *TakenAwayRow) Key() string {
	t := r.fact("")
	return pair(r.User, string(t.Kind)+"/"+t.Target)
}

// maxIssuer is the maximum length of an issuer's name, in bytes.
const maxIssuer = 1024

// takenAwayRow is the row of a fact, without its issuers.
func takenAwayRow(t access.TakenAway) *TakenAwayRow {
	r := &TakenAwayRow{User: t.User}
	switch t.Kind {
	case access.TakenMembership:
		r.Organization = access.OrganizationID(t.Target)
	case access.TakenRole:
		r.Role = access.RoleID(t.Target)
	case access.TakenPlatformRole:
		r.PlatformRole = access.PlatformRole(t.Target)
	case access.TakenType:
		r.Type = access.UserType(t.Target)
	}
	return r
}

// fact returns the fact about the issuer; issuer "" stands for the removal itself.
func (r *TakenAwayRow) fact(issuer string) access.TakenAway {
	t := access.TakenAway{User: r.User, StoppedBy: issuer}
	switch {
	case r.Organization != "":
		t.Kind, t.Target = access.TakenMembership, string(r.Organization)
	case r.Role != "":
		t.Kind, t.Target = access.TakenRole, string(r.Role)
	case r.Type != "":
		t.Kind, t.Target = access.TakenType, string(r.Type)
	default:
		t.Kind, t.Target = access.TakenPlatformRole, string(r.PlatformRole)
	}
	return t
}

func (r *TakenAwayRow) Check() error {
	var f form
	id(&f, "user", r.User)
	maybe(&f, "organization", r.Organization)
	maybe(&f, "role", r.Role)
	maybeWord(&f, "platform_role", r.PlatformRole, access.PlatformRoles)
	maybeWord(&f, "type", r.Type, []access.UserType{access.Internal})
	given := 0
	for _, what := range []string{string(r.Organization), string(r.Role), string(r.PlatformRole), string(r.Type)} {
		if what != "" {
			given++
		}
	}
	if given != 1 {
		f.refuse("organization", access.Invalidf("D2", "one of organization, role, platform_role and type says what was taken away"))
	}
	slices.Sort(r.StoppedBy)
	r.StoppedBy = slices.Compact(r.StoppedBy)
	if slices.ContainsFunc(r.StoppedBy, func(issuer string) bool {
		return issuer == "" || len(issuer) > maxIssuer || strings.ContainsFunc(issuer, func(c rune) bool { return !unicode.IsGraphic(c) })
	}) {
		f.refuse("stopped_by", access.Invalidf("D2", "an issuer's name must have 1 to %d visible characters", maxIssuer))
	}
	return f.err
}

func (r *TakenAwayRow) steps() []step {
	return []step{
		introduces(r.User),
		{action: "taken_away.restore", resource: access.Obj(access.TypeUser, r.User), run: func(c *change) error { return c.restoreTakenAway(r) }},
	}
}

// restoreTakenAway notes a removal from another server. If the user has the role here, and not from an issuer, the next sign-in drops the note
// (hasAgain).
func (c *change) restoreTakenAway(r *TakenAwayRow) error {
	if err := c.mayRestore("removals"); err != nil {
		return err
	}
	u, ok, err := c.User(r.User)
	if err != nil {
		return err
	}
	if !ok || u.Deleted {
		return access.Unprocessablef("D2", "%s does not exist", access.Obj(access.TypeUser, r.User))
	}
	known, err := c.TakenAway(r.User)
	if err != nil {
		return err
	}
	for _, issuer := range append([]string{""}, r.StoppedBy...) {
		t := r.fact(issuer)
		if slices.Contains(known, t) {
			continue
		}
		c.state(nil, r)
		if err := c.PutTakenAway(t); err != nil {
			return err
		}
	}
	return nil
}

// takenAway writes what was taken from people.
func (e *exporting) takenAway() error {
	if !e.wants(KindTakenAway) {
		return nil
	}
	all, err := e.AllTakenAway()
	if err != nil {
		return err
	}
	for len(all) > 0 {
		r := takenAwayRow(all[0])
		for all = all[1:]; len(all) > 0 && all[0].StoppedBy != ""; all = all[1:] { // comes after its user and its role
			r.StoppedBy = append(r.StoppedBy, all[0].StoppedBy)
		}
		if err := e.row(r); err != nil {
			return err
		}
	}
	return nil
}
