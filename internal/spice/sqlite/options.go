package sqlite

import (
	"log/slog"
	"time"
)

// The defaults of the Options.
const (
	defaultGCWindow          = 24 * time.Hour
	defaultGCInterval        = 5 * time.Minute
	defaultWatchBufferLength = 1024
	defaultWatchWriteTimeout = time.Second
)

type config struct {
	gcWindow          time.Duration
	gcInterval        time.Duration
	quantization      time.Duration
	watchBufferLength uint16
	log               *slog.Logger
}

// An Option changes one setting of a datastore that is being opened.
type Option func(*config)

// WithGCWindow says how long a revision stays readable, and a watch can be resumed
// from it, after a newer one was written. The default is 24 hours.
func WithGCWindow(window time.Duration) Option {
	return func(c *config) { c.gcWindow = window }
}

// WithGCInterval says how often revisions outside the window are removed. Zero
// switches the removal off. The default is five minutes.
func WithGCInterval(interval time.Duration) Option {
	return func(c *config) { c.gcInterval = interval }
}

// WithQuantization lets OptimizedRevision return one revision for as long as
// quantum, so that more answers can come out of caches. With the default, zero, it
// is always the newest revision.
func WithQuantization(quantum time.Duration) Option {
	return func(c *config) { c.quantization = quantum }
}

// WithWatchBufferLength says how many changes wait for a slow watcher before it
// has a second to catch up or is disconnected. The default is 1024.
func WithWatchBufferLength(length uint16) Option {
	return func(c *config) { c.watchBufferLength = length }
}

// WithLogger says where failures of background work are reported. The default is
// slog.Default.
func WithLogger(log *slog.Logger) Option {
	return func(c *config) { c.log = log }
}
