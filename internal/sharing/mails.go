package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// The waits between attempts to send an email double from the first to the longest. After mailGivenUp the server gives up.
const (
	firstMailWait   = time.Minute
	longestMailWait = 6 * time.Hour
	mailGivenUp     = 48 * time.Hour
)

// keepMails is how long the outcome of an email is kept.
const keepMails = 30 * 24 * time.Hour

// nextMail returns when to retry the email after the attempt that failed now, and false to give up.
func nextMail(m access.Mail, now time.Time) (time.Time, bool) {
	wait := longestMailWait
	if doubled := m.Attempts - 1; doubled < 16 {
		wait = min(wait, firstMailWait<<max(doubled, 0))
	}
	due := now.Add(wait)
	return due, due.Sub(m.CreatedAt) <= mailGivenUp || m.Deferred() && due.Sub(m.NotBefore) <= mailGivenUp
}

// ClaimMails claims up to limit emails that are due, and marks them as being sent. This is committed before the sender gets them, so that no email is
// sent twice, whichever process asks. Each must be settled by SettleMail within access.MailLease; after that its outcome is unknown, and it is not
// sent again.
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

// dueLetters returns up to limit emails that are due, with their contents.
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

// SettleMail stores the outcome of an email that was being sent: MailSent, MailFailed, MailUnknown, or MailQueued to retry it, each time later, until
// the server gives up. The reason is logged and must not contain an address.
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

// logMail logs the outcome of an email. It logs neither the address nor the content.
func (s *Service) logMail(m access.Mail, reason string) {
	log := s.log.With("mail", m.ID, "kind", m.About.Kind, "notification", m.About.ID, "invitation", m.Invitation, "attempt", m.Attempts)
	switch m.State {
	case access.MailSending:
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

// settleLapsed settles the emails whose sender did not report an outcome within its lease: they may have been sent, and are not sent again.
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

// forgetMails removes emails whose outcome need not be kept any longer.
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
