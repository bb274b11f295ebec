// Package schema is the access model in SpiceDB's schema language, and the names it uses.
//
// It owns schema.zed, its validations, and a Go constant for each relation and caveat that package spice writes; tests keep the three consistent.
// It also owns model.md, which states the rules in English and which the server shows at /docs/model.
package schema

import (
	_ "embed"
	"regexp"
)

// Text is the built-in schema.
//
//go:embed schema.zed
var Text string

// Model is the access model in Markdown: every rule under a heading that begins with its identifier.
//
//go:embed model.md
var Model string

// RulePattern matches what names a part of the model: a rule, such as M2, or a section, such as 3.1.
const RulePattern = `[A-Z][0-9]{1,2}|[0-9](?:\.[0-9])?`

var heading = regexp.MustCompile(`^(` + RulePattern + `)\. |^(` + RulePattern + `) `)

// Anchor is the identifier of the rule or section at the beginning of a heading of the model, or "" if it has none.
func Anchor(title string) string {
	m := heading.FindStringSubmatch(title)
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}
