package access

import "net/netip"

// Admits reports whether the organization may be changed, and its settings read, by the actor from the address of the call (B4). An unconfined key
// without an actor is bound by its own ranges only, so that a list can be lifted.
func (o Organization) Admits(a Actor) bool {
	if a.Unconfined() || o.AllowedIPs == nil {
		return true
	}
	ip, err := netip.ParseAddr(a.Address)
	if err != nil {
		return false
	}
	for _, r := range o.AllowedIPs {
		if p, err := netip.ParsePrefix(r); err == nil && p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// NetworkOf is what one caller has to itself: the address, or of an IPv6 one the first 64 bits. Callers without an address are one.
func NetworkOf(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() && !address.Is4In6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
