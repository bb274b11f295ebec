package server

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"time"

	grpcprometheus "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/record"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/telemetry"
)

// engineLatencies are the upper bounds, in seconds, of the buckets of what calls to SpiceDB take.
var engineLatencies = []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 5, 30}

// observe prepares what is seen of the server: its log without secrets, the figures, the traces, and both of its calls to SpiceDB.
func (c *Config) observe(ctx context.Context) (err error) {
	c.Log = slog.New(telemetry.Log(c.Log.Handler()))
	c.figures = newFigures()
	if c.SpanExporter == nil {
		if c.SpanExporter, err = telemetry.Exporter(ctx); err != nil {
			return &StartError{Problem: "cannot send traces: " + err.Error(), Advice: "Check the OTEL_ variables in the environment.", Cause: err}
		}
	}
	if c.traces, err = telemetry.NewTraces(ctx, c.SpanExporter, Version()); err != nil {
		return err
	}
	calls := grpcprometheus.NewClientMetrics(grpcprometheus.WithClientHandlingTimeHistogram(grpcprometheus.WithHistogramBuckets(engineLatencies)))
	c.figures.MustRegister(calls)
	c.dial = append(c.dial, c.traces.Dial()...)
	c.dial = append(c.dial,
		grpc.WithChainUnaryInterceptor(calls.UnaryClientInterceptor()), grpc.WithChainStreamInterceptor(calls.StreamClientInterceptor()))
	return nil
}

// newFigures is what /metrics shows, with the figures of the process itself.
func newFigures() *prometheus.Registry {
	figures := prometheus.NewRegistry()
	figures.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "grantway_build_info", Help: "1, with the version of the server.",
		ConstLabels: prometheus.Labels{"version": Version(), "go": runtime.Version()},
	})
	build.Set(1)
	figures.MustRegister(build)
	return figures
}

// show adds the figures of the parts of the server.
func (c *Config) show(db *store.DB, journal *record.Journal, changes prometheus.Collector) {
	decisions := func(result string, n func() int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "grantway_decisions_recorded_total", Help: "Decisions to record, by the outcome of their entries.",
			ConstLabels: prometheus.Labels{"result": result},
		}, func() float64 { return float64(n()) })
	}
	c.figures.MustRegister(decisions("written", journal.Written), decisions("lost", journal.Lost), mailQueue{db, c.Now}, changes)
	c.figures.MustRegister(db.Figures()...)
}

var (
	mailsWaiting = prometheus.NewDesc("grantway_mail_queued", "Emails that wait to be sent.", nil, nil)
	mailsOldest  = prometheus.NewDesc("grantway_mail_oldest_seconds", "How long the oldest waiting email has waited, in seconds.", nil, nil)
)

// mailQueue reports the waiting emails. If the store does not answer, there are no metrics.
type mailQueue struct {
	db  *store.DB
	now func() time.Time
}

func (q mailQueue) Describe(c chan<- *prometheus.Desc) {
	c <- mailsWaiting
	c <- mailsOldest
}

func (q mailQueue) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var n int64
	var oldest time.Time
	if err := q.db.View(ctx, func(tx *store.Tx) (err error) {
		n, oldest, err = tx.MailsWaiting(q.now())
		return err
	}); err != nil {
		return
	}
	waited := time.Duration(0)
	if n > 0 {
		waited = q.now().Sub(oldest)
	}
	c <- prometheus.MustNewConstMetric(mailsWaiting, prometheus.GaugeValue, float64(n))
	c <- prometheus.MustNewConstMetric(mailsOldest, prometheus.GaugeValue, waited.Seconds())
}

// engineFigures are those that the embedded SpiceDB keeps in the process's own registry: of its caches, and of what it asks itself.
var engineFigures = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
	all, err := prometheus.DefaultGatherer.Gather()
	var shown []*dto.MetricFamily
	for _, family := range all {
		if strings.HasPrefix(family.GetName(), "spicedb_") {
			shown = append(shown, family)
		}
	}
	return shown, err
})
