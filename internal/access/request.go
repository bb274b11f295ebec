package access

// RequestState is how far a request to share has got (S4–S9).
type RequestState string

const (
	RequestPending   RequestState = "pending"
	RequestApproved  RequestState = "approved"
	RequestDenied    RequestState = "denied"
	RequestCancelled RequestState = "cancelled"
	RequestExpired   RequestState = "expired"
	RequestFailed    RequestState = "failed" // what it needs was lost before it was approved (S8)
)
