package httpapi

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

const (
	// linesPerMinute is how many lines about refused credentials are written within a minute.
	linesPerMinute = 20
	// maxReason is how much of a reason is written, in bytes: some quote what the caller sent.
	maxReason = 256
)

// refusalLog logs why credentials were refused, for operators: callers get the same text whatever is wrong with a token. Equal refusals have one line a
// minute, and all together linesPerMinute; the first line of a later minute counts those that had none. No line holds a secret or an address. It is
// safe for concurrent use.
type refusalLog struct {
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	began   time.Time // the minute
	written map[[2]string]bool
	silent  int // refusals without a line since the last one that had one
}

// note writes the line, if there is room for it. It ignores errors that do not refuse the caller.
func (l *refusalLog) note(actor access.Actor, route string, err error) {
	var refusal *access.Error
	if !errors.As(err, &refusal) || refusal.Kind != access.KindUnauthenticated && refusal.Kind != access.KindDenied {
		return
	}
	reason := refusal.Detail
	if refusal.Cause != nil {
		reason += ": " + refusal.Cause.Error()
	}
	reason = secret.Redact(reason)
	reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")
	silent, ok := l.turn([2]string{string(actor.Credential()), reason})
	if !ok {
		return
	}
	l.log.Info("credentials refused", "request_id", actor.RequestID, "route", route, "credential", actor.Credential(), "rule", refusal.Rule,
		"reason", reason, "not_logged", silent)
}

// turn reports whether such a refusal has a line, and how many had none since the last line.
func (l *refusalLog) turn(line [2]string) (silent int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); now.Sub(l.began) >= time.Minute {
		l.began, l.written = now, map[[2]string]bool{}
	}
	if l.written[line] || len(l.written) == linesPerMinute {
		l.silent++
		return 0, false
	}
	l.written[line] = true
	silent, l.silent = l.silent, 0
	return silent, true
}
