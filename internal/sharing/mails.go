package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// The waits between the attempts to send an email double from the first to the longest. What has not been sent after so long is given up.
const (
	firstMailWait   = time.Minute
	longestMailWait = 6 * time.Hour
	mailGivenUp     = 48 * time.Hour
)

// keepMails is how long it is known what became of an email.
const keepMails = 30 * 24 * time.Hour

// nextMail is when the email is tried again after the attempt that has failed now, and false if it is given up.
func nextMail(m access.Mail, now time.Time) (time.Time, bool) {
	wait := longestMailWait
	if doubled := m.Attempts - 1; doubled < 16 {
		wait = min(wait, firstMailWait<<max(doubled, 0))
	}
	due := now.Add(wait)
	return due, due.Sub(m.CreatedAt) <= mailGivenUp || m.Deferred() && due.Sub(m.NotBefore) <= mailGivenUp
}

// ClaimMails takes at most so many emails that are due, which are then being sent: that is committed before their sender knows of them, so
// that no email is sent twice, whoever else asks for some. Each is to be settled by SettleMail within access.MailLease; after it nobody knows
// whether it was sent, and it is not sent again.
func (s *Service) ClaimMails(ctx context.Context, limit int) ([]access.Letter, error) {
	now := s.now().UTC()
	if _, err := s.outbox.Fresh(ctx, true); err != nil {
		return nil, err
	}
	var due []access.Mail
	var written []letter
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		due, written, err = s.dueLetters(ctx, tx, now, limit)
		return err
	})
	if err != nil || len(due) == 0 {
		return nil, err
	}
	var claimed []access.Letter
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		claimed = nil
		for i, m := range due {
			if mine, err := tx.ClaimMail(m, now); err != nil {
				return err
			} else if !mine {
				continue
			}
			if written[i].void != "" {
				m.Attempts++
				if _, err := tx.SettleMail(m, access.MailFailed, now, written[i].void); err != nil {
					return err
				}
				continue
			}
			claimed = append(claimed, written[i].Letter)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// dueLetters are at most so many emails that are due, and what each says.
func (s *Service) dueLetters(ctx context.Context, tx *store.Tx, now time.Time, limit int) (due []access.Mail, written []letter, err error) {
	if due, err = tx.Mails(access.MailQueued, now, limit); err != nil {
		return nil, nil, err
	}
	for _, m := range due {
		l, err := s.write(ctx, tx, m)
		if err != nil {
			return nil, nil, err
		}
		written = append(written, l)
	}
	return due, written, nil
}

// SettleMail notes what became of an email that was being sent: MailSent, MailFailed, MailUnknown, or MailQueued to try it again, later each
// time, until it is given up. The reason goes to the log and must name nobody's address.
func (s *Service) SettleMail(ctx context.Context, id access.MailID, state access.MailState, reason string) error {
	now := s.now().UTC()
	var m access.Mail
	var settled bool
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		var known bool
		if m, known, err = tx.Mail(id); err != nil || !known {
			return err
		}
		m.State, m.Due = state, now
		if state == access.MailQueued {
			again, ok := nextMail(m, now)
			if m.Due = again; !ok {
				m.State, m.Due = access.MailFailed, now
			}
		}
		settled, err = tx.SettleMail(m, m.State, m.Due, reason)
		return err
	})
	if err != nil || !settled {
		return err
	}
	s.logMail(m, reason)
	return nil
}

// logMail tells the operator what became of an email. It names neither the address nor what the email says.
func (s *Service) logMail(m access.Mail, reason string) {
	log := s.log.With("mail", m.ID, "kind", m.About.Kind, "notification", m.About.ID, "invitation", m.Invitation, "attempt", m.Attempts)
	switch m.State {
	case access.MailSent:
		log.Debug("email sent")
	case access.MailQueued:
		log.Warn("cannot send an email; trying again", "reason", reason, "at", m.Due)
	case access.MailFailed:
		log.Error("cannot send an email; giving up", "reason", reason)
	case access.MailUnknown:
		log.Error("an email may or may not have been sent; not trying again", "reason", reason)
	}
}

// settleLapsed settles the emails whose sender has not said what became of them within its lease: they may have been sent, and are not sent again.
func (s *Service) settleLapsed(ctx context.Context) error {
	const reason = "the server that was sending it did not report the outcome in time"
	now := s.now().UTC()
	var lapsed []access.Mail
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		lapsed = nil
		sending, err := tx.Mails(access.MailSending, now.Add(-access.MailLease), 0)
		if err != nil {
			return err
		}
		for _, m := range sending {
			settled, err := tx.SettleMail(m, access.MailUnknown, now, reason)
			if err != nil {
				return err
			}
			if settled {
				lapsed = append(lapsed, m)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range lapsed {
		m.State = access.MailUnknown
		s.logMail(m, reason)
	}
	return nil
}

// forgetMails removes the emails of which it need not be known any more what became of them.
func (s *Service) forgetMails(ctx context.Context) error {
	before := s.now().Add(-keepMails)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, state := range []access.MailState{access.MailSent, access.MailFailed, access.MailUnknown} {
			if err := tx.DeleteMailsSettled(state, before); err != nil {
				return err
			}
		}
		return nil
	})
}
