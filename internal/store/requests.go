package store

import (
	"time"

	"github.com/grantway/grantway/internal/access"
)

const selectRequests = `SELECT id, chatbot, principal, level, share_expires_at, requester, created_at, expires_at, state, revision, decided_by,
	decided_at, detail, orphaned FROM requests`

var putRequest = upsert("requests", "id",
	"chatbot, principal, level, share_expires_at, requester, created_at, expires_at, state, revision, decided_by, decided_at, detail, orphaned")

func scanRequest(r row) (q access.Request, err error) {
	err = r.Scan(&q.ID, &q.Chatbot, principalColumn{&q.Principal}, &q.Level, timeColumn{&q.ShareExpiresAt}, &q.Requester, timeColumn{&q.CreatedAt},
		timeColumn{&q.ExpiresAt}, &q.State, &q.Revision, &q.DecidedBy, timeColumn{&q.DecidedAt}, &q.Detail, &q.Orphaned)
	return q, err
}

// AddRequest adds a request and returns it with its ID, as newID makes it.
func (tx *Tx) AddRequest(q access.Request) (access.Request, error) {
	id, err := newID()
	if err != nil {
		return q, tx.fail(err, "the ID of a request")
	}
	q.ID = access.RequestID(id)
	return q, tx.PutRequest(q)
}

// PutRequest inserts or replaces the request. One more that is pending for the same chatbot and principal is refused (S9).
func (tx *Tx) PutRequest(q access.Request) error {
	return tx.exec(putRequest, q.ID, q.Chatbot, q.Principal.String(), q.Level, micros(q.ShareExpiresAt), q.Requester, micros(q.CreatedAt),
		micros(q.ExpiresAt), q.State, q.Revision, q.DecidedBy, micros(q.DecidedAt), q.Detail, q.Orphaned)
}

// Request gives the request.
func (tx *Tx) Request(id access.RequestID) (access.Request, bool, error) {
	return one(tx, scanRequest, selectRequests+` WHERE id = $1`, id)
}

// PendingRequest gives the one that is kept as pending for the chatbot and the principal; by the clock it may have expired.
func (tx *Tx) PendingRequest(chatbot access.ChatbotID, p access.Principal) (access.Request, bool, error) {
	return one(tx, scanRequest, selectRequests+` WHERE chatbot = $1 AND principal = $2 AND state = 'pending'`, chatbot, p.String())
}

// RequestFilter narrows Requests.
type RequestFilter struct {
	State     access.RequestState // as it is kept
	Chatbot   access.ChatbotID
	Principal access.Principal
	Requester string
}

// Requests lists requests, the newest first, before the given one, or from the newest on if that is "".
func (tx *Tx) Requests(f RequestFilter, before access.RequestID, limit int) ([]access.Request, error) {
	l := from(selectRequests).is("state", string(f.State)).is("chatbot", string(f.Chatbot)).is("requester", f.Requester)
	if f.Principal != (access.Principal{}) {
		l.and("principal = ?", f.Principal.String())
	}
	if before != "" {
		l.and("id < ?", before)
	}
	return many(tx, scanRequest, l.orderBy("id DESC", limit))
}

// PendingRequests lists those kept as pending, by ID.
func (tx *Tx) PendingRequests(after access.RequestID, limit int) ([]access.Request, error) {
	l := from(selectRequests+` WHERE state = $1`, access.RequestPending)
	return many(tx, scanRequest, l.page("id", string(after), limit))
}

// RequestsDue lists those kept as pending that expire by then, the longest due first.
func (tx *Tx) RequestsDue(by time.Time, limit int) ([]access.Request, error) {
	l := from(selectRequests+` WHERE state = $1 AND expires_at <= $2`, access.RequestPending, micros(by))
	return many(tx, scanRequest, l.orderBy("expires_at, id", limit))
}

// OrphanRequestsOf marks the requests for the chatbot, which is deleted.
func (tx *Tx) OrphanRequestsOf(chatbot access.ChatbotID) error {
	return tx.exec(`UPDATE requests SET orphaned = TRUE WHERE chatbot = $1`, chatbot)
}

// OrphanRequestsWith marks the requests to share with the principal, which is deleted.
func (tx *Tx) OrphanRequestsWith(p access.Principal) error {
	return tx.exec(`UPDATE requests SET orphaned = TRUE WHERE principal = $1`, p.String())
}

// ForgetRequester takes the requester's name off its requests.
func (tx *Tx) ForgetRequester(requester string) error {
	return tx.exec(`UPDATE requests SET requester = '' WHERE requester = $1`, requester)
}
