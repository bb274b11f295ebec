package authn

import (
	"net/http"

	"github.com/grantway/grantway/internal/access"
)

// Session says which person's browser sent the request, by the secret that its cookie holds. The error is of kind Unauthenticated where there is no
// such session, where it has ended or expired, and where the person is offboarded (D6, N2); the actor then holds no more than the address.
func (a *Authenticator) Session(r *http.Request, token, requestID string) (access.Actor, access.Session, error) {
	actor := access.Actor{RequestID: requestID}
	if address := a.proxies.client(r); address.IsValid() {
		actor.Address = address.String()
	}
	var session access.Session
	var found string
	digests, now := a.secrets.Digests(token), a.now()
	err := a.recall(r.Context(), true, func(f Facts) error {
		var known bool
		var err error
		session, found, known, err = byDigest(digests, f.SessionByDigest)
		if err != nil {
			return err
		}
		user, exists, err := f.User(session.User)
		if err != nil {
			return err
		}
		if !known || session.ExpiredAt(now) || !exists || user.Gone() {
			return access.Refuse(access.KindUnauthenticated, "D6", "you are signed out")
		}
		return nil
	})
	if err != nil {
		return actor, access.Session{}, err
	}
	a.uses.note(access.KeyID("session:"+session.ID), now, func(f Facts) error {
		if found != digests[0] {
			if err := f.RenewSession(session.ID, found, digests[0]); err != nil {
				return err
			}
		}
		return f.TouchSession(session.ID, now)
	})
	actor.User, actor.Session = session.User, session.ID
	return actor, session, nil
}
