package authzen

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// metadata describes this policy decision point. Its URLs come from the configuration alone, never from a request's Host.
type metadata struct {
	PolicyDecisionPoint string `json:"policy_decision_point"`
	AccessEvaluation    string `json:"access_evaluation_endpoint"`
	AccessEvaluations   string `json:"access_evaluations_endpoint"`
	SearchSubject       string `json:"search_subject_endpoint"`
	SearchResource      string `json:"search_resource_endpoint"`
	SearchAction        string `json:"search_action_endpoint"`
}

// parsePublicURL gives the URL without a slash at its end, and its path, which follows PathMetadata where the server is not at the root of its host
// (AuthZEN 1.0, 9.2.1).
func parsePublicURL(text string) (base, path string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.ContainsAny(text, "?#{} \t\r\n") {
		return "", "", access.Invalidf("", "the public URL %q must have the form https://host or https://host/path", text)
	}
	return strings.TrimRight(text, "/"), strings.TrimRight(u.Path, "/"), nil
}

func metadataOf(base string) ([]byte, error) {
	return json.Marshal(metadata{
		PolicyDecisionPoint: base,
		AccessEvaluation:    base + PathEvaluation,
		AccessEvaluations:   base + PathEvaluations,
		SearchSubject:       base + PathSearchSubject,
		SearchResource:      base + PathSearchResource,
		SearchAction:        base + PathSearchAction,
	})
}

func (h *Handler) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(h.metadata) // the caller has gone; there is nobody to tell
}
