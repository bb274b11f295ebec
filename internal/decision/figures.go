package decision

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantway/grantway/internal/access"
)

// figures counts decisions. Its labels are names of the schema, never text from callers. A nil *figures counts nothing.
type figures struct {
	decisions  *prometheus.CounterVec
	batches    prometheus.Histogram
	searches   *prometheus.CounterVec
	candidates *prometheus.HistogramVec
}

// The kinds of calls by which decisions are counted.
const (
	callSingle      = "evaluation"
	callBatch       = "evaluations"
	callExplanation = "explanation"
)

// unknown stands for types and actions that the schema does not have.
const unknown = "unknown"

func newFigures(registry prometheus.Registerer) *figures {
	if registry == nil {
		return nil
	}
	sizes := prometheus.ExponentialBuckets(1, 4, 8)
	f := &figures{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grantway_decisions_total",
			Help: "Decisions by kind of call (evaluation, evaluations or explanation), type of resource, action and outcome.",
		}, []string{"call", "type", "action", "outcome"}),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "grantway_evaluations_size", Help: "Decisions per batch.", Buckets: sizes,
		}),
		searches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grantway_searches_total", Help: "Searches by kind (subject, resource or action) and outcome.",
		}, []string{"search", "outcome"}),
		candidates: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grantway_search_decided", Help: "Candidates decided per page of a search.", Buckets: sizes,
		}, []string{"search"}),
	}
	registry.MustRegister(f.decisions, f.batches, f.searches, f.candidates)
	return f
}

// decided counts the decisions of one call, or its error.
func (f *figures) decided(s *Service, call string, reqs []Request, answers []Answer, err error) {
	if f == nil {
		return
	}
	if call == callBatch {
		f.batches.Observe(float64(len(reqs)))
	}
	for i, req := range reqs {
		t, action := req.Resource.Type, req.Action.Name
		if _, known := s.permission(access.Type(t), action); !known {
			t, action = unknown, unknown
		}
		outcome := "denied"
		switch {
		case err != nil || answers[i].Err != nil:
			outcome = "error"
		case answers[i].Allowed:
			outcome = "allowed"
		}
		f.decisions.WithLabelValues(call, t, action, outcome).Inc()
	}
}

// searched counts a search, and the candidates it decided.
func (f *figures) searched(sought string, decided int, err error) {
	if f == nil {
		return
	}
	outcome := "found"
	if err != nil {
		outcome = "error"
	}
	f.searches.WithLabelValues(sought, outcome).Inc()
	f.candidates.WithLabelValues(sought).Observe(float64(decided))
}
