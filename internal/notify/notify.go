// Package notify sends the emails that changes have queued.
//
// It owns the texts of the messages and the conversation with the mail server. Package sharing keeps the queue and the outcomes: an email is marked
// as being sent before the mail server receives it, and is never sent again if the mail server may have accepted it. Notify must not log an
// address, a token, or the text of an email.
package notify

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/mail"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantway/grantway/internal/access"
)

const (
	// lookEvery is the interval at which the queue is read.
	lookEvery = time.Second
	// lookAgain is the wait after the queue could not be read.
	lookAgain = 10 * time.Second
	// atOnce is the number of emails sent at the same time.
	atOnce = 4
	// finishWithin limits the time for running emails when the sender stops.
	finishWithin = 10 * time.Second
	// answerWithin limits a mail server's time, first to log in, then to accept a message.
	answerWithin = time.Minute
)

// Queue is the queue of emails; *sharing.Service is one.
type Queue interface {
	// ClaimMails claims up to limit emails that are due. Nobody else gets them, and they must be sent within access.MailLease.
	ClaimMails(ctx context.Context, limit int) ([]access.Letter, error)
	// SettleMail stores the outcome of a claimed email: MailSent, MailFailed, MailUnknown, or MailQueued to get it again later.
	SettleMail(ctx context.Context, id access.MailID, state access.MailState, reason string) error
}

// Config is what a Sender needs.
type Config struct {
	Queue     Queue
	Server    Server
	From      mail.Address
	PublicURL string      // the URL of Grantway for receivers
	TLS       *tls.Config // nil trusts the certificate authorities of the system
	Metrics   prometheus.Registerer
	Log       *slog.Logger
}

// Sender sends emails.
type Sender struct {
	Config
	settled *prometheus.CounterVec
}

// New makes a sender, which sends nothing before Run.
func New(c Config) *Sender {
	settled := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "grantway_mail_attempts_total", Help: "Attempts to send an email, by outcome: sent, queued (tried again), failed or unknown.",
	}, []string{"state"})
	for _, state := range []access.MailState{access.MailSent, access.MailQueued, access.MailFailed, access.MailUnknown} {
		settled.WithLabelValues(string(state)) // so that all metrics exist from the start
	}
	c.Metrics.MustRegister(settled)
	return &Sender{Config: c, settled: settled}
}

// Run sends until the context ends. Running emails then have a while to finish; after it their connections are cut, and they are settled as after any
// other broken connection.
func (s *Sender) Run(ctx context.Context) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var running sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for pause := time.Duration(0); wait(ctx, pause); {
		pause = lookEvery
		claimed := lease{time.Now()}
		letters, err := s.Queue.ClaimMails(ctx, atOnce-len(free))
		switch {
		case err != nil && ctx.Err() == nil:
			s.Log.Error("cannot read the waiting emails", "error", err)
			pause = lookAgain
		case len(letters) > 0: // there may be more
			pause = 0
		}
		for _, l := range letters {
			free <- struct{}{}
			running.Go(func() {
				defer func() { <-free }()
				s.deliver(sending, l, claimed)
			})
		}
		if len(free) == atOnce { // the next is claimed as soon as one of them is done
			select {
			case free <- struct{}{}:
				<-free
			case <-ctx.Done():
			}
		}
	}
	late := time.AfterFunc(finishWithin, cut)
	defer late.Stop()
	running.Wait()
}

// wait reports whether the context is still alive after the duration.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// lease is the time in which a claimed email may be sent; after it, other processes consider it lost.
type lease struct{ since time.Time }

// lapsed reports whether the mail server, if called now, might accept the email after the lease. In a stopped process some clocks stand still, so the
// largest of them counts.
func (l lease) lapsed() bool {
	now := time.Now()
	passed := max(now.Sub(l.since), now.Round(0).Sub(l.since.Round(0)))
	return passed > access.MailLease-answerWithin
}

// deliver sends one email and stores the outcome.
func (s *Sender) deliver(ctx context.Context, l access.Letter, claimed lease) {
	state, reason := s.send(ctx, l, claimed)
	s.settled.WithLabelValues(string(state)).Inc()
	// Settle emails that were cut off, too. If that fails, the email stays as being sent, and is not sent again.
	if err := s.Queue.SettleMail(context.WithoutCancel(ctx), l.ID, state, reason); err != nil {
		s.Log.Error("cannot store the outcome of an email", "mail", l.ID, "state", state, "error", err)
	}
}
