package authn_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authn"
)

// TestWhatClaimsMean reads tokens by configurations, and looks at what is taken in.
func TestWhatClaimsMean(t *testing.T) {
	w, f := newWorld(t), newForger(t, "k1")
	for name, tc := range map[string]struct {
		issuer string // after its URL and audience
		claims fields
		want   access.SignIn
	}{
		"nothing but a subject": {"", nil, access.SignIn{Subject: "alice", User: "alice", Create: true}},
		"an address that is verified": {"", fields{"email": "Ann@BÜCHER.example", "email_verified": true, "name": "Ann"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Email: "ann@xn--bcher-kva.example", EmailVerified: true, Name: "Ann"}},
		"an address that is verified in letters": {"", fields{"email": "ann@acme.com", "email_verified": "true"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Email: "ann@acme.com", EmailVerified: true}},
		"an address that is not verified in letters": {"", fields{"email": "ann@acme.com", "email_verified": "false"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Email: "ann@acme.com"}},
		"an address that is verified in another way": {"", fields{"email": "ann@acme.com", "email_verified": 1},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Email: "ann@acme.com", Unknown: access.Unknown{Email: true}}},
		"an address whose domain is trusted": {", email: {verified: always, domains: [acme.com]}", fields{"email": "ann@acme.com"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Email: "ann@acme.com", EmailVerified: true}},
		"an address whose domain is not trusted": {", email: {verified: always, domains: [acme.com]}", fields{"email": "ann@acme.com.example"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Email: "ann@acme.com.example"}},
		"an address whose domain is trusted, not verified": {", email: {verified: always, domains: [acme.com]}", fields{"email": "ann@acme.com", "email_verified": "false"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Email: "ann@acme.com"}},
		"an address of another domain": {", email: {domains: [acme.com]}", fields{"email": "ann@sub.acme.com", "email_verified": true},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Email: "ann@sub.acme.com"}},
		"no address": {"", fields{"email": "no address", "email_verified": true, "name": "a\x00b"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Unknown: access.Unknown{Email: true}}},
		"another claim, a prefix, and nobody created": {", user: {claim: upn, prefix: 'c|', create: false, adopt: true}", fields{"upn": "ann"},
			access.SignIn{Subject: "alice", User: "c|ann", Adopt: true}},
		"the address as the ID": {", user: {claim: email}", fields{"email": "Ann@Acme.com", "email_verified": true},
			access.SignIn{Subject: "alice", User: "ann@acme.com", Create: true, Email: "ann@acme.com", EmailVerified: true}},
		"internal by a claim": {", type: {claim: kind, internal: [staff]}", fields{"kind": []string{"x", "staff"}},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Type: access.Internal}},
		"external by a claim": {", type: {claim: kind, internal: [staff]}", fields{"kind": "STAFF"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Type: access.External}},
		"neither for an address whose verification the token leaves open": {", type: {domains: [acme.com]}", fields{"email": "ann@acme.com"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Email: "ann@acme.com"}},
		"external for an address that is not verified": {", type: {domains: [acme.com]}", fields{"email": "ann@acme.com", "email_verified": false},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Type: access.External, Email: "ann@acme.com"}},
		"grants": {`, grants: [
				{claim: a.b, value: "r-*", role: "*"}, {claim: a.b, value: ops, platform: content_user}, {claim: a.b, value: two, platform: content_user}, {claim: org, value: "*", organization: "*", as: client},
				{claim: a.b, value: boss, organization: acme, as: admin}, {claim: "https://x.example/y", value: z, role: zed}]`,
			fields{"a": fields{"b": []string{"r-one", "r-", "two", "ops", "boss"}}, "org": []string{"acme", "globex"}, "https://x.example/y": "z"},
			access.SignIn{Subject: "alice", User: "alice", Create: true, Roles: []access.RoleID{"one", "zed"}, PlatformRoles: []access.PlatformRole{access.ContentUser},
				Memberships: []access.Membership{{Organization: "acme", Role: access.OrgAdmin}, {Organization: "globex", Role: access.OrgClient}}}},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := authn.ParseIssuers([]byte("- {issuer: '" + f.url + "', audience: [api]" + tc.issuer + "}"))
			require.NoError(t, err)
			w.believing(list...)
			w.signedIn = nil
			w.now = w.now.Add(time.Second)
			claims := f.good(tc.claims)
			claims["iat"] = w.now.Unix()
			_, err = w.auth.Authenticate(call(f.token(claims)), "req")
			require.Len(t, w.signedIn, 1, "%v", err)
			want := tc.want
			want.Issuer, want.Claimants, want.IssuedAt, want.Address, want.RequestID = f.url, []string{f.url}, w.now, "192.0.2.7", "req"
			require.NotEmpty(t, w.signedIn[0].Digest)
			want.Digest = w.signedIn[0].Digest
			require.Equal(t, want, w.signedIn[0])
		})
	}

	for name, tc := range map[string]struct {
		issuer string
		claims fields
	}{
		"the address as the ID, not verified":   {", user: {claim: email}", fields{"email": "ann@acme.com"}},
		"an ID that is a number":                {", user: {claim: n}", fields{"n": 7}},
		"a prefix that makes an ID too long":    {", user: {prefix: 'x|', claim: n}", fields{"n": strings.Repeat("a", access.MaxIDBytes)}},
		"a client that is not named":            {", clients: [shop]", nil},
		"another client":                        {", clients: [shop]", fields{"azp": "other"}},
		"another client, whatever client_id is": {", clients: [shop]", fields{"azp": "other", "client_id": "shop"}},
		"an algorithm that is not named":        {", algorithms: [ES256]", nil},
	} {
		list, err := authn.ParseIssuers([]byte("- {issuer: '" + f.url + "', audience: [api]" + tc.issuer + "}"))
		require.NoError(t, err)
		w.believing(list...)
		w.signedIn = nil
		w.refused(call(f.token(f.good(tc.claims))), access.KindUnauthenticated, "U1")
		require.Empty(t, w.signedIn, name)
	}
}

