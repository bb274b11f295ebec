package client

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDoctorJudgesAddresses: 203.0.113.9 is the caller, 10.0.0.7 the proxy that calls the server, and 10.0.0.8 one before it.
func TestDoctorJudgesAddresses(t *testing.T) {
	seen := func(address string, trusted bool, forwarded string) arrival {
		return arrival{Address: address, Connection: "10.0.0.7:40000", Trusted: trusted, ForwardedFor: forwarded}
	}
	for name, c := range map[string]struct {
		arrival
		want Verdict
		says string
	}{
		"the proxy replaces":              {seen("203.0.113.9", true, "203.0.113.9"), Good, "203.0.113.9"},
		"the proxy appends":               {seen("203.0.113.9", true, "192.0.2.77, 203.0.113.9"), Good, "203.0.113.9"},
		"two proxies append":              {seen("203.0.113.9", true, "192.0.2.77, 203.0.113.9, 10.0.0.8"), Good, "203.0.113.9"},
		"the first proxy is not believed": {seen("10.0.0.8", true, "192.0.2.77, 203.0.113.9, 10.0.0.8"), Wrong, "10.0.0.8"},
		"no proxy is believed":            {seen("10.0.0.7", false, "192.0.2.77, 203.0.113.9"), Wrong, "10.0.0.7"},
		"the proxy takes it away":         {seen("10.0.0.7", true, ""), Wrong, "no X-Forwarded-For"},
		"the proxy hands it on":           {seen("192.0.2.77", true, "192.0.2.77"), Wrong, "choose their address"},
		"and is not believed":             {seen("10.0.0.7", false, "192.0.2.77"), Wrong, "10.0.0.7"},
		"callers are believed, too":       {seen("192.0.2.77", true, "192.0.2.77, 203.0.113.9"), Wrong, "203.0.113.9"},
		"called from the proxy's machine": {seen("192.0.2.77", true, "192.0.2.77, 10.0.0.7"), Look, "This machine"},
		"through a router":                {arrival{Address: "198.51.100.4", Connection: "198.51.100.4:40000", ForwardedFor: "192.0.2.77"}, Look, "198.51.100.4"},
		"directly":                        {arrival{Address: "203.0.113.9", Connection: "203.0.113.9:40000", ForwardedFor: "192.0.2.77", direct: true}, Good, "no proxy"},
		"directly, and believed":          {arrival{Address: "192.0.2.77", Connection: "203.0.113.9:40000", Trusted: true, ForwardedFor: "192.0.2.77", direct: true}, Look, "trusts"},
	} {
		t.Run(name, func(t *testing.T) {
			f := judgeAddress(c.arrival)
			require.Equal(t, c.want, f.Verdict, f.Says)
			require.Contains(t, f.Says, c.says)
			require.Equal(t, f.Verdict == Wrong, f.Change != "" && f.Verdict != Look)
		})
	}
}

func TestDoctorComparesAddressesOfServers(t *testing.T) {
	for _, pair := range [][2]string{{"https://a.example", "https://A.example:443/"}, {"http://a.example:80/x", "http://a.example/x/"}} {
		require.True(t, sameURL(pair[0], pair[1]), pair)
	}
	for _, pair := range [][2]string{{"https://a.example", "http://a.example"}, {"https://a.example", "https://a.example/x"}, {"https://a.example:8443", "https://a.example"}} {
		require.False(t, sameURL(pair[0], pair[1]), pair)
	}
}
