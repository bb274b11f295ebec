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