// A token that is older than what was taken in changes nothing, and one that is newer does; the same one does so once.
func TestATokenIsTakenInOnce(t *testing.T) {
	w, f := newWorld(t), newForger(t, "k1")
	w.believing(authn.Issuer{URL: f.url, Audiences: []string{"api"}})
	older, newer := f.token(f.good(fields{"iat": now.Unix() - 1})), f.token(f.good(nil))
	for _, token := range []string{newer, newer, older, older, newer} {
		_, err := w.auth.Authenticate(call(token), "")
		require.NoError(t, err)
	}
	require.Len(t, w.signedIn, 1)
	w.now = now.Add(time.Minute)
	_, err := w.auth.Authenticate(call(f.token(f.good(fields{"iat": now.Unix() + 60}))), "")
	require.NoError(t, err)
	require.Len(t, w.signedIn, 2)
}

// Two tokens of one second that say different things are both taken in, each once: which of them is newer is told by which comes first.
func TestTokensOfOneSecondThatSayDifferentThings(t *testing.T) {
	w, f := newWorld(t), newForger(t, "k1")
	w.believing(authn.Issuer{URL: f.url, Audiences: []string{"api"}, Grants: []authn.ClaimGrant{{Claim: "groups", Value: "*", Role: "*"}}})
	staff, none := f.token(f.good(fields{"groups": "staff"})), f.token(f.good(nil))
	again := f.token(f.good(fields{"groups": []string{"staff"}, "jti": "2"})) // says the same as the first
	for _, token := range []string{staff, staff, none, staff, again, none} {
		_, err := w.auth.Authenticate(call(token), "")
		require.NoError(t, err)
	}
	require.Len(t, w.signedIn, 2)
	require.Equal(t, []access.RoleID{"staff"}, w.signedIn[0].Roles)
	require.Empty(t, w.signedIn[1].Roles)
}

