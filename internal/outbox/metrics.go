package outbox

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantway/grantway/internal/store"
)

// scrapeWithin is how long the store may take to count entries.
const scrapeWithin = 5 * time.Second

var (
	pendingFigure = prometheus.NewDesc("grantway_outbox_pending", "Committed changes, or parts of large ones, that the engine may not have yet.", nil, nil)
	oldestFigure  = prometheus.NewDesc("grantway_outbox_oldest_seconds",
		"Age of the oldest pending or parked change, in seconds; 0 if there is none.", nil, nil)
	parkedFigure = prometheus.NewDesc("grantway_outbox_parked", "Committed changes that the engine refuses; grantway verify says what to do.", nil, nil)
)

// Describe and Collect make the carrier a Prometheus collector for the outbox, whichever process has filled it.
func (c *Carrier) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, to) }

// Collect reads the store. If the store does not answer, there are no metrics.
func (c *Carrier) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
	defer cancel()
	var waiting []store.OutboxEntry
	var parked []store.ParkedEntry
	var oldest time.Time
	err := c.db.View(ctx, func(tx *store.Tx) (err error) {
		if oldest, err = tx.OldestInOutbox(); err != nil {
			return err
		}
		if waiting, err = tx.Outbox(0); err != nil {
			return err
		}
		parked, err = tx.ParkedOutbox()
		return err
	})
	gauge := func(figure *prometheus.Desc, value float64) {
		if err != nil {
			to <- prometheus.NewInvalidMetric(figure, err)
			return
		}
		to <- prometheus.MustNewConstMetric(figure, prometheus.GaugeValue, value)
	}
	pending, refused, age := len(waiting), 0, 0.0
	for _, p := range parked {
		if p.SetAside() {
			pending++
		} else {
			refused++
		}
	}
	if !oldest.IsZero() {
		age = max(0, time.Since(oldest).Seconds())
	}
	gauge(pendingFigure, float64(pending))
	gauge(oldestFigure, age)
	gauge(parkedFigure, float64(refused))
}
