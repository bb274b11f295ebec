package server_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/grantway/grantway/internal/server"
)

// figureName is the name of a figure in an expression: a word with two underscores or so, and none of PromQL's own, nor a label.
var figureName = regexp.MustCompile(`\b(?:grantway|grpc_client|spicedb|go|process)_[a-z0-9_]+\b`)

// Every figure that the dashboard and the alert rules name is there.
func TestFiguresThatAreLookedAtExist(t *testing.T) {
	s, err := server.Open(t.Context(), config(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	h := s.Handler()
	helper(t, h)
	for _, q := range asked {
		status, answer := do(t, h, http.MethodPost, q.path, q.body)
		require.Equal(t, http.StatusOK, status, answer)
	}
	_, shown := do(t, h, http.MethodGet, "/metrics", "")

	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
				Labels      map[string]string
			}
		}
	}
	text, err := os.ReadFile("../../deploy/prometheus/alerts.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &rules))
	var expressions []string
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			require.NotEmpty(t, r.Annotations["summary"], r.Alert)
			require.NotEmpty(t, r.Annotations["description"], r.Alert)
			require.Contains(t, []string{"warning", "critical"}, r.Labels["severity"], r.Alert)
			expressions = append(expressions, r.Expr)
		}
	}
	require.NotEmpty(t, expressions)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	text, err = os.ReadFile("../../deploy/grafana/grantway.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &dashboard))
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			expressions = append(expressions, target.Expr)
		}
	}
	for _, e := range expressions {
		require.Equal(t, strings.Count(e, "("), strings.Count(e, ")"), e)
		require.Equal(t, strings.Count(e, "{"), strings.Count(e, "}"), e)
		require.Zero(t, strings.Count(e, `"`)%2, e)
		if strings.HasPrefix(e, "up{") {
			continue // Prometheus's own
		}
		names := figureName.FindAllString(e, -1)
		require.NotEmpty(t, names, e)
		for _, name := range names {
			if name == "grantway_tls_certificate_ends_seconds" {
				continue // only where there is a certificate
			}
			require.True(t, slices.ContainsFunc([]string{"{", " "}, func(end string) bool { return strings.Contains(shown, "\n"+name+end) }),
				"%s is named and does not exist", name)
		}
	}
}
