package console

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/fair"
	"github.com/grantway/grantway/internal/sharing"
)

// Path is where the console lies under the public URL.
const Path = "/ui"

// Sessions knows people by their cookies; *authn.Authenticator is one.
type Sessions interface {
	Session(r *http.Request, token, requestID string) (access.Actor, access.Session, error)
	Address(r *http.Request) netip.Addr
}

// Decisions answers who has what; *decision.Service is one.
type Decisions interface {
	ChatbotAccess(ctx context.Context, actor access.Actor, of access.ChatbotID, after access.UserID, limit int) ([]decision.Held, access.UserID, error)
	Matrix(ctx context.Context, reader access.Actor, of access.ChatbotID, after access.UserID, limit int) ([]decision.MatrixRow, access.UserID, error)
	Evaluate(ctx context.Context, actor access.Actor, req decision.Request) (decision.Answer, error)
	OpenTo(ctx context.Context, of access.ChatbotID) (everyone access.Level, link access.Audience, err error)
}

// Config is what the console stands on.
type Config struct {
	Sharing   *sharing.Service
	Decisions Decisions
	Sessions  Sessions
	Status    func(access.Kind) int // the HTTP status of an error
	PublicURL string                // where people find the server; its path is in front of every link
	Pages     int                   // how many pages are made at the same time
	Waiting   int                   // how many more wait for their turn
	Wait      time.Duration         // how long they wait before they are refused
	Timeout   time.Duration         // how long a page may take
	Now       func() time.Time      // nil means time.Now
	Log       *slog.Logger
}

// Console serves the pages.
type Console struct {
	Config
	base   string // the path of the public URL, such as /tenant1, or ""
	secure bool   // whether cookies are for https only
	places *fair.Limiter
	views  *views
	assets *assets
}

// New makes the handler of everything under Path. The request's path begins with Path, without the path of the public URL.
func New(c Config) (http.Handler, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("the public URL: %w", err)
	}
	k := &Console{
		Config: c, base: strings.TrimRight(public.Path, "/"), secure: public.Scheme == "https",
		places: fair.New(fair.Config{Places: c.Pages, Waiting: c.Waiting, Wait: c.Wait}),
	}
	if k.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if k.views, err = k.parseViews(); err != nil {
		return nil, err
	}
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, fmt.Errorf("the public URL: %w", err)
	}
	guard.SetDenyHandler(http.HandlerFunc(k.denyCrossOrigin))
	return guard.Handler(k.routes()), nil
}

// link is the path of a page: the parts, each escaped, under Path and the path of the public URL.
func (k *Console) link(parts ...string) string {
	var b strings.Builder
	b.WriteString(k.base + Path + "/")
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(url.PathEscape(p))
	}
	return b.String()
}
