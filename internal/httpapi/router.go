package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// router finds the handler of a path, segment by segment and as the path was sent: an encoded slash is part of an ID. http.ServeMux would
// take the segment %2F for the end of a path, and redirect what it thinks could be written otherwise.
type router struct {
	literal map[string]*router
	any     *router // behind a segment that may be anything
	name    string  // of that segment
	pattern string
	handler http.Handler // nil where no path ends
}

// handle registers a pattern such as /v1/users/{user}.
func (n *router) handle(pattern string, h http.Handler) {
	for segment := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		n = n.child(segment)
	}
	n.pattern, n.handler = pattern, h
}

func (n *router) child(segment string) *router {
	if strings.HasPrefix(segment, "{") {
		name := strings.Trim(segment, "{}")
		if n.any == nil {
			n.any, n.name = &router{}, name
		}
		if n.name != name {
			panic("two routes name the same segment {" + n.name + "} and {" + name + "}")
		}
		return n.any
	}
	if n.literal == nil {
		n.literal = map[string]*router{}
	}
	if n.literal[segment] == nil {
		n.literal[segment] = &router{}
	}
	return n.literal[segment]
}

// find is the handler of the request's path, or nil. It sets the request's path values and pattern.
func (n *router) find(r *http.Request) http.Handler {
	path := r.URL.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		return nil
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		// A proxy might take these away, and with them the meaning of the path. An ID like that is sent as %2E.
		if segment == "" || segment == "." || segment == ".." {
			return nil
		}
		if next := n.literal[segment]; next != nil {
			n = next
			continue
		}
		value, err := url.PathUnescape(segment)
		if n.any == nil || err != nil {
			return nil
		}
		r.SetPathValue(n.name, value)
		n = n.any
	}
	r.Pattern = n.pattern
	return n.handler
}
