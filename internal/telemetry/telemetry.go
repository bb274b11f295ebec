// Package telemetry is what operators see of a running server besides its answers: traces and the log.
//
// It owns what must not appear there: it removes secrets and people's addresses from every attribute of a span or log line. The packages that do
// the work choose their spans, log lines and metrics.
package telemetry

import (
	"regexp"

	"github.com/grantway/grantway/internal/secret"
)

// address is what looks like an email address, percent-encoded ones included.
var address = regexp.MustCompile(`[\pL\pN._%+'-]+(?:@|%40)[\pL\pN-]+(?:\.[\pL\pN-]+)*`)

// Redact takes secrets and email addresses out of a text.
func Redact(text string) string {
	return address.ReplaceAllString(secret.Redact(text), "…@…")
}
