package strictjson

import (
	"strconv"
	"strings"
)

// Path is where a reader or a checker of a value is in it. It costs nothing until a pointer is wanted.
type Path []Step

// Step is one part of a path: the name of a member, or the index of an item.
type Step struct {
	Name  string
	Index int
	Named bool
}

// Push goes into a member or an item.
func (p *Path) Push(s Step) { *p = append(*p, s) }

// Pop goes back out of it.
func (p *Path) Pop() { *p = (*p)[:len(*p)-1] }

// Pointer is the path as a JSON pointer (RFC 6901).
func (p Path) Pointer() string {
	var b strings.Builder
	for _, s := range p {
		b.WriteByte('/')
		if s.Named {
			escaper.WriteString(&b, s.Name) //nolint:errcheck // a builder takes everything
		} else {
			b.WriteString(strconv.Itoa(s.Index))
		}
	}
	return b.String()
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1")
