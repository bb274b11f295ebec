// Package telemetry is what operators see of a running server beside its answers: traces, and the log.
//
// It owns what must not be seen there: whatever an attribute of a span or of a line in the log says, no secret and no address of a person
// leaves through it. What is worth a span, a line or a figure is for those to say who do the work.
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
