package client

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// Verdict is what a finding comes to.
type Verdict string

const (
	Good  Verdict = "good"
	Look  Verdict = "look"  // it may be right; only its operator knows
	Wrong Verdict = "wrong" // what lies between changes calls or answers
)

// Finding is what one of the doctor's checks has found out about what lies between this machine and the server.
type Finding struct {
	Check   string  `json:"check"`
	Verdict Verdict `json:"verdict"`
	Says    string  `json:"says"`             // what is so, in a sentence
	Change  string  `json:"change,omitempty"` // what to do about it, unless it is good
}

// Examination is what Examine is to try.
type Examination struct {
	Import int64         // bytes of a body as long as an import that somebody might send
	Slow   time.Duration // how long a slow answer takes; negative is as long as the server may take for one, 0 is not to try
}

// The names of the checks, in the order in which they are reported.
const (
	checkReach   = "way to the server"
	checkTLS     = "encryption"
	checkSlash   = "slashes in IDs"
	checkDots    = "dot segments in IDs"
	checkChars   = "other characters in IDs"
	checkMethods = "methods"
	checkActor   = "Grantway-Actor"
	checkRequest = "X-Request-ID"
	checkAddress = "caller's address"
	checkURL     = "public URL"
	checkMeta    = "AuthZEN metadata"
	checkHost    = "Host"
	checkHTTP    = "HTTP version"
	checkBody    = "length of bodies"
	checkImport  = "length of imports"
	checkHeader  = "length of headers"
	checkSlow    = "slow answers"
	checkBroken  = "broken answers"
	checkCache   = "caches"
	checkFigures = "figures"
)

// Examine makes harmless calls of the server and compares what it sent with what arrived. The key must not be confined, and the client must have no
// actor. An error says that the server could not be examined; that it is behind a faulty proxy is a finding.
func (c *Client) Examine(ctx context.Context, e Examination) ([]Finding, error) {
	d := &doctor{client: c}
	first, err := d.probe(ctx, probe{path: "plain"})
	if err != nil {
		return nil, err
	}
	if stop, err := d.reached(first); err != nil || stop {
		return d.findings, err
	}
	slow := make(chan func(), 1)
	go func() { slow <- d.slow(ctx, e.Slow, first.arrived) }()
	for _, check := range []func(context.Context, arrival) error{
		d.encryption, d.slashes, d.dots, d.characters, d.methods, d.actor, d.requestID, d.address, d.publicURL, d.metadata, d.host, d.version,
		d.bodies, d.imports(e.Import), d.headers, d.broken, d.caches, d.figures,
	} {
		if err := check(ctx, first.arrived); err != nil {
			<-slow
			return nil, err
		}
	}
	(<-slow)()
	return d.findings, ctx.Err()
}

// doctor is one examination.
type doctor struct {
	client   *Client
	findings []Finding
}

func (d *doctor) find(check string, v Verdict, says, change string) {
	d.findings = append(d.findings, Finding{check, v, says, change})
}

func (d *doctor) good(check, format string, args ...any) {
	d.find(check, Good, fmt.Sprintf(format, args...), "")
}

func (d *doctor) wrong(check, change, format string, args ...any) {
	d.find(check, Wrong, fmt.Sprintf(format, args...), change)
}

func (d *doctor) look(check, change, format string, args ...any) {
	d.find(check, Look, fmt.Sprintf(format, args...), change)
}

// reached judges the first answer: whether there is a server that can be examined. Beside a finding that ends the examination it gives true.
func (d *doctor) reached(a *probed) (stop bool, err error) {
	switch {
	case a.broke != nil:
		return true, &UnreachableError{Server: d.client.Server(), Cause: a.broke}
	case a.status >= 300 && a.status < 400:
		d.wrong(checkReach, "Have callers use that address directly: a redirected PUT or DELETE becomes a GET.", "Calls are redirected to %s.", a.location)
		return true, nil
	case a.refused != nil && a.refused.Kind == access.KindNotFound:
		d.wrong(checkReach, "Forward the path as it was sent, without removing or adding a part. Servers older than this command do not support doctor.",
			"A Grantway server answers, but has nothing at the path %s.", a.sent)
		return true, nil
	case a.refused != nil:
		return true, a.refusal
	case !a.ours:
		d.wrong(checkReach, "Forward all paths that begin with /v1/ and /access/v1/ to Grantway.", "Something other than Grantway answers at the path %s: %s.", a.sent, a.answer())
		return true, nil
	}
	d.good(checkReach, "The key is valid, and calls arrive.")
	return false, nil
}

func (d *doctor) encryption(_ context.Context, _ arrival) error {
	host := d.client.base.Hostname()
	if d.client.base.Scheme == "https" || host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1" {
		d.good(checkTLS, "Keys are encrypted on the way from here.")
		return nil
	}
	d.look(checkTLS, "Serve https at the proxy, unless nobody else is on this network.", "Keys are sent unencrypted over http.")
	return nil
}

// actor sends an actor that no server takes. A full key whose actor is lost on the way would act as itself.
func (d *doctor) actor(ctx context.Context, _ arrival) error {
	a, err := d.probe(ctx, probe{path: "actor", header: http.Header{access.ActorHeader: {"%"}}})
	switch {
	case err != nil:
		return err
	case a.ours:
		d.wrong(checkActor, "Forward the header Grantway-Actor.", "It does not arrive: calls that a full key makes for a user are made with all rights of the key.")
	case a.refused == nil || a.refused.Kind != access.KindDenied && a.refused.Kind != access.KindInvalid:
		d.wrong(checkActor, "Forward the header Grantway-Actor.", "A call with it gets another answer: %s.", a.answer())
	default:
		d.good(checkActor, "It arrives.")
	}
	return nil
}

