package client

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

const methodNotAllowed = "method-not-allowed"

// outcome is what became of an ID on its way.
type outcome string

const (
	intact   outcome = ""         // it arrived
	decoded  outcome = "decoded"  // as several segments
	altered  outcome = "altered"  // as another ID
	rejected outcome = "rejected" // somebody between refused it
)

// sends sends an ID in a path, escaped as given, and says what became of it.
func (d *doctor) sends(ctx context.Context, id, escaped string) (outcome, *probed, error) {
	a, err := d.probe(ctx, probe{path: escaped})
	switch {
	case err != nil:
		return rejected, nil, err
	case a.ours && a.arrived.ID == id:
		return intact, a, nil
	case a.ours:
		return altered, a, nil
	case a.refused != nil && a.refused.Kind == access.KindNotFound:
		return decoded, a, nil
	}
	return rejected, a, nil
}

const asSent = "Forward the path as it was sent, neither decoded nor shortened (nginx: proxy_pass without anything behind the host, not even a slash)."

func (d *doctor) slashes(ctx context.Context, _ arrival) error {
	for _, c := range []struct{ id, escaped string }{{"a/b", "a%2Fb"}, {"a//b", "a%2F%2Fb"}, {"a%2Fb", "a%252Fb"}} {
		became, a, err := d.sends(ctx, c.id, c.escaped)
		switch {
		case err != nil:
			return err
		case became == decoded:
			d.wrong(checkSlash, asSent, "%s in a path is decoded on the way: IDs that contain a slash name something else.", c.escaped)
			return nil
		case became == altered:
			d.wrong(checkSlash, asSent, "The ID %s arrives as %s.", c.id, a.arrived.ID)
			return nil
		case became == rejected:
			d.wrong(checkSlash, "Allow encoded slashes in paths, and leave them encoded.", "%s in a path is refused on the way (%s): IDs that contain a slash cannot be used.", c.escaped, a.answer())
			return nil
		}
	}
	d.good(checkSlash, "They arrive as they were sent.")
	return nil
}

// dots sends what a proxy that decodes would walk along, to another thing. One that refuses it does as Grantway would.
func (d *doctor) dots(ctx context.Context, _ arrival) error {
	refuses := false
	for _, c := range []struct{ id, escaped string }{{"a/../b", "a%2F..%2Fb"}, {"a/../b", "a%2F%2E%2E%2Fb"}, {"a/./b", "a%2F.%2Fb"}, {`a\..\b`, "a%5C..%5Cb"}} {
		became, a, err := d.sends(ctx, c.id, c.escaped)
		switch {
		case err != nil:
			return err
		case became == altered || became == decoded:
			where := "another path"
			if became == altered {
				where = a.arrived.ID
			}
			d.wrong(checkDots, asSent, "The ID %s arrives as %s: DELETE /v1/documents/..%%2Fusers%%2Falice deletes the user alice.", c.id, where)
			return nil
		}
		refuses = refuses || became == rejected
	}
	// Between slashes it is a step up without being decoded: DELETE /v1/chatbots/helper/shares/%2E%2E would delete the chatbot.
	switch a, err := d.probe(ctx, probe{path: "x/%2E%2E/y"}); {
	case err != nil:
		return err
	case a.ours:
		d.wrong(checkDots, "Do not remove segments from paths at the proxy (Traefik: sanitizePath: false; Envoy: normalize_path: false).",
			"The ID .. is read as the parent directory: DELETE /v1/chatbots/helper/shares/%%2E%%2E deletes the chatbot.")
		return nil
	}
	if refuses {
		d.good(checkDots, "The proxy refuses them, as Grantway does.")
		return nil
	}
	d.good(checkDots, "They arrive as they were sent, and Grantway refuses them.")
	return nil
}

func (d *doctor) characters(ctx context.Context, _ arrival) error {
	longest := strings.Repeat("é", access.MaxIDBytes/2)
	ids := map[string]string{
		"a?b": "a%3Fb", "a#b": "a%23b", "a;b": "a%3Bb", "100%": "100%25", "a+b": "a+b", "a b": "a%20b", "a:b|c@d": "a:b%7Cc@d", "é日": "%C3%A9%E6%97%A5", `"{}`: "%22%7B%7D",
		longest: url.PathEscape(longest),
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		became, a, err := d.sends(ctx, id, ids[id])
		if err != nil {
			return err
		}
		shown := id
		if id == longest {
			shown = fmt.Sprintf("of %d bytes", access.MaxIDBytes)
		}
		switch became {
		case intact:
		case altered:
			d.wrong(checkChars, asSent, "The ID %s arrives as %s.", shown, a.arrived.ID)
			return nil
		default:
			d.wrong(checkChars, asSent, "The ID %s does not arrive: %s.", shown, a.answer())
			return nil
		}
	}
	d.good(checkChars, "They arrive as they were sent.")
	return nil
}

// methods sends methods that the route does not take: that Grantway refuses them shows that they arrive.
func (d *doctor) methods(ctx context.Context, _ arrival) error {
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		a, err := d.probe(ctx, probe{method: method, path: "method"})
		if err != nil {
			return err
		}
		if a.refused == nil || a.refused.Kind != methodNotAllowed {
			d.wrong(checkMethods, "Forward GET, HEAD, POST, PUT and DELETE.", "%s does not arrive: %s.", method, a.answer())
			return nil
		}
	}
	d.good(checkMethods, "GET, PUT and DELETE arrive.")
	return nil
}
