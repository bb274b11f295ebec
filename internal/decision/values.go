package decision

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// The caller's words for what the engine may miss (C2).
var wordOf = map[string]string{
	schema.ParamEmailDomain: "email",
	schema.ParamIP:          "ip",
	schema.ParamLink:        "link",
}

// limitPrefix begins the name of a limit; the value that it bounds is called by the rest (F1).
const limitPrefix = "max_"

// builtinValues are the values of the built-in caveats. They come from the clock, the directory and the four places that the interface
// names, and from nowhere else: no caller widens access by a property of the same name.
func builtinValues(req Request, u access.User, now time.Time) map[string]any {
	values := map[string]any{schema.ParamTime: now.UTC().Format(time.RFC3339Nano)}
	if link, ok := req.Context["link"].(string); ok {
		sum := sha256.Sum256([]byte(link))
		values[schema.ParamLink] = hex.EncodeToString(sum[:])
	}
	if text, ok := req.Context["ip"].(string); ok {
		if ip, err := netip.ParseAddr(text); err == nil {
			values[schema.ParamIP] = ip.Unmap().String()
		}
	}
	if domain := emailDomain(req.Subject, u); domain != "" {
		values[schema.ParamEmailDomain] = domain
	}
	return values
}

// emailDomain is the domain that counts for G2: that of the verified address in the directory, and only where there is none, that of the
// address sent (C2).
func emailDomain(subject Entity, u access.User) string {
	if subject.Type != string(access.TypeUser) {
		return ""
	}
	if verified := u.Verified(); verified != "" {
		return verified.Domain()
	}
	sent, _ := subject.Properties["email"].(string)
	email, err := access.ParseEmail(sent)
	if err != nil {
		return ""
	}
	return email.Domain()
}

// limited compares the numbers in a request with a feature's limits (F1).
type limited struct {
	missing  []string       // the values that were not sent, by their own names
	exceeded []string       // the values above their limit
	values   map[string]any // the values sent, by the names of the limits
}

func compareLimits(limits map[string]float64, sent map[string]any) limited {
	l := limited{values: map[string]any{}}
	for name, limit := range limits {
		value := strings.TrimPrefix(name, limitPrefix)
		n, ok := sent[value].(float64)
		switch {
		case !ok:
			l.missing = append(l.missing, value)
		case n > limit:
			l.exceeded = append(l.exceeded, value)
		}
		if ok {
			l.values[name] = n
		}
	}
	slices.Sort(l.missing)
	slices.Sort(l.exceeded)
	return l
}

// everyNumber is what limits are compared with where it is not known which: each number in the action's properties.
func everyNumber(sent map[string]any) map[string]any {
	values := map[string]any{}
	for name, value := range sent {
		if n, ok := value.(float64); ok {
			values[limitPrefix+name] = n
		}
	}
	return values
}

// addExtensionValues fills the parameters of the extension's own caveats: by name from the context, the properties of the action, of the
// resource and of the subject, the first that has it, and what the server itself gives. What a search seeks has no ID yet, and none is
// given. It returns the parameters whose value is of another type; they count as not sent.
func addExtensionValues(values map[string]any, parameters []spice.Parameter, req Request, subject access.Subject, now time.Time) (mistyped []string) {
	given := map[string]string{
		spice.ParamSubjectID:  subject.ID,
		spice.ParamResourceID: req.Resource.ID,
		spice.ParamNow:        now.UTC().Format(time.RFC3339Nano),
	}
	for _, p := range parameters {
		if value, ok := given[p.Name]; ok {
			if value != "" {
				values[p.Name] = value
			}
			continue
		}
		value := firstSent(p.Name, req.Context, req.Action.Properties, req.Resource.Properties, req.Subject.Properties)
		switch {
		case value == nil:
		case p.Accepts(value):
			values[p.Name] = value
		default:
			mistyped = append(mistyped, p.Name)
		}
	}
	return mistyped
}

// firstSent is the value of that name in the first place that has it, or nil; a null is as good as absent.
func firstSent(name string, places ...map[string]any) any {
	for _, place := range places {
		if value := place[name]; value != nil {
			return value
		}
	}
	return nil
}
