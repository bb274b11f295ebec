package authn

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwardedHeader is to what each proxy appends the address of whoever called it.
const forwardedHeader = "X-Forwarded-For"

// Proxies are the addresses of the proxies in front of the server. What anybody else says about where a call comes from is not believed,
// since IP ranges (B1, B4) and the record rest on it.
type Proxies []netip.Prefix

// ParseProxies reads IP addresses and CIDR ranges.
func ParseProxies(list []string) (Proxies, error) {
	var all Proxies
	for _, text := range list {
		text = strings.TrimSpace(text)
		p, err := netip.ParsePrefix(text)
		if err != nil {
			ip, err := netip.ParseAddr(text)
			if err != nil || ip.Zone() != "" {
				return nil, fmt.Errorf("%q is not an IP address or CIDR range", text)
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		switch {
		case p.Addr().Is4In6():
			return nil, fmt.Errorf("%s is an IPv4 address in IPv6 form: write it as IPv4", p)
		case p.Bits() == 0:
			return nil, fmt.Errorf("%s would trust every caller", p)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// Trust reports whether the address is a proxy's.
func (ps Proxies) Trust(address netip.Addr) bool {
	return slices.ContainsFunc(ps, func(p netip.Prefix) bool { return p.Contains(address) })
}

// Address is where the call comes from: the connection's other end, or what the proxies say that are trusted. It is the zero Addr where that
// cannot be read.
func (a *Authenticator) Address(r *http.Request) netip.Addr { return a.proxies.client(r) }

// Peer is the other end of the call's connection, with its port, and whether it is a trusted proxy's.
func (a *Authenticator) Peer(r *http.Request) (address string, trusted bool) {
	return r.RemoteAddr, a.proxies.Trust(remoteAddress(r.RemoteAddr))
}

// client is the address from which the call comes: the connection's other end, or, where that is a trusted proxy, what it says, and so on
// until the first that is none. It is the zero Addr where that cannot be read, which lies in no range.
func (ps Proxies) client(r *http.Request) netip.Addr {
	address := remoteAddress(r.RemoteAddr)
	lines := r.Header.Values(forwardedHeader)
	if !ps.Trust(address) || len(lines) == 0 {
		return address
	}
	// Each proxy appends: the last entry is what the nearest one says, and the entries before the first address that is not trusted are the
	// caller's own words.
	for _, entry := range slices.Backward(strings.Split(strings.Join(lines, ","), ",")) {
		address = forwardedAddress(strings.TrimSpace(entry))
		if !ps.Trust(address) {
			return address
		}
	}
	return address
}

// forwardedAddress reads an entry: an address, to which some proxies add the port. It is the zero Addr for anything else.
func forwardedAddress(entry string) netip.Addr {
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]")); err == nil {
		return ip.Unmap().WithZone("")
	}
	return remoteAddress(entry)
}

// remoteAddress is the address of a connection's other end, or the zero Addr where it has none, such as on a pipe.
func remoteAddress(remote string) netip.Addr {
	if p, err := netip.ParseAddrPort(remote); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
