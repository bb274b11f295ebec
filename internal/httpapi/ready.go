package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// readyWithin is how long a part may take to say that it is there.
	readyWithin = 2 * time.Second
	// readyFor is how long such an answer is given again: anybody may ask, as often as they like.
	readyFor = time.Second / 2
)

// part is something without which the server cannot do its work. It is asked by one caller at a time, and whoever waits for a part that hangs
// does not hang himself.
type part struct {
	name  string
	check func(context.Context) error
	log   *slog.Logger

	mu     sync.Mutex
	asking chan struct{} // closed when the part has answered; nil while nobody asks
	last   error
	at     time.Time // of last
}

// ErrBehind is for a part that answers although changes wait for it: it is reported, and the server is ready.
var ErrBehind = errors.New("changes wait")

var errNoAnswer = errors.New("it did not answer in time")

// ready asks the part, unless it has answered just now.
func (p *part) ready() error {
	p.mu.Lock()
	if p.asking == nil {
		if time.Since(p.at) < readyFor {
			defer p.mu.Unlock()
			return p.last
		}
		p.asking = make(chan struct{})
		go p.ask(p.asking)
	}
	asking := p.asking
	p.mu.Unlock()

	late := time.NewTimer(readyWithin)
	defer late.Stop()
	select {
	case <-asking:
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.last
	case <-late.C:
		p.log.Warn("not ready", "part", p.name, "error", errNoAnswer)
		return errNoAnswer
	}
}

func (p *part) ask(answered chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	err := p.check(ctx)
	if err != nil {
		p.log.Warn("not ready", "part", p.name, "error", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.at, p.asking = err, time.Now(), nil
	close(answered)
}

// parts are all of them, by name.
type parts []*part

func newParts(checks map[string]func(context.Context) error, log *slog.Logger) parts {
	var ps parts
	for name, check := range checks {
		ps = append(ps, &part{name: name, check: check, log: log})
	}
	slices.SortFunc(ps, func(a, b *part) int { return slices.Compare([]string{a.name}, []string{b.name}) })
	return ps
}

// ready asks all parts at the same time.
func (ps parts) ready() map[string]error {
	answers := make([]error, len(ps))
	var asked sync.WaitGroup
	for i, p := range ps {
		asked.Go(func() { answers[i] = p.ready() })
	}
	asked.Wait()
	ready := make(map[string]error, len(ps))
	for i, p := range ps {
		ready[p.name] = answers[i]
	}
	return ready
}

var readyFigure = prometheus.NewDesc("grantway_ready", "Whether each part that the server depends on answers.", []string{"part"}, nil)

// Describe and Collect make the parts a figure, too.
func (ps parts) Describe(c chan<- *prometheus.Desc) { c <- readyFigure }

// Collect asks the parts.
func (ps parts) Collect(c chan<- prometheus.Metric) {
	for name, err := range ps.ready() {
		value := 0.0
		if err == nil || errors.Is(err, ErrBehind) {
			value = 1
		}
		c <- prometheus.MustNewConstMetric(readyFigure, prometheus.GaugeValue, value, name)
	}
}

// readiness is the answer of /readyz: whether each part answers ("ok", "unavailable"), or changes wait for it ("behind"). What is wrong with it is in the
// log.
type readiness struct {
	Status string            `json:"status"`
	Parts  map[string]string `json:"parts"`
}

func (a *api) readyz(w http.ResponseWriter, _ *http.Request) {
	status, answer := http.StatusOK, readiness{Status: "ready", Parts: map[string]string{}}
	for name, err := range a.parts.ready() {
		switch {
		case err == nil:
			answer.Parts[name] = "ok"
		case errors.Is(err, ErrBehind):
			answer.Parts[name] = "behind"
			if answer.Status == "ready" {
				answer.Status = "behind"
			}
		default:
			status, answer.Status, answer.Parts[name] = http.StatusServiceUnavailable, "unavailable", "unavailable"
		}
	}
	if a.Stopping != nil && a.Stopping() {
		status, answer.Status = http.StatusServiceUnavailable, "stopping"
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // strings always marshal
	}
	writeJSON(w, status, text)
}
