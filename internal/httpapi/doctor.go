package httpapi

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
)

// Arrival is what reached the server of a call that grantway doctor made: what lies between them may have changed it.
type Arrival struct {
	ID        string `json:"id" doc:"from the path, decoded"`
	Host      string `json:"host"`
	Protocol  string `json:"protocol" doc:"HTTP version HTTP version of the connection that reached the server"`
	RequestID string `json:"request_id"`
	Body      int64  `json:"body" doc:"how many bytes of the body arrived"`

	Address      string `json:"address" doc:"address of the caller, as IP ranges and the record see it"`
	Connection   string `json:"connection" doc:"address and port of the other end of the connection"`
	Trusted      bool   `json:"trusted" doc:"whether the connection comes from one of --trusted-proxies"`
	ForwardedFor string `json:"forwarded_for" doc:"X-Forwarded-For"`

	PublicURL string   `json:"public_url" doc:"the server's public URL"`
	Takes     Capacity `json:"takes"`
}

// Capacity is what the server itself takes: more than that need not reach it.
type Capacity struct {
	Body       int64 `json:"body_bytes"`
	ImportBody int64 `json:"import_bytes" doc:"0 means no limit"`
	Token      int   `json:"token_bytes" doc:"largest token of an identity provider; 0 if none is configured"`
	CallTime   int64 `json:"call_ms" doc:"how long an answer can take, in milliseconds"`
}

// examine tells an operator what arrived. It reads no fact and changes none, and holds no place that other calls need. Only a key that sees the whole
// installation may ask: the addresses of proxies are nobody else's business.
func (a *api) examine(w http.ResponseWriter, r *http.Request, actor access.Actor) {
	arrived, err := a.arrival(r, actor)
	if err != nil {
		WriteError(a.Problems)(w, r, err)
		return
	}
	answer, err := json.Marshal(arrived)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	if r.URL.Query().Get("broken") == "true" {
		_, _ = w.Write(answer[:len(answer)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	writeJSON(w, http.StatusOK, answer)
}

// arrival waits as long as it is asked to, takes the body, and looks at the call.
func (a *api) arrival(r *http.Request, actor access.Actor) (Arrival, error) {
	var none Arrival
	if !actor.Unconfined() {
		return none, access.Deniedf("B3", "this call needs an unconfined account key without an actor")
	}
	if wait := r.URL.Query().Get("wait"); wait != "" {
		d, err := time.ParseDuration(wait)
		if err != nil || d < 0 {
			return none, access.Invalidf("", "wait must be a duration such as 20s")
		}
		select {
		case <-time.After(min(d, a.Limits.Call)):
		case <-r.Context().Done():
			return none, access.Unavailable(r.Context().Err())
		}
	}
	body, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return none, access.Invalidf("", "the body is shorter than announced, is too long, or took too long to arrive")
	}
	peer, trusted := a.Authn.Peer(r)
	return Arrival{
		ID: r.PathValue("id"), Host: r.Host, Protocol: r.Proto, RequestID: actor.RequestID, Body: body,
		Address: actor.Address, Connection: peer, Trusted: trusted, ForwardedFor: strings.Join(r.Header.Values("X-Forwarded-For"), ", "),
		PublicURL: a.PublicURL,
		Takes:     Capacity{Body: a.Limits.Body, ImportBody: a.Limits.ImportBody, Token: a.MaxToken, CallTime: a.Limits.Call.Milliseconds()},
	}, nil
}

// describeExamine describes both methods of the route.
func (a *api) describeExamine(op *huma.Operation) {
	op.Description = joinSentences("For `grantway doctor`, which calls it through the proxies in front of the server to find out what they change. The answer describes what arrived. The call "+
		"reads and changes nothing. Requires an unconfined key without an actor.", op.Description)
	op.Parameters = append(op.Parameters,
		&huma.Param{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}, Description: "anything"},
		query("wait", &huma.Schema{Type: huma.TypeString}, "how long to wait before answering, at most --call-timeout"),
		query("broken", &huma.Schema{Type: huma.TypeBoolean}, "cut the answer off in the middle"),
	)
	if op.Method == http.MethodPost {
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}}
	}
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{
		Description: "what arrived", Content: jsonContent(a.registry.Schema(reflect.TypeFor[Arrival](), true, "")),
	}
}
