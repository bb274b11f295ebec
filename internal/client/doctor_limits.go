package client

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// bodies sends the longest body that the server takes of an ordinary call.
func (d *doctor) bodies(ctx context.Context, first arrival) error {
	return d.sendsBody(ctx, checkBody, first.Takes.Body, "--max-body")
}

// imports sends a body as long as an import of so many bytes.
func (d *doctor) imports(n int64) func(context.Context, arrival) error {
	return func(ctx context.Context, first arrival) error {
		if first.Takes.Import > 0 {
			n = min(n, first.Takes.Import)
		}
		if n <= 0 {
			return nil
		}
		return d.sendsBody(ctx, checkImport, n, "--max-import")
	}
}

func (d *doctor) sendsBody(ctx context.Context, check string, n int64, flag string) error {
	a, err := d.probe(ctx, probe{path: "body", body: n})
	switch {
	case err != nil:
		return err
	case !a.ours:
		d.wrong(check, "Allow bodies as large as the server does, which has its own limit ("+flag+").", "%s do not arrive: %s.", inBytes(n), a.answer())
	case a.arrived.Body != n:
		d.wrong(check, "Forward bodies unchanged.", "Of %s %s arrive.", inBytes(n), inBytes(a.arrived.Body))
	default:
		d.good(check, "%s arrive.", inBytes(n))
	}
	return nil
}

// inBytes is a number of bytes in the largest unit that has no fraction.
func inBytes(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// usualHeader is what a header may have in bytes where the server believes no identity provider, whose tokens are longer.
const usualHeader = 4 << 10

// headers sends a header as long as the longest token that the server takes.
func (d *doctor) headers(ctx context.Context, first arrival) error {
	most := cmp.Or(first.Takes.Token, usualHeader)
	refused := ""
	for n := most; n >= 512; n /= 2 {
		a, err := d.probe(ctx, probe{path: "header", header: http.Header{"X-Grantway-Doctor": {strings.Repeat("a", n)}}})
		switch {
		case err != nil:
			return err
		case a.ours && n == most:
			d.good(checkHeader, "One of %s arrives.", inBytes(int64(n)))
			return nil
		case a.ours:
			d.wrong(checkHeader, "Allow headers of "+inBytes(int64(most))+", as the server does (--max-token; nginx: large_client_header_buffers).",
				"One of %s does not arrive (%s); one of %s does. Tokens of people with many groups are long.", inBytes(int64(2*n)), refused, inBytes(int64(n)))
			return nil
		}
		refused = a.answer()
	}
	d.wrong(checkHeader, "Allow headers of "+inBytes(int64(most))+".", "None of 512 bytes arrives: %s.", refused)
	return nil
}

// slow asks for an answer that takes as long as one may, and gives what tells of it.
func (d *doctor) slow(ctx context.Context, wait time.Duration, first arrival) (tell func()) {
	most := time.Duration(first.Takes.CallTime) * time.Millisecond
	if wait < 0 || wait > most {
		wait = most
	}
	if wait == 0 {
		return func() { d.look(checkSlow, "Leave out --slow 0 to try them.", "They were not tried.") }
	}
	began := time.Now()
	a, err := d.probe(ctx, probe{path: "slow", query: "wait=" + wait.String()})
	took := time.Since(began).Round(100 * time.Millisecond)
	switch {
	case err != nil:
		return func() {}
	case !a.ours:
		return func() {
			d.wrong(checkSlow, fmt.Sprintf("Have the proxy wait for answers longer than %s (--call-timeout), such as twice as long.", most),
				"The proxy gave up on an answer of %s after %s (%s): the change is made, but its caller thinks it is not.", wait, took, a.answer())
		}
	}
	return func() { d.good(checkSlow, "An answer that takes %s arrives.", wait) }
}

// broken asks for an answer that the server breaks off. One that is taken for whole could be a part of an export.
func (d *doctor) broken(ctx context.Context, _ arrival) error {
	a, err := d.probe(ctx, probe{path: "broken", query: "broken=true"})
	switch {
	case err != nil:
		return err
	case a.broke != nil || a.status != http.StatusOK:
		d.good(checkBroken, "A cut-off answer arrives as cut off.")
	default:
		d.wrong(checkBroken, "Use HTTP/1.1 between proxy and server, and cut the caller off when the server does.",
			"A cut-off answer arrives as complete: a part of an export would look like all of it.")
	}
	return nil
}
