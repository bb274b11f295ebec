package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grantway/grantway/internal/authn"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/notify"
	"github.com/grantway/grantway/internal/record"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
)

// Server is everything between the network and the files. It answers through its Handler until it is closed.
type Server struct {
	config     Config
	handler    http.Handler
	printOnce  string // the root key that was made just now, or ""
	demoKey    string
	demoPeople []Person
	offers     string
	stopping   atomic.Bool                 // no new calls are to come
	admitted   func(context.Context) error // fails with errLeftBehind once a migration has left this gateway behind
	closing    sync.Once
	closeErr   error
	close      func() error
}

// Handler is the whole HTTP API.
func (s *Server) Handler() http.Handler { return s.handler }

// RootKey is the key that was made because this is the first start, to be printed once; else it is "".
func (s *Server) RootKey() string { return s.printOnce }

// Close stops what runs beside the calls and closes the files. No call may be under way. Closing twice is harmless.
func (s *Server) Close() error {
	s.closing.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

// retryAfter is when a start is tried again that found a part away.
const retryAfter = time.Second

// Open opens the store and the engine, brings both up to date and to the same state, and joins everything else to them. While a database or a
// SpiceDB does not answer, it tries for as long as Config.StartTimeout.
func Open(ctx context.Context, c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := c.observe(ctx); err != nil {
		return nil, err
	}
	x, err := readExtension(c.SchemaExtension)
	if err != nil {
		return nil, err
	}
	c.firstKey = new(string)
	ends := time.Now().Add(c.StartTimeout)
	for {
		s, err := open(ctx, c, x)
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("interrupted: %w", ctx.Err())
		}
		if !c.mayPass(err) || time.Now().After(ends) {
			return nil, err
		}
		c.Log.Warn("cannot start yet; trying again", "problem", err, "until", ends.UTC().Format(time.TimeOnly))
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("interrupted: %w", ctx.Err())
		case <-time.After(retryAfter):
		}
	}
}

// open is one try.
func open(ctx context.Context, c Config, x *spice.Extension) (*Server, error) {
	b, err := openBackend(ctx, c)
	if err != nil {
		return nil, err
	}
	s, err := join(ctx, c, b, x)
	if err != nil {
		return nil, errors.Join(c.remoteFault(err), b.close())
	}
	return s, nil
}

// join makes the use cases, the decisions and the API on top of the open backend, which Close closes.
func join(ctx context.Context, c Config, b *backend, x *spice.Extension) (*Server, error) {
	// A wrong key is reported before the outbox is carried, which can take long. Of several servers that start on an empty store, one makes the key.
	var secrets *secret.Hasher
	if err := b.store.Exclusively(ctx, func(ctx context.Context) (err error) {
		secrets, err = openSecrets(ctx, c, b.store)
		return err
	}); err != nil {
		return nil, err
	}
	carrier, self, err := b.prepare(ctx, x, c)
	if err != nil {
		return nil, err
	}
	admits := leftBehind(self)
	s := &Server{config: c, offers: b.offers, admitted: func(ctx context.Context) error { return b.store.View(ctx, admits) }}
	var changes *sharing.Service
	var callers *authn.Authenticator
	// Of several servers that start on an empty store, one makes the root key and the demonstration.
	if err := b.store.Exclusively(ctx, func(ctx context.Context) error {
		changes = sharing.New(sharing.Config{
			Store: b.store, Engine: b.engine, Outbox: carrier, Secrets: secrets, Admits: admits, Mails: c.SMTPURL != "", RecordRetention: c.RecordRetention,
			Now: c.Now, Log: c.Log,
			RequestTTL: c.RequestTTL, InvitationTTL: c.InvitationTTL, OutsideMails: c.OutsideMails,
		})
		if c.Demo {
			if s.demoKey, err = prepareDemo(ctx, c, b.store, changes, secrets); err != nil {
				return err
			}
			c.RootKey = s.demoKey
		}
		for _, warning := range authn.Warnings(c.issuers) {
			c.Log.Warn(warning)
		}
		callers = authn.New(b.store, authn.Config{
			Secrets: secrets, RootKey: c.RootKey, FirstKey: c.firstKey, Proxies: c.proxies, Now: c.Now,
			Touched: func(err error) { c.Log.Warn("cannot store when a key was last used", "error", err) },
			Issuers: c.issuers, SignIn: changes.SignIn, MaxToken: c.MaxToken, ClockSkew: c.OIDCClockSkew,
			Away: func(issuer string, err error) {
				c.Log.Warn("cannot fetch the keys of an issuer", "issuer", issuer, "error", err)
			},
		})
		s.printOnce, err = callers.EnsureRootKey(ctx)
		return err
	}); err != nil {
		return nil, err
	}
	if c.Demo {
		if s.demoPeople, err = demoSignIns(ctx, c, changes); err != nil {
			return nil, err
		}
	}
	journal := record.New(b.store, c.Log)
	decisions := decision.New(decision.Config{
		Engine: b.engine, Directory: decision.FromStore(b.store), Fresh: carrier.Fresh, KeyOfSecret: callers.KeyOfSecret, Extension: x,
		Recording: decision.Recording(c.RecordDecisions), Recorder: journal, Metrics: c.figures, Now: c.Now,
	})
	c.show(b.store, journal, carrier)
	if s.handler, err = newHandler(c, b, changes, decisions, callers, s.stopping.Load); err != nil {
		return nil, err
	}
	mails, err := c.mails()
	if err != nil {
		return nil, err
	}
	mails.Queue, mails.PublicURL, mails.Metrics, mails.Log = changes, c.PublicURL, c.figures, c.Log

	worker, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { carrier.Run(worker, admits) })
	running.Go(func() { changes.Run(worker) })
	running.Go(journal.Run)
	if c.SMTPURL != "" {
		running.Go(func() { notify.New(mails).Run(worker) })
	}
	s.close = func() error {
		stop()
		journal.Close()
		running.Wait()
		callers.Close()
		return errors.Join(b.close(), c.traces.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}
