package sharing

import (
	"net/netip"
	"slices"
	"strings"
)

// ParseRanges parses IP ranges and single addresses as CIDR prefixes. An empty list is refused: nil means anywhere.
func ParseRanges(list []string, rule string) ([]string, error) {
	if list == nil {
		return nil, nil
	}
	if len(list) == 0 {
		return nil, fieldError(rule, "/allowed_ips", "an empty list would admit nobody; use null for no limit")
	}
	ranges := make([]string, 0, len(list))
	for _, r := range list {
		prefix, err := netip.ParsePrefix(r)
		if err != nil {
			ip, err := netip.ParseAddr(r)
			if err != nil {
				return nil, fieldError(rule, "/allowed_ips", r+" is not an IP address or CIDR range")
			}
			prefix = netip.PrefixFrom(ip, ip.BitLen())
		}
		ranges = append(ranges, unmapped(prefix).Masked().String())
	}
	slices.Sort(ranges)
	return slices.Compact(ranges), nil
}

// unmapped converts a prefix of IPv4 addresses in IPv6 form to IPv4, because addresses are compared in their own form.
func unmapped(p netip.Prefix) netip.Prefix {
	const mapping = 96 // the bits before an IPv4 address (RFC 4291, 2.5.5.2)
	if !p.Addr().Is4In6() || p.Bits() < mapping {
		return p
	}
	return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapping)
}

// mapped is the first of the IPv6 forms of IPv4 addresses.
var mapped = netip.MustParseAddr("::ffff:0:0")

// newRanges is ParseRanges for a new list. It refuses a list with a range that contains the IPv6 forms of all IPv4 addresses, such as ::/0, but with
// no IPv4 range, because its author probably means those, too.
func newRanges(list []string, rule string) ([]string, error) {
	ranges, err := ParseRanges(list, rule)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(ranges, func(r string) bool { return !strings.Contains(r, ":") }) {
		return ranges, nil
	}
	for _, r := range ranges {
		if netip.MustParsePrefix(r).Contains(mapped) {
			return nil, fieldError(rule, "/allowed_ips", r+" admits no IPv4 address: add 0.0.0.0/0, or use null to allow any address")
		}
	}
	return ranges, nil
}
