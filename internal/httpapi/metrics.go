package httpapi

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/fair"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

// metrics counts and times calls. Labels are names of routes, which are few, and never text from callers.
type metrics struct {
	registry prometheus.Registerer

	calls   *prometheus.CounterVec
	took    *prometheus.HistogramVec
	errors  *prometheus.CounterVec
	limited *prometheus.CounterVec
}

// latencies are the upper bounds, in seconds, of the buckets of call durations: a decision takes a millisecond or a few, an import minutes.
var latencies = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 60, 600}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		registry: registry,
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grantway_http_requests_total", Help: "Calls answered, by method, route and status.",
		}, []string{"method", "route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grantway_http_request_duration_seconds", Help: "How long calls took to answer, by method and route.", Buckets: latencies,
		}, []string{"method", "route"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grantway_errors_total", Help: "Calls answered with a problem document, by the kind of the error.",
		}, []string{"kind"}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grantway_limited_total", Help: "Calls refused because there were too many: by one caller (rate), or of one kind at the same time.",
		}, []string{"limit"}),
	}
	for _, kind := range access.Kinds {
		m.errors.WithLabelValues(string(kind))
	}
	m.limited.WithLabelValues(limitRate)
	registry.MustRegister(m.calls, m.took, m.errors, m.limited)
	return m
}

// observePlaces shows how many places are taken, and how many calls wait for one.
func (m *metrics) observePlaces(places map[work]*fair.Limiter) {
	for sort, l := range places {
		m.limited.WithLabelValues(string(sort))
		labels := prometheus.Labels{"work": string(sort)}
		m.registry.MustRegister(
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "grantway_calls_at_work", Help: "Places in use at each limit (buffers: memory for bodies and answers, in units of 16 KiB).", ConstLabels: labels,
			}, func() float64 { taken, _ := l.Figures(); return float64(taken) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "grantway_calls_waiting", Help: "Calls that wait for a place, by limit.", ConstLabels: labels,
			}, func() float64 { _, waiting := l.Figures(); return float64(waiting) }),
		)
	}
}

func (m *metrics) observe(method, path string, status int, took time.Duration, err error) {
	if err != nil {
		m.errors.WithLabelValues(string(problem.KindOf(err))).Inc()
	}
	method = methodOf(method)
	if path == "" {
		path, method = "none", "any"
	}
	m.calls.WithLabelValues(method, path, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(method, path).Observe(took.Seconds())
}

// methodOf is the method, unless a caller made it up.
func methodOf(method string) string {
	switch method {
	case "GET", "HEAD", "PUT", "POST", "DELETE":
		return method
	}
	return "other"
}
