// Package notify sends the emails that changes have queued.
//
// It owns the words of the messages and the conversation with the mail server. What is queued, and what became of it, is kept by package
// sharing: an email is marked as being sent before the mail server hears of it, and when it is not certain that the mail server has not taken
// it, it is never sent again. It must not log an address, a token, or what an email says.
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
	// lookEvery is how often the queue is looked at.
	lookEvery = time.Second
	// lookAgain is how long to wait after the queue could not be read.
	lookAgain = 10 * time.Second
	// atOnce is how many emails are sent at the same time.
	atOnce = 4
	// finishWithin is how long emails that are being sent may take after the sender was told to stop.
	finishWithin = 10 * time.Second
	// answerWithin is how long a mail server may take, first to let in, then to take a message.
	answerWithin = time.Minute
)

// Queue is the emails that wait; *sharing.Service is one.
type Queue interface {
	// ClaimMails takes at most so many emails that are due, which nobody else is given then, and which are to be sent within access.MailLease.
	ClaimMails(ctx context.Context, limit int) ([]access.Letter, error)
	// SettleMail notes what became of an email that was taken: MailSent, MailFailed, MailUnknown, or MailQueued to be given it again later.
	SettleMail(ctx context.Context, id access.MailID, state access.MailState, reason string) error
}

// Config is what a Sender needs.
type Config struct {
	Queue     Queue
	Server    Server
	From      mail.Address
	PublicURL string      // where receivers find Grantway
	TLS       *tls.Config // nil trusts the certificate authorities of the system
	Metrics   prometheus.Registerer
	Log       *slog.Logger
}

// Sender sends emails.
type Sender struct {
	Config
	settled *prometheus.CounterVec
}

// New makes the sender, which sends nothing before Run.
func New(c Config) *Sender {
	settled := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "grantway_mail_attempts_total", Help: "Attempts to send an email, by outcome: sent, queued (tried again), failed or unknown.",
	}, []string{"state"})
	for _, state := range []access.MailState{access.MailSent, access.MailQueued, access.MailFailed, access.MailUnknown} {
		settled.WithLabelValues(string(state)) // so that all are shown from the start
	}
	c.Metrics.MustRegister(settled)
	return &Sender{Config: c, settled: settled}
}

// Run sends until the context ends. Emails that are being sent then have a while to be taken; after it their connections are cut, and they
// are settled like after any other broken connection.
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
		if len(free) == atOnce { // the next is taken as soon as one of them is done
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

// wait reports whether the context has not ended meanwhile.
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

// lease is the time in which an email that was claimed may be sent: another process takes it for lost after that.
type lease struct{ since time.Time }

// lapsed reports whether the mail server, if it were called now, might take the email after the lease. A process that is stopped does not see all of
// its clocks go on: the one that says most is believed.
func (l lease) lapsed() bool {
	now := time.Now()
	passed := max(now.Sub(l.since), now.Round(0).Sub(l.since.Round(0)))
	return passed > access.MailLease-answerWithin
}

// deliver sends one email and notes what became of it.
func (s *Sender) deliver(ctx context.Context, l access.Letter, claimed lease) {
	state, reason := s.send(ctx, l, claimed)
	s.settled.WithLabelValues(string(state)).Inc()
	// Also what was cut off is settled. Where that fails the email stays as being sent, and is not sent again.
	if err := s.Queue.SettleMail(context.WithoutCancel(ctx), l.ID, state, reason); err != nil {
		s.Log.Error("cannot store the outcome of an email", "mail", l.ID, "state", state, "error", err)
	}
}
