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

// The callers' names of the values that the engine may miss (C2).
var wordOf = map[string]string{
	schema.ParamEmailDomain: "email",
	schema.ParamIP:          "ip",
	schema.ParamLink:        "link",
}

// limitPrefix is the prefix of a limit's name; the rest is the name of the value it bounds (F1).
const limitPrefix = "max_"

// maxSentValue is the maximum number of bytes read of a link or an address; both are shorter.
const maxSentValue = 256

// sentValues parses the values that callers send. The items of a call mostly send the same ones, which are parsed once.
type sentValues struct {
	domains map[string]string // of addresses
	links   map[string]string // the digests of links
	reads   int               // how many were read
}

// once returns read's result for the text, from the cache if it is there.
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

// link is the digest of a link. A text that is longer than any link is truncated, which is not a valid link either.
func (v *sentValues) link(text string) string {
	return v.once(&v.links, text, func(link string) string {
		sum := sha256.Sum256([]byte(link))
		return hex.EncodeToString(sum[:])
	})
}

// domain is the domain of an address, or "" if the text is not an address.
func (v *sentValues) domain(address string) string {
	return v.once(&v.domains, address, func(text string) string {
		email, err := access.ParseEmail(text)
		if err != nil {
			return ""
		}
		return email.Domain()
	})
}

// builtinValues are the values of the built-in caveats. They come only from the clock, the directory and the four places that the interface names, so
// that no caller can widen access with a property of the same name.
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

// emailDomain is the domain that counts for G2: that of the verified address in the directory, or if there is none, that of the address sent (C2).
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
	missing  []string       // the missing values, by their own names
	exceeded []string       // the values above their limit
	negative []string       // the negative values, which every limit denies
	values   map[string]any // the values sent, by the names of their limits
}

// met reports whether the values keep all limits.
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

// everyNumber returns the values to compare with unknown limits: each number in the action's properties that is not negative.
func everyNumber(sent map[string]any) map[string]any {
	values := map[string]any{}
	for name, value := range sent {
		if n, ok := value.(float64); ok && n >= 0 {
			values[limitPrefix+name] = n
		}
	}
	return values
}

// addExtensionValues fills the parameters of the extension's own caveats, by name, from the first of these that has one: the context, the properties
// of the action, of the resource, and of the subject; and with the server's own values. The searched entity has no ID yet, so none is given. It
// returns the parameters with values of the wrong type, which count as missing.
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
		if spice.Heavy(value) { // values that are too large are refused together with all others
			values[p.Name] = value
		} else if read, ok := p.Read(value); ok {
			values[p.Name] = read
		} else {
			mistyped = append(mistyped, p.Name)
		}
	}
	return mistyped
}

// firstSent returns the value of that name from the first place that has it, or nil; null counts as missing.
func firstSent(name string, places ...map[string]any) any {
	for _, place := range places {
		if value := place[name]; value != nil {
			return value
		}
	}
	return nil
}
