package console

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/fair"
)

// maxForm is the longest form, in bytes.
const maxForm = 64 << 10

var errNoPage = access.Refuse(access.KindNotFound, "", "there is no page here")

// call is one request on its way through a page.
type call struct {
	*Console
	w         http.ResponseWriter
	r         *http.Request
	requestID string
	actor     access.Actor
	session   access.Session
	refused   *access.Error // why the form of this page was refused; nil where it was not sent
	answered  int           // the status, once there is one
}

// policy lets pages load only what this server serves, run no inline script, and send forms nowhere else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func (k *Console) secureHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// handle serves the route: it finds the session, takes a place, runs the page, and logs a line without names or values.
func (k *Console) handle(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		k.secureHeaders(w.Header())
		ctx, cancel := context.WithTimeout(r.Context(), k.Timeout)
		defer cancel()
		c := &call{Console: k, w: w, r: r.WithContext(ctx), requestID: rand.Text()}
		w.Header().Set("X-Request-ID", c.requestID)
		err := c.recovered(rt)
		if err != nil && c.answered == 0 {
			c.showError(err)
		}
		level := slog.LevelDebug
		if c.answered >= http.StatusInternalServerError {
			level = slog.LevelError
		} else if r.Method == http.MethodPost {
			level = slog.LevelInfo
		}
		attrs := []any{"request_id", c.requestID, "method", rt.method, "route", Path + rt.path, "status", c.answered, "took", time.Since(started)}
		if err != nil && level == slog.LevelError {
			attrs = append(attrs, "error", err)
		}
		k.Log.Log(r.Context(), level, "page", attrs...)
	})
}

// recovered is run, with a panic turned into an error.
func (c *call) recovered(rt route) (err error) {
	defer func() {
		if defect := recover(); defect != nil {
			c.Log.Error("a page panicked", "request_id", c.requestID, "route", rt.path, "panic", defect, "stack", string(debug.Stack()))
			err = &access.Error{Kind: access.KindInternal}
		}
	}()
	return c.run(rt)
}

// run is the way of a request from the door to the page.
func (c *call) run(rt route) error {
	signedIn := c.enter()
	switch {
	case signedIn == nil || rt.open && access.KindOf(signedIn) == access.KindUnauthenticated:
	case access.KindOf(signedIn) == access.KindUnauthenticated:
		return c.sendToSignIn()
	default:
		return signedIn
	}
	holder := "address " + access.NetworkOf(c.Sessions.Address(c.r)).String()
	if c.actor.User != "" {
		holder = c.actor.Holder()
	}
	if err := c.readForm(); err != nil {
		return err
	}
	place, err := c.places.Take(c.r.Context(), holder, nil)
	if errors.Is(err, fair.ErrBusy) {
		return access.Refuse(access.KindUnavailable, "B6", "too many pages are being made right now; try again")
	} else if err != nil {
		return access.Unavailable(err)
	}
	defer place.Release()
	err = rt.run(c)
	if access.KindOf(err) == access.KindUnauthenticated && !rt.open {
		return c.sendToSignIn() // the session has ended since the call began, and is shown nothing more
	}
	if err == nil || rt.form == nil || !correctable(err) {
		return err
	}
	errors.As(err, &c.refused)
	if again := rt.form(c); again != nil {
		return err
	}
	return nil
}

// readForm reads the whole form before the request takes a place, so that nobody holds a place who sends slowly. A body of another kind is no form: read
// as one, it would be a form whose fields are all empty.
func (c *call) readForm() error {
	if c.r.Method != http.MethodPost {
		return nil
	}
	if kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); c.r.ContentLength != 0 && (err != nil || kind != "application/x-www-form-urlencoded") {
		return access.Invalidf("", "what was sent is not a form")
	}
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, maxForm)
	if err := c.r.ParseForm(); err != nil {
		return access.Invalidf("", "the form cannot be read")
	}
	return nil
}

// correctable reports whether the person can do something about the refusal on the page that they sent the form from.
func correctable(err error) bool {
	return slices.Contains([]access.Kind{
		access.KindInvalid, access.KindDenied, access.KindConflict, access.KindIDTaken, access.KindUnprocessable, access.KindNotFound,
		access.KindUnauthenticated,
	}, access.KindOf(err))
}

// enter finds out who is signed in.
func (c *call) enter() (err error) {
	cookie, err := c.r.Cookie(c.cookieName(sessionCookie))
	if err != nil {
		return access.Refuse(access.KindUnauthenticated, "D6", "you are signed out")
	}
	actor, session, err := c.Sessions.Session(c.r, cookie.Value, c.requestID)
	if err == nil {
		c.actor, c.session = actor, session
	}
	return err
}

// redirect answers a change: the browser gets the page at the path.
func (c *call) redirect(path string) error {
	c.answered = http.StatusSeeOther
	c.w.Header().Set("Location", path)
	c.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// showError answers with the page of an error: its sentence, and nothing of its cause.
func (c *call) showError(err error) {
	var shown *access.Error
	if !errors.As(err, &shown) || shown.Kind == access.KindInternal {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			shown = access.Unavailable(err)
		} else {
			shown = &access.Error{Kind: access.KindInternal, Detail: "Something went wrong inside. The server's log says what, under this request ID."}
		}
	}
	if err := c.render(c.Status(shown.Kind), "error", view{Title: errorTitle(shown.Kind), Body: errorBody{Detail: shown.Detail, Rule: shown.Rule, RequestID: c.requestID}}); err != nil {
		c.Log.Error("the page of an error cannot be shown", "request_id", c.requestID, "error", err)
	}
}

type errorBody struct{ Detail, Rule, RequestID string }

func errorTitle(k access.Kind) string {
	switch k {
	case access.KindNotFound:
		return "Not found"
	case access.KindDenied:
		return "Not allowed"
	case access.KindUnavailable, access.KindExhausted:
		return "Try again in a moment"
	case access.KindInternal:
		return "Something went wrong"
	case access.KindInvalid, access.KindUnauthenticated, access.KindConflict, access.KindIDTaken, access.KindUnprocessable, access.KindTooLarge:
	}
	return "That did not work"
}

// denyCrossOrigin answers a form that another site has sent.
func (k *Console) denyCrossOrigin(w http.ResponseWriter, r *http.Request) {
	k.secureHeaders(w.Header())
	c := &call{Console: k, w: w, r: r, requestID: rand.Text()}
	c.showError(access.Deniedf("", "This form was sent from another site. Open the page here and try again."))
}
