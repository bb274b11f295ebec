package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"

	"github.com/grantway/grantway/internal/access"
)

const requestIDHeader = "X-Request-ID"

// arrival is what the server says that reached it.
type arrival struct {
	ID           string `json:"id"`
	Host         string `json:"host"`
	Protocol     string `json:"protocol"`
	RequestID    string `json:"request_id"`
	Body         int64  `json:"body"`
	Address      string `json:"address"`
	Connection   string `json:"connection"`
	Trusted      bool   `json:"trusted"`
	ForwardedFor string `json:"forwarded_for"`
	PublicURL    string `json:"public_url"`
	Takes        struct {
		Body     int64 `json:"body_bytes"`
		Import   int64 `json:"import_bytes"`
		Token    int   `json:"token_bytes"`
		CallTime int64 `json:"call_ms"`
	} `json:"takes"`

	direct bool // the server's connection is this one: there is no proxy between
}

// probe is one call of the doctor.
type probe struct {
	method    string // "" is GET, or POST where there is a body
	path      string // the part after /v1/doctor/, escaped
	query     string
	whole     string // the whole path instead, as it follows the host
	header    http.Header
	body      int64 // how many bytes of a body
	anonymous bool  // without the key
}

// probed is what came back.
type probed struct {
	sent     string // the method and the path
	status   int
	header   http.Header
	location string
	body     []byte
	local    net.Addr // of the connection on which it was asked

	ours    bool           // it is the answer of the doctor's route
	arrived arrival        // if it is
	refused *access.Error  // a refusal by a Grantway server, or nil
	refusal *AnsweredError // what it was answered with
	broke   error          // why there is no whole answer, or nil
}

// probe makes a call exactly as it is described. Its error is that of the context: what else goes wrong is a part of the result.
func (d *doctor) probe(ctx context.Context, p probe) (*probed, error) {
	method := p.method
	switch {
	case method == "" && p.body > 0:
		method = http.MethodPost
	case method == "":
		method = http.MethodGet
	}
	base := d.client.base
	path := strings.TrimSuffix(base.EscapedPath(), "/") + "/v1/doctor/" + p.path
	if p.whole != "" {
		path = p.whole
	}
	if p.query != "" {
		path += "?" + p.query
	}
	out := &probed{sent: method + " " + path}
	var body io.Reader
	if p.body > 0 {
		body = io.LimitReader(zeros{}, p.body)
	}
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { out.local = c.Conn.LocalAddr() }})
	req, err := http.NewRequestWithContext(traced, method, base.Scheme+"://"+base.Host+path, body)
	if err != nil {
		return nil, err
	}
	if p.body > 0 {
		req.ContentLength = p.body
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	for name, values := range p.header {
		req.Header[name] = values
	}
	if !p.anonymous {
		req.Header.Set("Authorization", "Bearer "+d.client.key)
	}
	resp, err := d.client.http.Do(req)
	if err == nil {
		out.status, out.header, out.location = resp.StatusCode, resp.Header, resp.Header.Get("Location")
		out.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
		_ = resp.Body.Close()
	}
	if err != nil {
		out.broke = reason(ctx, err)
		return out, ctx.Err()
	}
	out.read()
	return out, nil
}

// read finds out who gave the answer.
func (a *probed) read() {
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	switch media {
	case "application/json":
		a.ours = a.status == http.StatusOK && json.Unmarshal(a.body, &a.arrived) == nil && a.arrived.Connection != ""
		a.arrived.direct = a.local != nil && a.arrived.Connection == a.local.String()
	case "application/problem+json":
		var p problem
		if json.Unmarshal(a.body, &p) == nil {
			if _, ours := cutKind(p.Type); ours {
				a.refusal = p.asError()
				a.refused = a.refusal.Answer
			}
		}
	}
}

// answer says in a few words what came back.
func (a *probed) answer() string {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(a.broke, syscall.EPIPE) || errors.Is(a.broke, syscall.ECONNRESET) || errors.Is(a.broke, io.EOF) || errors.Is(a.broke, io.ErrUnexpectedEOF):
		return "the connection was cut"
	case errors.As(a.broke, &certificate):
		return certificate.Error()
	case a.broke != nil:
		return a.broke.Error()
	case a.location != "":
		return fmt.Sprintf("%d, a redirection to %s", a.status, a.location)
	case a.refused != nil:
		return fmt.Sprintf("%d by Grantway, %s", a.status, a.refused.Detail)
	case a.ours:
		return "another call arrives"
	}
	return fmt.Sprintf("%d %s, and not by Grantway", a.status, http.StatusText(a.status))
}

// zeros is a body of any length.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
