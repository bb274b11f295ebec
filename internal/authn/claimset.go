package authn

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/strictjson"
)

// claims are the claims of a token.
type claims map[string]any

// parseClaims parses the payload of a token.
func parseClaims(payload []byte) (claims, error) {
	value, err := strictjson.Parse(payload, tokenLimits)
	if err != nil {
		return nil, fmt.Errorf("its claims: %w", err)
	}
	c, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("it has no claims")
	}
	return c, nil
}

// find returns the values that a name can mean: the claim of that name, and those inside others. Each dot can be part of a key or lead into an
// object: resource_access.app.example.com.roles is found in the object app.example.com of resource_access. Null counts as absent. blocked reports
// that a claim on the way is not an object.
func (c claims) find(name string) (found []any, blocked bool) {
	if v := c[name]; v != nil {
		found = append(found, v)
	}
	for i := range len(name) {
		if name[i] != '.' || c[name[:i]] == nil {
			continue
		}
		inner, ok := c[name[:i]].(map[string]any)
		if !ok {
			blocked = true
			continue
		}
		more, b := claims(inner).find(name[i+1:])
		found, blocked = append(found, more...), blocked || b
	}
	return found, blocked
}

// value returns the claim, or nil if the token does not have it. known is false if the token says that the claim is elsewhere, or if the name fits
// several values; then v is nil.
func (c claims) value(name string) (v any, known bool) {
	found, blocked := c.find(name)
	switch {
	case c.elsewhere(name) || len(found) > 1 || len(found) == 0 && blocked:
		return nil, false
	case len(found) == 0:
		return nil, true
	}
	return found[0], true
}

// elsewhere reports whether the token says that the claim, or one around it, has to be fetched (OpenID Connect Core, section 5.6.2), as tokens of
// Entra ID do for members of more than 200 groups; hasgroups is their form in the implicit flow.
func (c claims) elsewhere(name string) bool {
	names, _ := c["_claim_names"].(map[string]any)
	for away := range names {
		if within, inside := strings.CutPrefix(name, away); inside && (within == "" || within[0] == '.') {
			return true
		}
	}
	if name != "groups" || c["groups"] != nil {
		return false
	}
	yes, known := truth(c["hasgroups"])
	return yes || !known
}

// text returns a claim that is a string, otherwise "". known is false if the token has or announces the claim, but not as a string.
func (c claims) text(name string) (s string, known bool) {
	v, known := c.value(name)
	if v == nil {
		return "", known
	}
	s, known = v.(string)
	return s, known
}

// truth returns a claim that is true or false, also as text; nil counts as false. known is false for anything else.
func truth(v any) (yes, known bool) {
	switch v {
	case true, "true":
		return true, true
	case false, "false", nil:
		return false, true
	}
	return false, false
}

// values returns the values of a claim: a single one, the items of a list, or the keys of an object, as Zitadel sends roles. complete is false if the
// token says that the claim is elsewhere, or if a part of it cannot be interpreted, so that there may be more values.
func (c claims) values(name string) (all []string, complete bool) {
	v, complete := c.value(name)
	add := func(s string, ok bool) {
		if complete = complete && ok; ok {
			all = append(all, s)
		}
	}
	switch v := v.(type) {
	case nil:
	case []any:
		for _, e := range v {
			add(scalar(e))
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch v[key].(type) {
			case map[string]any, []any:
				add(key, true)
			default: // false and null mean that the key is not a value
				if yes, known := truth(v[key]); yes || !known {
					add(key, known)
				}
			}
		}
	default:
		add(scalar(v))
	}
	return all, complete
}

// scalar returns a string as it is, and a whole number or a truth value as text. Numbers above 2^53 are not exact.
func scalar(v any) (s string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	return "", false
}

// audiences returns aud: a string or a list of strings.
func (c claims) audiences() ([]string, error) {
	switch v := c["aud"].(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		all := make([]string, len(v))
		for i, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, errors.New("aud contains values that are not strings")
			}
			all[i] = s
		}
		return all, nil
	}
	return nil, errors.New("aud must be a string or a list of strings")
}

// protocol returns a claim of the protocol that is a string, otherwise "".
func (c claims) protocol(name string) string {
	s, _ := c[name].(string)
	return s
}

// time returns a claim that is a time, in whole seconds.
func (c claims) time(name string) (at time.Time, sent bool, err error) {
	v, sent := c[name]
	if !sent {
		return at, false, nil
	}
	seconds, ok := v.(float64)
	if !ok || seconds <= 0 || seconds > lastSecond {
		return at, true, fmt.Errorf("%s is not a time", name)
	}
	return time.Unix(int64(seconds), 0).UTC(), true, nil
}
