package bulk

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/sharing"
)

// Phase is a part of an import.
type Phase string

const (
	Receiving Phase = "receive"
	Checking  Phase = "check"
	Writing   Phase = "write"
)

// Event says how many rows of a phase are done.
type Event struct {
	Phase Phase `json:"phase"`
	Rows  int64 `json:"rows"`
	Total int64 `json:"total,omitempty"`
}

// Summary is how an import ended.
type Summary struct {
	Rows      int64                  `json:"rows"`      // received; written, pending, unchanged, expired and rejected together, unless it was refused
	Written   int64                  `json:"written"`   // or what would be written, by a dry run
	Pending   int64                  `json:"pending"`   // waiting for somebody's consent, such as an offer of ownership (O7)
	Unchanged int64                  `json:"unchanged"` // already so
	Expired   int64                  `json:"expired"`   // their expiry has passed: they change nothing (S13)
	Rejected  int64                  `json:"rejected"`
	DryRun    bool                   `json:"dry_run"`
	Refused   bool                   `json:"refused"`         // rows were rejected and were not to be skipped: nothing was written
	Kinds     map[sharing.Kind]int64 `json:"kinds,omitempty"` // rows that could be read, by kind
	ZedToken  string                 `json:"zedtoken,omitempty"`
}

// Observer follows the course of an import. An error from it ends the import.
type Observer interface {
	Progress(Event) error
	Reject(Reject) error
}

// heartbeat is how often the last event is repeated while nothing new happens, so that nobody between takes the silence for the end.
const heartbeat = time.Second

// stream writes the course of an import as JSON Lines.
type stream struct {
	mu       sync.Mutex
	w        http.ResponseWriter
	problems problem.Writer
	rc       *http.ResponseController
	last     *Event
	sent     time.Time
	err      error
	ending   chan struct{}
}

// newStream begins the answer. close ends it.
func newStream(w http.ResponseWriter, problems problem.Writer) *stream {
	w.Header().Set("Content-Type", jsonLines)
	w.Header().Set("X-Accel-Buffering", "no") // proxies that gather an answer would hide the progress
	w.WriteHeader(http.StatusOK)
	s := &stream{w: w, problems: problems, rc: http.NewResponseController(w), ending: make(chan struct{})}
	go s.beat()
	return s
}

func (s *stream) beat() {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-s.ending:
			return
		case <-tick.C:
			s.mu.Lock()
			if s.last != nil && time.Since(s.sent) >= heartbeat {
				s.write(s.last, true)
			}
			s.mu.Unlock()
		}
	}
}

// write sends one line; the caller holds the lock. After a failure nothing more is sent.
func (s *stream) write(v any, flush bool) {
	if s.err != nil {
		return
	}
	line, err := json.Marshal(v)
	if err == nil {
		_, err = s.w.Write(append(line, '\n'))
	}
	if err == nil && flush {
		err = s.rc.Flush()
	}
	s.sent, s.err = time.Now(), err
}

func (s *stream) send(v any, flush bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(v, flush)
	return s.err
}

// Progress sends an event.
func (s *stream) Progress(e Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = &e
	s.write(e, true)
	return s.err
}

// Reject sends a bad row.
func (s *stream) Reject(r Reject) error {
	return s.send(struct {
		Reject Reject `json:"reject"`
	}{r}, false)
}

// close ends the stream with the summary, or with the problem that ended the import.
func (s *stream) close(sum Summary, err error, requestID string) {
	close(s.ending)
	var last any = struct {
		Summary Summary `json:"summary"`
	}{sum}
	if err != nil {
		last = struct {
			Error problem.Problem `json:"error"`
		}{s.problems.Of(err, requestID)}
	}
	s.send(last, true) //nolint:errcheck // a caller that is gone needs no answer
}

// lost says that the caller is gone.
func lost(err error) error { return access.Unavailable(err) }
