package sharing

import "github.com/grantway/grantway/internal/access"

// requests gives those that wait for a decision, in the order in which they were made.
func (e *exporting) requests() error {
	if !e.wants(KindRequest) {
		return nil
	}
	return paged(
		func(after string) ([]access.Request, error) {
			return e.PendingRequests(access.RequestID(after), exportPage)
		},
		func(r access.Request) string { return string(r.ID) },
		func(r access.Request) error {
			if r.StateAt(e.now) != access.RequestPending || r.Share().ExpiredAt(e.now) {
				return nil
			}
			return e.row(&RequestRow{
				Chatbot: r.Chatbot, Principal: r.Principal, Access: r.Level, ShareExpiresAt: r.ShareExpiresAt, Requester: r.Requester,
				CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
			})
		})
}
