package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/strictjson"
)

// readBody reads the whole body, if it is not too long.
func readBody(r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(r.Body)
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, access.Refuse(access.KindTooLarge, "", "a body can have at most %d bytes", tooLong.Limit)
	}
	if err != nil {
		return nil, &access.Error{Kind: access.KindInvalid, Detail: "the body is shorter than announced, or took too long to arrive", Cause: err}
	}
	return raw, nil
}

// maxMediaType is the longest Content-Type, in bytes.
const maxMediaType = 256

// checkJSONType refuses a body that does not say that it is JSON.
func checkJSONType(h http.Header) error {
	sent := h.Get("Content-Type")
	kind, params, err := mime.ParseMediaType(sent[:min(len(sent), maxMediaType)])
	if err != nil || kind != "application/json" || len(sent) > maxMediaType || len(h.Values("Content-Type")) > 1 {
		return access.Invalidf("", "send the body as Content-Type: application/json")
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return access.Invalidf("", "JSON must be UTF-8, not %q", charset)
	}
	return nil
}

// bodyLimits bound a body under /v1. The deepest that the API knows has three levels.
var bodyLimits = strictjson.Limits{}

// parseJSON reads one JSON value: maps, slices, strings, json.Number, booleans and nil.
func parseJSON(raw []byte) (any, error) {
	value, err := strictjson.Parse(raw, bodyLimits)
	var fault *strictjson.Error
	if !errors.As(err, &fault) {
		return value, err
	}
	refused := access.Invalidf("", "%s", fault.About("the body"))
	if fault.Pointer != "" {
		refused.Fields = []access.FieldError{{Pointer: fault.Pointer, Detail: fault.Detail}}
	}
	return nil, refused
}

func faultAt(pointer, detail string) error {
	return &access.Error{
		Kind: access.KindInvalid, Detail: pointer + ": " + detail, Fields: []access.FieldError{{Pointer: pointer, Detail: detail}},
	}
}
