package server

import (
	"testing"
	"time"
)

// LookAtCertificatesEvery makes servers look that often whether their certificate has changed.
func LookAtCertificatesEvery(t *testing.T, every time.Duration) {
	before := certificateEvery
	certificateEvery = every
	t.Cleanup(func() { certificateEvery = before })
}

// Check refuses settings as a start does.
func (c Config) Check() error { return c.check() }
