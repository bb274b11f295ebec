package server

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authn"
	"github.com/grantway/grantway/internal/authzen"
	"github.com/grantway/grantway/internal/bulk"
	"github.com/grantway/grantway/internal/console"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// newHandler joins the decisions to the rest of the API.
func newHandler(c Config, b *backend, changes *sharing.Service, decisions *decision.Service, callers *authn.Authenticator,
	stopping func() bool,
) (http.Handler, error) {
	problems := problem.Writer{Model: strings.TrimRight(c.PublicURL, "/") + httpapi.ModelPath}
	answers, err := authzen.New(authzen.Config{
		Decisions: decisions, Status: problem.Status, RuleURL: problems.RuleURL, PublicURL: c.PublicURL, MaxEvaluations: c.Limits.Evaluations,
		EngineElsewhere: c.SpiceDBEndpoint != "",
		Caller: func(r *http.Request) (access.Actor, error) {
			actor, err := callers.Authenticate(r, "")
			if err != nil { // since the call was let in
				changes.RefusedAtDoor(actor, r.Method+" "+r.Pattern, err)
			}
			return actor, err
		},
		WriteError: httpapi.WriteError(problems),
	})
	if err != nil {
		return nil, err
	}
	files, err := bulk.New(bulk.Config{Sharing: changes, Problems: problems, Dir: filepath.Join(c.Data, stagingDir), Log: c.Log, MaxStaging: c.MaxStaging, MinFree: c.MinFree})
	if err != nil {
		return nil, err
	}
	c.figures.MustRegister(files.Figures())
	pages, err := console.New(console.Config{
		Sharing: changes, Decisions: decisions, Sessions: callers, Status: problem.Status, PublicURL: c.PublicURL,
		Pages: c.Limits.Searches, Waiting: c.Limits.Waiting, Wait: c.Limits.Wait, Timeout: c.Limits.Call, Now: c.Now, Log: c.Log,
	})
	if err != nil {
		return nil, err
	}
	return httpapi.New(httpapi.Config{
		Sharing: changes, Decisions: decisions, Authn: callers, Metrics: c.figures, Shown: prometheus.Gatherers{c.figures, engineFigures}, Traced: c.traces.Handler, Log: c.Log, Version: Version(),
		Limits: c.Limits, Stopping: stopping,
		Imports: files.Import, Export: files.Export, Backup: files.Backup, Console: pages,
		AuthZEN: answers.Serve, PublicPath: publicPath(c.PublicURL), PublicURL: c.PublicURL, MaxToken: c.longestToken(), Problems: problems,
		Ready: map[string]func(context.Context) error{
			"store": func(ctx context.Context) error {
				if err := b.store.Ping(ctx); err != nil {
					return err
				}
				return b.store.CanWrite(ctx)
			},
			"engine": b.ping,
			"outbox": b.keepsUp,
		},
	})
}

// behindAfter is how long a committed change may be on its way to the engine before /readyz says so.
const behindAfter = 10 * time.Second

// keepsUp fails with httpapi.ErrBehind where a committed change has not reached the engine for long, whichever process has made it.
func (b *backend) keepsUp(ctx context.Context) error {
	var oldest time.Time
	if err := b.store.View(ctx, func(tx *store.Tx) (err error) {
		oldest, err = tx.OldestInOutbox()
		return err
	}); err != nil {
		return err
	}
	if oldest.IsZero() || time.Since(oldest) < behindAfter {
		return nil
	}
	return fmt.Errorf("%w: one of %s has not reached the engine", httpapi.ErrBehind, since(oldest))
}
