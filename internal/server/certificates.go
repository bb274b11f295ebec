package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// certificateEvery is how often the files of the certificate are looked at. They are small, and comparing what is in them holds for every way in which
// they are replaced: in place, by a new file, or by a link to another directory, as Kubernetes does.
var certificateEvery = 10 * time.Second

// certificate is the TLS certificate of the server, as the files had it when they last fitted together.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]
	cert, key         []byte // what the files held when they were read last
}

// openCertificate reads the files, and shows when the certificate ends.
func (c *Config) openCertificate() (*certificate, error) {
	x := &certificate{certFile: c.TLSCert, keyFile: c.TLSKey, log: c.Log}
	if _, err := x.read(); err != nil {
		return nil, fmt.Errorf("cannot use the TLS certificate: %w", err)
	}
	return x, c.figures.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "grantway_tls_certificate_ends_seconds", Help: "When the server's TLS certificate expires, in seconds since 1970.",
	}, func() float64 { return float64(x.current.Load().Leaf.NotAfter.Unix()) }))
}

// read takes the files' certificate if they have changed since they were read last.
func (x *certificate) read() (changed bool, err error) {
	cert, err := os.ReadFile(x.certFile)
	if err != nil {
		return false, err
	}
	key, err := os.ReadFile(x.keyFile)
	if err != nil {
		return false, err
	}
	if bytes.Equal(cert, x.cert) && bytes.Equal(key, x.key) {
		return false, nil
	}
	x.cert, x.key = cert, key
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return false, err
	}
	x.current.Store(&pair)
	return true, nil
}

// watch takes new certificates as their files appear, until ctx ends. One that cannot be used leaves the old one in place: its files may be half
// written, or a pair of which only one is new yet.
func (x *certificate) watch(ctx context.Context) {
	tick := time.NewTicker(certificateEvery)
	defer tick.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed, err := x.read()
		switch {
		case err != nil && err.Error() != said:
			said = err.Error()
			x.log.Warn("cannot use the new TLS certificate; keeping the old one", "error", err)
		case changed:
			said = ""
			x.log.Info("using a new TLS certificate", "ends", x.current.Load().Leaf.NotAfter.UTC().Format(time.RFC3339))
		}
	}
}

// config is that of connections with the certificate of the moment.
func (x *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return x.current.Load(), nil
	}}
}
