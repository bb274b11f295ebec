package client

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// claimed is an address that nobody has (RFC 5737), which the doctor says to be its own.
const claimed = "192.0.2.77"

const (
	lieChange = "Have the outermost proxy set X-Forwarded-For to the address of its caller, or append it, and name only proxies in --trusted-proxies."
	whatRests = " IP ranges, limits and the record depend on it."
)

// address finds out whom the server takes for the caller, and whether callers can choose that.
func (d *doctor) address(ctx context.Context, _ arrival) error {
	a, err := d.probe(ctx, probe{path: "address", header: http.Header{"X-Forwarded-For": {claimed}}})
	if err != nil {
		return err
	}
	if !a.ours {
		d.unexpected(checkAddress, a)
		return nil
	}
	d.findings = append(d.findings, judgeAddress(a.arrived))
	return nil
}

// judgeAddress judges what the server saw of a call that said in X-Forwarded-For to come from the claimed address.
func judgeAddress(a arrival) Finding {
	say := func(v Verdict, change, says string) Finding { return Finding{checkAddress, v, says, change} }
	peer := hostOf(a.Connection)
	said := entries(a.ForwardedFor)
	lies := len(said) == 1 && said[0] == claimed // nobody has added or taken anything
	trust := "Start the server with --trusted-proxies " + peer + " (or its range), if that is the proxy."
	switch {
	case a.direct && a.Address == claimed:
		return say(Look, "Call from another machine, or remove this one from --trusted-proxies if it is not a proxy.",
			"There is no proxy between, and the server trusts what this machine says about its callers.")
	case a.direct:
		return say(Good, "", "There is no proxy between; the server sees "+a.Address+".")
	case a.Address == claimed && lies:
		return say(Wrong, lieChange, "The proxy forwards X-Forwarded-For as callers send it, and the server trusts it: everyone can choose their address."+whatRests)
	case a.Address == claimed && said[len(said)-1] == peer:
		return say(Look, "Call from a machine other than the proxy's.", "This machine is one of --trusted-proxies, so the server trusts whatever it says about its callers.")
	case a.Address == claimed:
		return say(Wrong, lieChange, "The server trusts what a caller at "+said[len(said)-1]+" says about its address, because --trusted-proxies contains it, too."+whatRests)
	case lies && ours(peer):
		return say(Wrong, "Have the proxy set X-Forwarded-For to the address of its caller. "+trust,
			"The server takes "+peer+" for the caller: no proxy says whose call it is."+whatRests)
	case lies:
		return say(Look, "", "The server sees "+peer+". That is right if it is the address of this network.")
	case !a.Trusted:
		return say(Wrong, trust, "The server takes "+peer+" for the caller, and does not trust what it says about its callers ("+a.ForwardedFor+")."+whatRests)
	case len(said) > 1 && a.Address == said[len(said)-1] && said[len(said)-2] != claimed && ours(a.Address):
		return say(Wrong, "Add "+a.Address+" (or its range) to --trusted-proxies, if that is a proxy, too.",
			"The server takes "+a.Address+" for the caller, and does not trust what it says about its callers ("+a.ForwardedFor+")."+whatRests)
	case len(said) == 0:
		return say(Wrong, "Have the proxy set X-Forwarded-For to the address of its caller.", "The server takes the proxy at "+peer+" for the caller: no X-Forwarded-For arrives."+whatRests)
	}
	return say(Good, "", "The server sees "+a.Address+", and callers cannot choose it.")
}

func entries(forwarded string) (all []string) {
	for entry := range strings.SplitSeq(forwarded, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			all = append(all, entry)
		}
	}
	return all
}

func hostOf(connection string) string {
	host, _, err := net.SplitHostPort(connection)
	if err != nil {
		return connection
	}
	return host
}

// ours reports whether the address is of a network that is nobody else's, where callers from elsewhere do not come from.
func ours(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast())
}
