package httpapi

import (
	"encoding/base64"
	"maps"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// pageQuery is the part of a list that a caller asks for.
type pageQuery struct {
	PageSize  int    `query:"page_size" default:"50" minimum:"1" maximum:"1000" doc:"maximum number of items"`
	PageToken string `query:"page_token" doc:"next_page_token of the previous page"`
}

// defaultPageSize is the page_size of a caller who names none.
const defaultPageSize = 50

// pageTokens hold the key that a page ended with. Callers need not know that.
var pageTokens = base64.RawURLEncoding.Strict()

func (q pageQuery) page() (sharing.Page, error) {
	p := sharing.Page{Limit: q.PageSize, LeftOut: sharing.LeftOut{}}
	if p.Limit == 0 {
		p.Limit = defaultPageSize
	}
	after, err := pageTokens.DecodeString(q.PageToken)
	if err != nil {
		return p, faultAt("/page_token", "is not a page token of this list")
	}
	p.After = string(after)
	return p, nil
}

// list is one page.
type list[T any] struct {
	Items         []T    `json:"items" nullable:"false"`
	NextPageToken string `json:"next_page_token" doc:"page_token for the next page; empty on the last page"`

	LeftOut []access.OrganizationID `json:"left_out,omitempty" nullable:"false" doc:"organizations left out because you are calling from outside their allowed IP ranges (B4)"`
}

// listFrom is listOf for a list that may leave organizations out.
func listFrom[F, T any](p sharing.Page, facts []F, next string, err error, show func(F) T) (*list[T], error) {
	l, err := listOf(facts, next, err, show)
	if err != nil {
		return nil, err
	}
	l.LeftOut = slices.Sorted(maps.Keys(p.LeftOut))
	return l, nil
}

// listOf shows the facts of a page; next is the key to continue after.
func listOf[F, T any](facts []F, next string, err error, show func(F) T) (*list[T], error) {
	if err != nil {
		return nil, err
	}
	l := &list[T]{Items: make([]T, len(facts)), NextPageToken: pageTokens.EncodeToString([]byte(next))}
	for i, f := range facts {
		l.Items[i] = show(f)
	}
	return l, nil
}
