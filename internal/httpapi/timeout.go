package httpapi

import (
	"net/http"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// timeoutHeader says how long its sender will wait for the answer, such as 250ms. Work for an answer that nobody waits for is given up.
const timeoutHeader = "Grantway-Timeout"

// maxTimeout is the longest value of that header, in bytes.
const maxTimeout = 32

// timeout is how long the caller waits, if it says so and that is not longer than the most.
func timeout(h http.Header, most time.Duration) (time.Duration, error) {
	sent := h.Values(timeoutHeader)
	if len(sent) == 0 {
		return most, nil
	}
	var d time.Duration
	var err error
	if len(sent[0]) <= maxTimeout {
		d, err = time.ParseDuration(sent[0])
	}
	if err != nil || d <= 0 || len(sent) > 1 {
		return 0, access.Invalidf("", "%s must be a duration such as 250ms or 2s, and sent once", timeoutHeader)
	}
	if most > 0 {
		d = min(d, most)
	}
	return d, nil
}
