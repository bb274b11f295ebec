package decision

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/strictjson"
)

// The default and maximum number of results on a page of a search.
const (
	DefaultPageSize = 50
	MaxPageSize     = 1000
)

// maxPageToken is the maximum length of a page token, in bytes. A token contains an ID and a little more.
const maxPageToken = 4 << 10

// Page selects a part of the results.
type Page struct {
	Limit access.Optional[int] // maximum number of results; default: that of the previous page, or DefaultPageSize
	Token string               // Found.Next of the previous page, or "" for the first page
	// Properties are the caller's own. They do not affect results, but a token is valid only with the same ones, as with the rest of the request.
	Properties map[string]any
}

// Found is one page of results.
type Found struct {
	IDs  []string // IDs of subjects or resources in byte order, or names of actions in the order of the model
	Next string   // the token of the next page, or "" after the last one
}

// place is the content of a page token: the search, and the result after which the next page begins.
type place struct {
	Search []byte `json:"s"`
	Limit  int    `json:"l"`
	After  string `json:"a"`
}

// window is the part of the results that one call returns.
type window struct {
	search []byte
	limit  int
	after  string
}

// searchDigest identifies a search by everything except the facts on which its results depend: its kind, the actor, and the request. The caller of
// this function removes the ID of the searched entity.
func searchDigest(kind string, actor access.Actor, req Request, page Page) []byte {
	text, err := json.Marshal(struct {
		Kind         string
		User         access.UserID
		Organization access.OrganizationID
		Request      Request
		Properties   map[string]any `json:",omitempty"`
	}{kind, actor.User, actor.Organization, req, page.Properties})
	if err != nil {
		return nil // values that JSON cannot express did not come from a caller
	}
	sum := sha256.Sum256(text)
	return sum[:16]
}

// open reads the page. A token of another search, or a limit other than that of the previous page, is refused with an error of kind Invalid.
func (p Page) open(search []byte) (window, error) {
	w := window{search: search, limit: DefaultPageSize}
	if p.Limit.Set && p.Limit.Value < 1 {
		return window{}, access.Invalidf("", "limit must be at least 1")
	}
	if p.Token != "" {
		var at place
		if len(p.Token) > maxPageToken {
			return window{}, access.Invalidf("", "the page token is not from this search")
		}
		data, err := base64.RawURLEncoding.DecodeString(p.Token)
		if err != nil || strictjson.Unmarshal(data, &at, strictjson.Limits{}) != nil || at.Limit < 1 || at.Limit > MaxPageSize {
			return window{}, access.Invalidf("", "the page token is not from this search")
		}
		if string(at.Search) != string(search) {
			return window{}, access.Invalidf("", "the page token belongs to another search: repeat the same request")
		}
		w.limit, w.after = at.Limit, at.After
		if p.Limit.Set && min(p.Limit.Value, MaxPageSize) != w.limit {
			return window{}, access.Invalidf("", "the page token belongs to a search with another limit: repeat the same request")
		}
		return w, nil
	}
	if p.Limit.Set {
		w.limit = min(p.Limit.Value, MaxPageSize)
	}
	return w, nil
}

// found makes a page of the results after the window's start; there may be more than fit.
func (w window) found(ids []string) Found {
	if len(ids) <= w.limit {
		return Found{IDs: ids}
	}
	next := place{Search: w.search, Limit: w.limit}
	ids = ids[:w.limit]
	next.After = ids[len(ids)-1]
	text, err := json.Marshal(next)
	if err != nil {
		panic(err) // a defect: a place contains bytes, a number and a text
	}
	return Found{IDs: ids, Next: base64.RawURLEncoding.EncodeToString(text)}
}