// How far an issuer's clock may be ahead, and how long a token may be, are settings.
func TestSkewAndLengthOfTokensAreSettings(t *testing.T) {
	w, f := newWorld(t), newForger(t, "k1")
	list := []authn.Issuer{{URL: f.url, Audiences: []string{"api"}, User: authn.UserClaims{Adopt: true}}}
	require.NoError(t, authn.CheckIssuers(list))
	a := authn.New(w.db, authn.Config{
		Secrets: w.secrets, Now: func() time.Time { return w.now }, Issuers: list, ClockSkew: time.Second, MaxToken: 2000,
		SignIn: func(context.Context, access.SignIn) error { return nil },
	})
	ahead := func(d time.Duration) string { return f.token(f.good(fields{"iat": now.Add(d).Unix()})) }
	var refused *access.Error
	_, err := a.Authenticate(call(ahead(2*time.Second)), "")
	require.ErrorAs(t, err, &refused)
	require.ErrorContains(t, refused.Cause, "more than 1s in the future")
	_, err = a.Authenticate(call(f.token(f.good(fields{"x": strings.Repeat("x", 2000)}))), "")
	require.ErrorAs(t, err, &refused)
	require.ErrorContains(t, refused.Cause, "more than 2000 bytes")
	_, err = a.Authenticate(call(ahead(time.Second)), "")
	require.ErrorAs(t, err, &refused)
	require.ErrorContains(t, refused.Cause, "does not name an active user", "it is read")
}

func TestIssuersThatNobodyNewCanSignInWithAreWarnedAbout(t *testing.T) {
	list, err := authn.ParseIssuers([]byte("[{issuer: 'https://a.example', audience: [x], user: {create: false}, email: {domains: []}}, " +
		"{issuer: 'https://b.example', audience: [x], user: {create: false, adopt: true, prefix: b}, email: {domains: []}}]"))
	require.NoError(t, err)
	require.NoError(t, authn.CheckIssuers(list))
	require.Equal(t, []string{`nobody new can sign in with issuer "https://a.example": user.create and user.adopt are both off`}, authn.Warnings(list))
}

func TestIssuersThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no list":                               "issuer: https://a.example",
		"an unknown field":                      "- {issuer: 'https://a.example', audience: [x], aud: y}",
		"no URL":                                "- {audience: [x]}",
		"http":                                  "- {issuer: 'http://a.example', audience: [x]}",
		"a name that looks like loopback":       "- {issuer: 'http://127.0.0.1.example', audience: [x]}",
		"a query":                               "- {issuer: 'https://a.example?x', audience: [x]}",
		"a password":                            "- {issuer: 'https://u:p@a.example', audience: [x]}",
		"no audience":                           "- {issuer: 'https://a.example'}",
		"an empty audience":                     "- {issuer: 'https://a.example', audience: ['']}",
		"no algorithm":                          "- {issuer: 'https://a.example', audience: [x], algorithms: [none]}",
		"a symmetric algorithm":                 "- {issuer: 'https://a.example', audience: [x], algorithms: [HS256]}",
		"a domain that is none":                 "- {issuer: 'https://a.example', audience: [x], email: {domains: ['a b']}}",
		"adopting by a name that people choose": "- {issuer: 'https://a.example', audience: [x], user: {claim: preferred_username, adopt: true}}",
		"adopting by a name in a claim":         "- {issuer: 'https://a.example', audience: [x], user: {claim: 'https://a.example/profile.nickname', adopt: true}}",
		"adopting by an address that is not verified": "- {issuer: 'https://a.example', audience: [x], user: {claim: email, adopt: true}, email: {claim: mail}}",
		"adopting by a name that is to be an address": "- {issuer: 'https://a.example', audience: [x], user: {claim: preferred_username, adopt: true}, email: {claim: preferred_username}}",
		"confirming what is not so":                   "- {issuer: 'https://a.example', audience: [x], user: {adopt: true, adopt_self_chosen: true}}",
		"confirming what is off":                      "- {issuer: 'https://a.example', audience: [x], user: {claim: preferred_username, adopt_self_chosen: true}}",
		"no client":                                   "- {issuer: 'https://a.example', audience: [x], clients: []}",
		"no algorithm at all":                         "- {issuer: 'https://a.example', audience: [x], algorithms: []}",
		"a prefix that no ID has":                     "- {issuer: 'https://a.example', audience: [x], user: {prefix: ' a'}}",
		"users by addresses, none of them verified":   "- {issuer: 'https://a.example', audience: [x], user: {claim: email}, email: {domains: []}}",
		"internal by a domain that is not believed":   "- {issuer: 'https://a.example', audience: [x], email: {domains: [a.example]}, type: {domains: [b.example]}}",
		"internal by an empty value":                  "- {issuer: 'https://a.example', audience: [x], type: {claim: a, internal: ['']}}",
		"a claim with white space":                    "- {issuer: 'https://a.example', audience: [x], name: 'name '}",
		"a claim in nothing":                          "- {issuer: 'https://a.example', audience: [x], grants: [{claim: .groups, value: b, role: r}]}",
		"a star in the middle":                        "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: 'org:*:admin', role: r}]}",
		"a value with white space":                    "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: 'b ', role: r}]}",
		"a role that no ID names":                     "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: b, role: ' r'}]}",
		"every domain trusted":                        "- {issuer: 'https://a.example', audience: [x], email: {verified: always}}",
		"every domain trusted by a star":              "- {issuer: 'https://a.example', audience: [x], email: {verified: always, domains: [a.example, '*']}}",
		"no domain trusted":                           "- {issuer: 'https://a.example', audience: [x], email: {verified: always, domains: []}}",
		"a type by nothing":                           "- {issuer: 'https://a.example', audience: [x], type: {}}",
		"a type by a claim alone":                     "- {issuer: 'https://a.example', audience: [x], type: {claim: a}}",
		"everybody internal":                          "- {issuer: 'https://a.example', audience: [x], type: {domains: ['*']}}",
		"an owner":                                    "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: b, organization: o, as: owner}]}",
		"an organization without a role":              "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: b, organization: o}]}",
		"a grant of nothing":                          "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: b}]}",
		"a grant of two":                              "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: b, role: r, platform: site_admin}]}",
		"a platform role for anything":                "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: '*', platform: site_admin}]}",
		"an unknown platform role":                    "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: b, platform: root}]}",
		"a star that stands for nothing":              "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, value: b, role: '*'}]}",
		"a grant for no value":                        "- {issuer: 'https://a.example', audience: [x], grants: [{claim: a, role: r}]}",
		"the same twice":                              "[{issuer: 'https://a.example', audience: [x], email: {domains: []}}, {issuer: 'https://a.example', audience: [x], user: {prefix: b}, email: {domains: []}}]",
		"two that name users alike":                   "[{issuer: 'https://a.example', audience: [x], email: {domains: []}}, {issuer: 'https://b.example', audience: [x], email: {domains: []}}]",
		"two that are believed about all":             "[{issuer: 'https://a.example', audience: [x]}, {issuer: 'https://b.example', audience: [x], user: {prefix: b}}]",
		"the second believed about unknown":           "[{issuer: 'https://a.example', audience: [x], email: {domains: []}}, {issuer: 'https://b.example', audience: [x], user: {prefix: b}}]",
	} {
		list, err := authn.ParseIssuers([]byte(text))
		if err == nil {
			err = authn.CheckIssuers(list)
		}
		require.Error(t, err, name)
	}
	for _, text := range []string{
		"- {issuer: 'https://a.example', audience: [x], user: {claim: preferred_username, adopt: true, adopt_self_chosen: true}}",
		"- {issuer: 'https://a.example', audience: [x], user: {claim: email, adopt: true}}", "- {issuer: 'https://a.example', audience: [x], user: {claim: preferred_username}}",
		"- {issuer: 'https://a.example/realms/x/', audience: [x]}", "- {issuer: 'http://localhost:1', audience: [x]}", "- {issuer: 'http://[::1]:1', audience: [x]}",
		"[{issuer: 'https://a.example', audience: [x], email: {domains: ['*']}}, {issuer: 'https://b.example', audience: [x], user: {prefix: b}, email: {domains: []}}]",
	} {
		list, err := authn.ParseIssuers([]byte(text))
		require.NoError(t, err)
		require.NoError(t, authn.CheckIssuers(list), text)
	}
}
