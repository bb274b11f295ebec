package httpapi

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
	"unicode"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

const requestIDHeader = "X-Request-ID"

// maxRequestID is the longest request ID that is taken from a caller, in bytes.
const maxRequestID = 1024

// requestIDOf is the caller's request ID, or a new one if it sent none or one that is too long. It is echoed exactly as it was sent; net/http has
// refused one with line breaks.
func requestIDOf(r *http.Request) string {
	if sent := r.Header.Values(requestIDHeader); len(sent) == 1 && sent[0] != "" && len(sent[0]) <= maxRequestID {
		return sent[0]
	}
	return rand.Text()
}

// printable is a request ID as it stands in documents, the log and the record: what nobody could see there, or could take for something else, is U+FFFD.
func printable(requestID string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, requestID)
}

// observed answers with what serve gives or with a problem document, and sees to what every call has: a request ID, headers against
// misuse by browsers, a line in the log, a count, and an answer even where the server has a defect. Logs and counts name the route's path
// and not the call's, which holds IDs and addresses.
func (a *api) observed(path string, serve func(x *exchange, r *http.Request, requestID string) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, sent := time.Now(), requestIDOf(r)
		requestID := printable(sent)
		h := w.Header()
		h.Set(requestIDHeader, sent)
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")

		x, err := a.newExchange(w, r)
		defer x.end()
		if err == nil {
			err = a.recovered(x, r, requestID, serve)
		}
		begun := x.status != 0
		if err != nil && !begun {
			a.Problems.Write(x, requestID, err)
		}
		took := time.Since(start)
		a.metrics.observe(r.Method, path, x.status, took, x.err)
		a.log(r, path, requestID, x.status, took, x.err)
		if err != nil && begun {
			if !errors.Is(err, http.ErrAbortHandler) && r.Context().Err() == nil {
				a.Log.Error("an answer was cut off", "request_id", requestID, "route", path, "error", err)
			}
			panic(http.ErrAbortHandler) // the connection is cut, so that the answer does not look complete
		}
	})
}

// recovered turns a panic into an error.
func (a *api) recovered(x *exchange, r *http.Request, requestID string, serve func(*exchange, *http.Request, string) error) (err error) {
	defer func() {
		defect := recover()
		if defect == nil {
			return
		}
		err = &access.Error{Kind: access.KindInternal}
		if cause, ok := defect.(error); !ok || !errors.Is(cause, http.ErrAbortHandler) {
			a.Log.Error("a call panicked", "request_id", requestID, "route", r.Pattern, "panic", defect, "stack", string(debug.Stack()))
		}
		if x.status != 0 {
			err = http.ErrAbortHandler
		}
	}()
	return serve(x, r, requestID)
}

// log writes one line for the call, without credentials, bodies, IDs or addresses of people.
func (a *api) log(r *http.Request, path, requestID string, status int, took time.Duration, err error) {
	level := slog.LevelDebug
	switch {
	case r.Context().Err() != nil: // the caller has gone, which may be the cause of the failure
		level = slog.LevelInfo
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case r.Method != http.MethodGet && strings.HasPrefix(path, "/v1/"):
		level = slog.LevelInfo
	}
	if !a.Log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", requestID), slog.String("method", methodOf(r.Method)), slog.String("route", path), slog.Int("status", status),
		slog.Duration("took", took),
	}
	if status >= http.StatusInternalServerError && err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	a.Log.LogAttrs(r.Context(), level, "call", attrs...)
}

// refuseMethod answers a call of a path that does not take the method.
func refuseMethod(w http.ResponseWriter, r *http.Request, allow []string) error {
	w.Header().Set("Allow", strings.Join(allow, ", "))
	return access.Refuse(problem.MethodNotAllowed, "", "this path accepts %s, not %s", strings.Join(allow, ", "), r.Method)
}
