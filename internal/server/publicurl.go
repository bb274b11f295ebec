package server

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// publicPathForm is the path that a public URL may have: what proxies leave as it is.
var publicPathForm = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?$`)

// checkPublicURL refuses a public URL that callers cannot use, or to which they would send their keys in the clear. Where there is none it is made from
// Listen.
func (c *Config) checkPublicURL() error {
	made := c.PublicURL == ""
	if made {
		c.PublicURL = c.urlOf(c.Listen)
		if len(c.TrustedProxies) > 0 {
			c.Log.Warn("--trusted-proxies is set and --public-url is not: metadata and emails name an address that callers behind the proxy cannot use; "+
				"set --public-url to the https URL of the proxy", "url", c.PublicURL)
		}
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(c.PublicURL, "?#") ||
		!publicPathForm.MatchString(u.EscapedPath()) {
		return fmt.Errorf("--public-url must be https://HOST or https://HOST/PATH, not %q", c.PublicURL)
	}
	switch {
	case u.Scheme == "https" || isLoopback(u.Hostname()):
		return nil
	case made:
		return fmt.Errorf("--public-url is missing: without TLS, the server at %s needs a proxy with TLS in front of it; set --public-url to https://HOST of the proxy, "+
			"or --tls-cert and --tls-key", c.Listen)
	}
	return fmt.Errorf("%q in --public-url must begin with https://: http is only for callers on this machine (127.0.0.1, [::1] and localhost)", c.PublicURL)
}

// isLoopback reports whether the host is this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// publicPath is the path of a server that is not at the root of its host, else "".
func publicPath(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}
