package server

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/grantway/grantway/internal/authn"
)

// readIssuers gives the identity providers whose tokens are believed: those of the file, or the one of the flags.
func (c *Config) readIssuers() ([]authn.Issuer, error) {
	var list []authn.Issuer
	switch {
	case c.OIDCConfig != "" && (c.OIDCIssuer != "" || len(c.OIDCAudience) > 0):
		return nil, errors.New("--oidc-config cannot be used with --oidc-issuer and --oidc-audience")
	case c.OIDCConfig != "":
		text, err := os.ReadFile(c.OIDCConfig)
		if err != nil {
			return nil, fmt.Errorf("cannot read --oidc-config: %w", err)
		}
		if list, err = authn.ParseIssuers(text); err != nil {
			return nil, fmt.Errorf("cannot use the issuers in %s: %w", c.OIDCConfig, err)
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("%s has no issuers", c.OIDCConfig)
		}
	case c.OIDCIssuer != "":
		list = []authn.Issuer{{URL: c.OIDCIssuer, Audiences: c.OIDCAudience}}
	case len(c.OIDCAudience) > 0:
		return nil, errors.New("--oidc-audience needs --oidc-issuer")
	}
	return list, authn.CheckIssuers(list)
}

// longestToken is the longest token that is taken, in bytes, or 0 where nobody's tokens are.
func (c *Config) longestToken() int {
	if len(c.issuers) == 0 {
		return 0
	}
	return cmp.Or(c.MaxToken, DefaultMaxToken)
}
