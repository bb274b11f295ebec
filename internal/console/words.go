package console

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// levelName is what a level is called on a page.
func levelName(l access.Level) string {
	switch l {
	case access.UseOnly:
		return "Use only"
	case access.ReadOnly:
		return "Read only"
	case access.ReadWrite:
		return "Read and write"
	}
	return string(l)
}

// levelGives says what a level gives (3.2).
func levelGives(l access.Level) string {
	switch l {
	case access.UseOnly:
		return "can talk to the chatbot"
	case access.ReadOnly:
		return "can talk to it, and see its configuration and its conversations"
	case access.ReadWrite:
		return "can also change, test and deploy it, and share it with others"
	}
	return ""
}

// actionName is what an action is called on a page.
func actionName(a access.Action) string { return strings.ReplaceAll(string(a), "_", " ") }

// named is a principal as a page shows it: what kind it is, and its ID.
type named struct{ Kind, ID string }

func nameOf(p access.Principal) named {
	if p.Kind == access.PrincipalEveryone {
		return named{"", "everyone who is signed in"}
	}
	return named{kindName(p.Kind), p.ID}
}

// kindName is what a kind of principals is called on a page.
func kindName(k access.PrincipalKind) string {
	switch k {
	case access.PrincipalUser:
		return "User"
	case access.PrincipalEmail:
		return "Email address"
	case access.PrincipalTeam:
		return "Team"
	case access.PrincipalOrganization:
		return "Organization"
	case access.PrincipalRole:
		return "Role"
	case access.PrincipalGroup:
		return "Group"
	case access.PrincipalEveryone:
		return "Everyone who is signed in"
	}
	return string(k)
}

// visibilityName says what a visibility means (3.1).
func visibilityName(v access.Visibility) string {
	switch v {
	case access.OwnerOnly:
		return "Only its owner"
	case access.Shared:
		return "Those it is shared with"
	case access.OrganizationVisible:
		return "Its whole organization"
	}
	return string(v)
}

// audienceName says whom a public link admits (L1).
func audienceName(a access.Audience) string {
	switch a {
	case access.AudienceNone:
		return "Nobody: the link is off"
	case access.AudienceAuthenticated:
		return "Anybody who is signed in and has it"
	case access.AudienceEveryone:
		return "Anybody who has it"
	}
	return string(a)
}

func (n named) String() string {
	if n.Kind == "" {
		return n.ID
	}
	return strings.ToLower(n.Kind[:1]) + n.Kind[1:] + " " + n.ID
}

// when is a time as a page shows it: in relation to now, with the exact one for those who ask.
type when struct {
	Machine, Exact, Relative string // "" for the zero time
	Soon                     bool   // within the next week
	Past                     bool
}

func whenAt(t, now time.Time) when {
	if t.IsZero() {
		return when{}
	}
	t = t.UTC()
	left := t.Sub(now)
	w := when{Machine: t.Format(time.RFC3339), Exact: t.Format("2 January 2006, 15:04:05 UTC"), Past: left <= 0, Soon: left > 0 && left < 7*24*time.Hour}
	span := amount(left.Abs())
	switch {
	case left.Abs() < time.Minute:
		w.Relative = "just now"
		if left > 0 {
			w.Relative = "in a moment"
		}
	case w.Past:
		w.Relative = span + " ago"
	default:
		w.Relative = "in " + span
	}
	return w
}

// amount is a duration in one unit.
func amount(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"year", 365 * day}, {"month", 30 * day}, {"day", day}, {"hour", time.Hour}, {"minute", time.Minute}} {
		if d >= unit.size {
			n := int(math.Round(float64(d) / float64(unit.size)))
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return "less than a minute"
}
