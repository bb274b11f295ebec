package store

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Figures are those of the pools of connections.
func (db *DB) Figures() []prometheus.Collector {
	return []prometheus.Collector{collectors.NewDBStatsCollector(db.writer, "writer"), collectors.NewDBStatsCollector(db.readers, "readers")}
}