func (d *doctor) requestID(ctx context.Context, _ arrival) error {
	const sent = "grantway-doctor-1"
	a, err := d.probe(ctx, probe{path: "request-id", header: http.Header{requestIDHeader: {sent}}})
	switch {
	case err != nil:
		return err
	case !a.ours:
		d.unexpected(checkRequest, a)
	case a.arrived.RequestID != sent:
		d.wrong(checkRequest, "Forward the header as it was sent, and create one only if there is none.", "The proxy replaces it: logs and the record have other IDs than callers sent.")
	case a.header.Get(requestIDHeader) != sent:
		d.wrong(checkRequest, "Do not change this header of answers.", "The proxy changes it in answers, where AuthZEN clients expect the ID they sent.")
	default:
		d.good(checkRequest, "It arrives and is echoed.")
	}
	return nil
}

func (d *doctor) publicURL(_ context.Context, first arrival) error {
	here := d.client.Server()
	if sameURL(here, first.PublicURL) {
		d.good(checkURL, "The server's public URL is %s, as callers use it.", first.PublicURL)
		return nil
	}
	d.wrong(checkURL, "Start the server with --public-url "+strings.TrimSuffix(here, "/")+", if that is what callers use.",
		"Calls go to %s, but AuthZEN metadata and emails name %s.", here, first.PublicURL)
	return nil
}

// sameURL compares two addresses, whose ports may be left out.
func sameURL(a, b string) bool {
	normal := func(s string) string {
		u, err := url.Parse(s)
		if err != nil {
			return s
		}
		host := strings.ToLower(u.Host)
		for scheme, port := range map[string]string{"http": ":80", "https": ":443"} {
			if u.Scheme == scheme {
				host = strings.TrimSuffix(host, port)
			}
		}
		return u.Scheme + "://" + host + strings.TrimRight(u.Path, "/")
	}
	return normal(a) == normal(b)
}

// metadata looks for the metadata where AuthZEN puts it: before the path of the public URL.
func (d *doctor) metadata(ctx context.Context, first arrival) error {
	public, err := url.Parse(first.PublicURL)
	if err != nil {
		return err
	}
	where := "/.well-known/authzen-configuration" + strings.TrimRight(public.Path, "/")
	a, err := d.probe(ctx, probe{whole: where})
	switch {
	case err != nil:
		return err
	case a.broke != nil || a.status != http.StatusOK || !bytes.Contains(a.body, []byte("policy_decision_point")):
		d.wrong(checkMeta, "Forward "+where+" to Grantway.", "AuthZEN clients find no metadata at %s: %s.", where, a.answer())
	default:
		d.good(checkMeta, "They are at %s.", where)
	}
	return nil
}

func (d *doctor) host(_ context.Context, first arrival) error {
	if strings.EqualFold(first.Host, d.client.base.Host) {
		d.good(checkHost, "It arrives as %s.", first.Host)
		return nil
	}
	d.look(checkHost, "Forward it if you can: other programs behind the same proxy may need it.",
		"The proxy sends %s instead of %s. Grantway does not use it.", first.Host, d.client.base.Host)
	return nil
}

func (d *doctor) version(_ context.Context, first arrival) error {
	if first.Protocol == "HTTP/1.0" {
		d.wrong(checkHTTP, "Use HTTP/1.1 between proxy and server (nginx: proxy_http_version 1.1).",
			"The proxy uses HTTP/1.0 to the server, where a cut-off answer looks complete, such as a part of an export.")
		return nil
	}
	d.good(checkHTTP, "The proxy calls the server with %s.", first.Protocol)
	return nil
}

// caches asks the same twice.
func (d *doctor) caches(ctx context.Context, _ arrival) error {
	for _, id := range []string{"first", "second"} {
		a, err := d.probe(ctx, probe{path: "cache", header: http.Header{requestIDHeader: {"grantway-doctor-" + id}}})
		if err != nil {
			return err
		}
		if !a.ours {
			d.unexpected(checkCache, a)
			return nil
		}
		if id == "second" && a.arrived.RequestID == "grantway-doctor-first" {
			d.wrong(checkCache, "Do not cache answers at the proxy: they have Cache-Control: no-store.", "The proxy repeated the answer to another call: others can read it, and it outlives revocations.")
			return nil
		}
	}
	d.good(checkCache, "The server answers each call.")
	return nil
}

// figures looks for what is for operators only. A caller who is not behind a proxy may be one.
func (d *doctor) figures(ctx context.Context, first arrival) error {
	if first.direct {
		return nil
	}
	a, err := d.probe(ctx, probe{whole: strings.TrimRight(d.client.base.Path, "/") + "/metrics", anonymous: true})
	switch {
	case err != nil:
		return err
	case a.status == http.StatusOK && bytes.Contains(a.body, []byte("grantway_")):
		d.look(checkFigures, "Do not forward /metrics, unless only operators can reach this address.", "Everyone who can reach the proxy can read /metrics.")
	default:
		d.good(checkFigures, "/metrics cannot be read through the proxy.")
	}
	return nil
}

// unexpected is the finding about an answer that a check cannot go on with.
func (d *doctor) unexpected(check string, a *probed) {
	d.wrong(check, "Forward such calls as they were sent.", "The call %s gets an unexpected answer: %s.", a.sent, a.answer())
}
