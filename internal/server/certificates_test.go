package server_test

import (
	"context"
	"crypto/tls"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/server"
)

// A new certificate is used without a restart, whatever the order in which its files appear; one that cannot be used leaves the old one.
func TestACertificateIsReplacedWithoutARestart(t *testing.T) {
	server.LookAtCertificatesEvery(t, 10*time.Millisecond)
	c := config(t)
	first := certificate(t, &c)
	url := serving(t, c)
	connects := func(pool *tls.Config) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		conn, err := (&tls.Dialer{Config: pool}).DialContext(ctx, "tcp", strings.TrimPrefix(url, "https://"))
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	old := &tls.Config{RootCAs: first, ServerName: "grantway.test"}
	require.NoError(t, connects(old))

	next := c
	replaced := &tls.Config{RootCAs: certificate(t, &next), ServerName: "grantway.test"}
	require.Error(t, connects(replaced))
	require.NoError(t, os.WriteFile(c.TLSCert, []byte("half a certif"), 0o600))
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, connects(old), "what cannot be used is not taken")
	require.NoError(t, os.Rename(next.TLSCert, c.TLSCert))
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, connects(old), "nor is a certificate without its key")
	require.NoError(t, os.Rename(next.TLSKey, c.TLSKey))
	require.Eventually(t, func() bool { return connects(replaced) == nil }, 10*time.Second, 10*time.Millisecond)
	require.Error(t, connects(old))
}
