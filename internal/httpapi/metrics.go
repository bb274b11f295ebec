package httpapi

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts and times calls. Their labels name routes, of which there are few, and never what a caller made up.
type metrics struct {
	calls *prometheus.CounterVec
	took  *prometheus.HistogramVec
}

// latencies are the upper bounds, in seconds, of the buckets of call durations: a decision takes a millisecond or a few, an import minutes.
var latencies = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 60, 600}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grantway_http_requests_total", Help: "Calls answered, by method, route and status.",
		}, []string{"method", "route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grantway_http_request_duration_seconds", Help: "How long calls took to answer, by method and route.", Buckets: latencies,
		}, []string{"method", "route"}),
	}
	registry.MustRegister(m.calls, m.took)
	return m
}

func (m *metrics) observe(method, path string, status int, took time.Duration) {
	if path == "" {
		path, method = "none", "any"
	}
	switch method {
	case "GET", "HEAD", "PUT", "POST", "DELETE", "any":
	default:
		method = "other"
	}
	m.calls.WithLabelValues(method, path, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(method, path).Observe(took.Seconds())
}
