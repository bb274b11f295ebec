// Package schema is the access model in SpiceDB's schema language, and the names it uses.
//
// It owns schema.zed, its validations, and a Go constant for each relation and caveat that the folding of package spice writes. Tests
// hold the three to each other.
package schema

import _ "embed"

// Text is the built-in schema.
//
//go:embed schema.zed
var Text string
