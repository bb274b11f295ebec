package authn_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authn"
)

func TestParseProxies(t *testing.T) {
	for _, tc := range []struct {
		list []string
		want string // of the whole list, or "" where it is refused
	}{
		{nil, "[]"},
		{[]string{"10.1.2.3/8", " 192.0.2.1", "2001:db8::/32"}, "[10.0.0.0/8 192.0.2.1/32 2001:db8::/32]"},
		{[]string{""}, ""},
		{[]string{"proxy.example.com"}, ""},
		{[]string{"10.0.0.0/33"}, ""},
		{[]string{"fe80::1%eth0"}, ""},
		{[]string{"::ffff:10.0.0.0/104"}, ""},
		{[]string{"0.0.0.0/0"}, ""},
		{[]string{"10.0.0.0/8", "::/0"}, ""},
	} {
		ps, err := authn.ParseProxies(tc.list)
		if tc.want == "" {
			require.Error(t, err, "%q", tc.list)
			continue
		}
		require.NoError(t, err, "%q", tc.list)
		require.Equal(t, len(tc.list), len(ps))
		if tc.list != nil {
			require.Equal(t, tc.want, "["+join(ps)+"]")
		}
	}
}

func join(ps authn.Proxies) (all string) {
	for i, p := range ps {
		if i > 0 {
			all += " "
		}
		all += p.String()
	}
	return all
}

// TestForwardedAddresses calls with a key that is good at one address only, and reads which one is believed.
func TestForwardedAddresses(t *testing.T) {
	w := newWorld(t)
	proxies, err := authn.ParseProxies([]string{"10.0.0.0/8", "2001:db8:ffff::/48"})
	require.NoError(t, err)
	w.auth.Close()
	w.auth = authn.New(w.db, authn.Config{Secrets: w.secrets, Proxies: proxies, Touched: func(err error) { t.Error(err) }})
	_, err = w.auth.EnsureRootKey(t.Context())
	require.NoError(t, err)
	limited := w.key(access.AccountKey{Access: access.KeyFull, AllowedIPs: []string{"198.51.100.0/24", "2001:db8:1::/48"}})

	for name, tc := range map[string]struct {
		from      string
		forwarded []string // the lines of the header
		want      string   // "" for an address that cannot be known
	}{
		"nothing is forwarded":                   {"203.0.113.1:80", nil, "203.0.113.1"},
		"a caller that is no proxy":              {"203.0.113.1:80", []string{"198.51.100.7"}, "203.0.113.1"},
		"a proxy that says nothing":              {"10.0.0.1:80", nil, "10.0.0.1"},
		"a proxy":                                {"10.0.0.1:80", []string{"198.51.100.7"}, "198.51.100.7"},
		"a proxy in IPv6 form":                   {"[::ffff:10.0.0.1]:80", []string{"198.51.100.7"}, "198.51.100.7"},
		"a proxy of IPv6":                        {"[2001:db8:ffff::9]:80", []string{"2001:db8:1::7"}, "2001:db8:1::7"},
		"two proxies":                            {"10.0.0.1:80", []string{"198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		"two proxies of both kinds":              {"10.0.0.1:80", []string{"198.51.100.7,2001:db8:ffff::2"}, "198.51.100.7"},
		"lines are one list":                     {"10.0.0.1:80", []string{"203.0.113.9", "198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
		"the caller's own words":                 {"10.0.0.1:80", []string{"198.51.100.7, 203.0.113.9"}, "203.0.113.9"},
		"the caller's own words, trusted":        {"10.0.0.1:80", []string{"198.51.100.7, 10.0.0.9, 203.0.113.9"}, "203.0.113.9"},
		"the caller's own words, in a line":      {"10.0.0.1:80", []string{"198.51.100.7", "203.0.113.9"}, "203.0.113.9"},
		"the caller's own nonsense":              {"10.0.0.1:80", []string{"nonsense, , 198.51.100.7"}, "198.51.100.7"},
		"a call of a proxy itself":               {"10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"with a port":                            {"10.0.0.1:80", []string{"198.51.100.7:4711, 10.0.0.2:80"}, "198.51.100.7"},
		"IPv6 with a port":                       {"10.0.0.1:80", []string{"[2001:db8:1::7]:4711"}, "2001:db8:1::7"},
		"IPv6 in brackets":                       {"10.0.0.1:80", []string{"[2001:db8:1::7]"}, "2001:db8:1::7"},
		"IPv4 in IPv6 form":                      {"10.0.0.1:80", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		"a proxy that does not know":             {"10.0.0.1:80", []string{"198.51.100.7, unknown"}, ""},
		"a proxy that says nonsense":             {"10.0.0.1:80", []string{"198.51.100.7, 10.0.0.256"}, ""},
		"an empty entry":                         {"10.0.0.1:80", []string{"198.51.100.7, "}, ""},
		"an empty header":                        {"10.0.0.1:80", []string{""}, ""},
		"an inner proxy that says nonsense":      {"10.0.0.1:80", []string{"198.51.100.7, x, 10.0.0.2"}, ""},
		"a connection without an address":        {"@", []string{"198.51.100.7"}, ""},
		"just outside the range of the proxies":  {"11.0.0.1:80", []string{"198.51.100.7"}, "11.0.0.1"},
		"a range that is written in an entry":    {"10.0.0.1:80", []string{"198.51.100.0/24"}, ""},
		"many addresses in an entry":             {"10.0.0.1:80", []string{"198.51.100.7 198.51.100.8"}, ""},
		"an address with a zone is without it":   {"10.0.0.1:80", []string{"fe80::1%eth0"}, "fe80::1"},
		"the last line is the nearest proxy's":   {"10.0.0.1:80", []string{"198.51.100.7", "bad"}, ""},
		"words before a proxy of the same range": {"10.0.0.1:80", []string{"10.0.0.9, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			r := call(w.root)
			r.RemoteAddr = tc.from
			if tc.forwarded != nil {
				r.Header[http.CanonicalHeaderKey("X-Forwarded-For")] = tc.forwarded
			}
			r.Header.Set("X-Real-IP", "198.51.100.7")
			r.Header.Set("Forwarded", "for=198.51.100.7")
			actor, err := w.auth.Authenticate(r, "")
			require.NoError(t, err)
			require.Equal(t, tc.want, actor.Address)

			r.Header.Set("Authorization", "Bearer "+limited)
			actor, err = w.auth.Authenticate(r, "")
			if tc.want == "198.51.100.7" || tc.want == "2001:db8:1::7" {
				require.NoError(t, err)
				require.Equal(t, tc.want, actor.Address)
				return
			}
			require.Equal(t, access.KindDenied, access.KindOf(err), "B1: from anywhere else, or from nobody knows where")
		})
	}
}

// Nobody is believed where no proxy is configured.
func TestNoProxyIsTrustedUnlessSaid(t *testing.T) {
	w := newWorld(t)
	for _, from := range []string{"127.0.0.1:1", "10.0.0.1:1", "[::1]:1"} {
		r := call(w.root)
		r.RemoteAddr = from
		r.Header.Set("X-Forwarded-For", "198.51.100.7")
		actor, err := w.auth.Authenticate(r, "")
		require.NoError(t, err)
		require.NotEqual(t, "198.51.100.7", actor.Address)
	}
}
