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

// maxSentValue is how much of a link or an address is looked at, in bytes: more than either has.
const maxSentValue = 256

// sentValues reads what callers send about themselves. The items of a call mostly send the same, which is read once.
type sentValues struct {
	domains map[string]string // of addresses
	links   map[string]string // the digests of links
	reads   int               // how many were read
}

// once gives what read makes of the text, from all that was read before where it was.
func (v *sentValues) once(known *map[string]string, text string, read func(string) string) string {
	text = text[:min(len(text), maxSentValue)]
	if value, ok := (*known)[text]; ok {
		return value
	}
	if *known == nil {
		*known = map[string]string{}
	}
	v.reads++
	value := read(text)
	(*known)[text] = value
	return value
}

// link is the digest of a link. What is longer than a link can be is cut, and is nobody's link then either.
func (v *sentValues) link(text string) string {
	return v.once(&v.links, text, func(link string) string {
		sum := sha256.Sum256([]byte(link))
		return hex.EncodeToString(sum[:])
	})
}

// domain is that of an address, or "" for a text that is none.
func (v *sentValues) domain(address string) string {
	return v.once(&v.domains, address, func(text string) string {
		email, err := access.ParseEmail(text)
		if err != nil {
			return ""
		}
		return email.Domain()
	})
}

// builtinValues are the values of the built-in caveats. They come from the clock, the directory and the four places that the interface
// names, and from nowhere else: no caller widens access by a property of the same name.
func (r *round) builtinValues(req Request, u access.User) map[string]any {
	values := map[string]any{schema.ParamTime: r.now.UTC().Format(time.RFC3339Nano)}
	if link, ok := req.Context["link"].(string); ok {
		values[schema.ParamLink] = r.sent.link(link)
	}
	if text, ok := req.Context["ip"].(string); ok && len(text) <= maxSentValue {
		if ip, err := netip.ParseAddr(text); err == nil {
			values[schema.ParamIP] = ip.Unmap().String()
		}
	}
	if domain := r.emailDomain(req.Subject, u); domain != "" {
		values[schema.ParamEmailDomain] = domain
	}
	return values
}

// emailDomain is the domain that counts for G2: that of the verified address in the directory, and only where there is none, that of the
// address sent (C2).
func (r *round) emailDomain(subject Entity, u access.User) string {
	if subject.Type != string(access.TypeUser) {
		return ""
	}
	if verified := u.Verified(); verified != "" {
		return verified.Domain()
	}
	sent, _ := subject.Properties["email"].(string)
	return r.sent.domain(sent)
}

// limited compares the numbers in a request with a feature's limits (F1).
type limited struct {
	missing  []string       // the values that were not sent, by their own names
	exceeded []string       // the values above their limit
	negative []string       // the values below 0, which no limit admits
	values   map[string]any // the values sent, by the names of the limits
}

// met reports whether all limits are kept.
func (l limited) met() bool { return len(l.missing)+len(l.exceeded)+len(l.negative) == 0 }

func compareLimits(limits map[string]float64, sent map[string]any) limited {
	l := limited{values: map[string]any{}}
	for name, limit := range limits {
		value := strings.TrimPrefix(name, limitPrefix)
		n, ok := sent[value].(float64)
		switch {
		case !ok:
			l.missing = append(l.missing, value)
		case n < 0:
			l.negative = append(l.negative, value)
		case n > limit:
			l.exceeded = append(l.exceeded, value)
		}
		if ok {
			l.values[name] = n
		}
	}
	slices.Sort(l.missing)
	slices.Sort(l.exceeded)
	slices.Sort(l.negative)
	return l
}

// everyNumber is what limits are compared with where it is not known which: each number in the action's properties that is not negative.
func everyNumber(sent map[string]any) map[string]any {
	values := map[string]any{}
	for name, value := range sent {
		if n, ok := value.(float64); ok && n >= 0 {
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
		if value == nil {
			continue
		}
		if spice.Heavy(value) { // what weighs too much is refused with all the values together
			values[p.Name] = value
		} else if read, ok := p.Read(value); ok {
			values[p.Name] = read
		} else {
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
