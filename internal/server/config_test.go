package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/server"
)

// A mail server that cannot be used is a reason not to start, told without the password.
func TestMailSettings(t *testing.T) {
	const from = "Grantway <no-reply@example.org>"
	for name, c := range map[string]struct {
		url, from string
		demo      bool
		says      string
	}{
		"no sender":      {url: "smtp://u:hunter2@mail.test", says: "--mail-from"},
		"no server":      {from: from, says: "--smtp-url"},
		"no URL":         {url: "mail.test:25", from: from, says: "--smtp-url"},
		"bad password":   {url: "smtp://u:hunter2#@mail.test", from: from, says: "%23"},
		"no address":     {url: "smtp://u:hunter2@mail.test", from: "Grantway", says: "--mail-from"},
		"demonstration":  {url: "smtp://u:hunter2@mail.test", from: from, demo: true, says: "--demo"},
		"another scheme": {url: "http://u:hunter2@mail.test", from: from, says: "smtps://"},
	} {
		t.Run(name, func(t *testing.T) {
			config := config(t)
			config.SMTPURL, config.MailFrom, config.Demo = c.url, c.from, c.demo
			_, err := server.Open(t.Context(), config)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// Callers send keys to the public URL, and so it is https, or on this machine. What a proxy could change is no path of it.
func TestPublicURL(t *testing.T) {
	for _, c := range []struct{ listen, url, says string }{
		{url: "http://grantway.example.com", says: "must begin with https://"},
		{url: "http://10.0.0.5:8080", says: "must begin with https://"},
		{url: "http://localhost.example.com", says: "must begin with https://"},
		{url: "ftp://localhost", says: "--public-url must be https://HOST"},
		{url: "https://", says: "--public-url must be https://HOST"},
		{url: "https://h?a", says: "--public-url must be https://HOST"},
		{url: "https://h/?", says: "--public-url must be https://HOST"},
		{url: "https://u:p@h", says: "--public-url must be https://HOST"},
		{url: "https://h/a//b", says: "--public-url must be https://HOST"},
		{url: "https://h/../b", says: "--public-url must be https://HOST"},
		{url: "https://h/a%2Fb", says: "--public-url must be https://HOST"},
		{url: "https://h/{a}", says: "--public-url must be https://HOST"},
		{listen: "10.0.0.5:8080", says: "--public-url is missing"},
	} {
		config := config(t)
		config.PublicURL = c.url
		if c.listen != "" {
			config.Listen = c.listen
		}
		require.ErrorContains(t, config.Check(), c.says, c)
	}
	for _, url := range []string{"", "https://h", "https://h/", "https://h:8443/tenant1/a.b_c~d-e/", "http://localhost:8080", "http://127.9.9.9", "http://[::1]:1/x"} {
		config := config(t)
		config.PublicURL = url
		require.NoError(t, config.Check(), url)
	}
}
