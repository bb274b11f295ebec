package authn

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwardedHeader is the header to which each proxy appends the address of its caller.
const forwardedHeader = "X-Forwarded-For"

// Proxies are the addresses of trusted proxies in front of the server. Nobody else is trusted about the origin of a call, because IP ranges (B1, B4)
// and the record depend on it.
type Proxies []netip.Prefix

// ParseProxies parses IP addresses and CIDR ranges.
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

// Address is the caller's address: the connection's other end, or the one that trusted proxies report. It is the zero Addr if it cannot be read.
func (a *Authenticator) Address(r *http.Request) netip.Addr { return a.proxies.client(r) }

// Peer is the other end of the connection, with its port, and whether it is a trusted proxy.
func (a *Authenticator) Peer(r *http.Request) (address string, trusted bool) {
	return r.RemoteAddr, a.proxies.Trust(remoteAddress(r.RemoteAddr))
}

// client is the address of the caller: the connection's other end, or, if that is a trusted proxy, the address it reports, and so on up to the first
// untrusted one. It is the zero Addr, which lies in no range, if it cannot be read.
func (ps Proxies) client(r *http.Request) netip.Addr {
	address := remoteAddress(r.RemoteAddr)
	lines := r.Header.Values(forwardedHeader)
	if !ps.Trust(address) || len(lines) == 0 {
		return address
	}
	// Each proxy appends an entry. The last one comes from the nearest proxy, and the entries before the first untrusted address are the caller's own
	// claims.
	for _, entry := range slices.Backward(strings.Split(strings.Join(lines, ","), ",")) {
		address = forwardedAddress(strings.TrimSpace(entry))
		if !ps.Trust(address) {
			return address
		}
	}
	return address
}

// forwardedAddress parses an entry: an address, to which some proxies add the port. It is the zero Addr for anything else.
func forwardedAddress(entry string) netip.Addr {
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]")); err == nil {
		return ip.Unmap().WithZone("")
	}
	return remoteAddress(entry)
}

// remoteAddress is the address of a connection's other end, or the zero Addr if it has none, such as on a pipe.
func remoteAddress(remote string) netip.Addr {
	if p, err := netip.ParseAddrPort(remote); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
