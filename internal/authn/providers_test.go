package authn_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authn"
)

// provider is an identity provider: how it is configured, what its tokens look like, and what they give.
type provider struct {
	config string // after the URL and the audience
	claims fields
	gives  access.SignIn
	less   map[string]less // what is left, by the name of the case
}

// less is a token that lacks claims, or has others in their place, and what it gives.
type less struct {
	without []string
	with    fields
	gives   func(*access.SignIn)
}

func member(orgs ...access.OrganizationID) (all []access.Membership) {
	for _, o := range orgs {
		all = append(all, access.Membership{Organization: o, Role: access.OrgMember})
	}
	return all
}

// unknownMembers is what a claim may give that gives memberships in the organization and is not known.
func unknownMembers(org string) access.Unknown {
	return access.Unknown{Grants: []access.UnknownGrant{{Organization: org, As: access.OrgMember}}}
}

// nothing is left of what the claims gave: the provider takes it back.
func nothing(in *access.SignIn) { in.Memberships, in.Roles = nil, nil }

// notTold is what a token leaves that does not tell its groups: it gives none of them, and takes none back.
func notTold(u access.Unknown) func(*access.SignIn) {
	return func(in *access.SignIn) { nothing(in); in.Unknown = u }
}

func unverified(in *access.SignIn) { in.EmailVerified = false }

func noAddress(in *access.SignIn) { in.Email, in.EmailVerified = "", false }

// providers are made from what the providers' public documentation says of their tokens.
var providers = map[string]provider{
	"Okta": {
		config: `, grants: [{claim: groups, value: "gw-*", organization: "*", as: member}]`,
		claims: fields{"ver": 1, "jti": "AT.1", "sub": "00u1", "email": "ann@acme.com", "email_verified": true, "name": "Ann", "groups": []string{"Everyone", "gw-acme"},
			"amr": []string{"pwd", "mfa"}, "auth_time": 1},
		gives: access.SignIn{Subject: "00u1", User: "00u1", Email: "ann@acme.com", EmailVerified: true, Name: "Ann", Memberships: member("acme")},
		less: map[string]less{
			"groups":         {without: []string{"groups"}, gives: nothing},
			"email_verified": {without: []string{"email_verified"}, gives: unverified},
			"email":          {without: []string{"email"}, gives: noAddress},
		},
	},
	"Entra ID": {
		config: `, user: {claim: oid, prefix: "entra|"}, email: {verified: always, domains: [acme.com]}, grants: [{claim: groups, value: 0b3f-acme, organization: acme, as: member}, {claim: roles, value: Support, role: support}]`,
		claims: fields{"ver": "2.0", "tid": "9122", "oid": "6b1c", "sub": "pair", "email": "ann@acme.com", "preferred_username": "ann@acme.com", "name": "Ann",
			"groups": []string{"0b3f-acme", "77aa"}, "roles": []string{"Support"}},
		gives: access.SignIn{Subject: "pair", User: "entra|6b1c", Email: "ann@acme.com", EmailVerified: true, Name: "Ann", Memberships: member("acme"), Roles: []access.RoleID{"support"}},
		less: map[string]less{
			"groups": {without: []string{"groups"}, gives: func(in *access.SignIn) { in.Memberships = nil }},
			"groups of more than 200": {
				without: []string{"groups"},
				with:    fields{"_claim_names": fields{"groups": "src1"}, "_claim_sources": fields{"src1": fields{"endpoint": "https://graph.example/me"}}},
				gives:   func(in *access.SignIn) { in.Memberships, in.Unknown = nil, unknownMembers("acme") },
			},
			"groups in the implicit flow": {
				without: []string{"groups"}, with: fields{"hasgroups": true},
				gives: func(in *access.SignIn) { in.Memberships, in.Unknown = nil, unknownMembers("acme") },
			},
			"roles":            {without: []string{"roles"}, gives: func(in *access.SignIn) { in.Roles = nil }},
			"a trusted domain": {with: fields{"email": "ann@gmail.example"}, gives: func(in *access.SignIn) { in.Email, in.EmailVerified = "ann@gmail.example", false }},
		},
	},
	"Google": {
		config: `, type: {claim: hd, internal: [acme.com]}`,
		claims: fields{"azp": "1.apps", "sub": "1103", "hd": "acme.com", "email": "ann@acme.com", "email_verified": true, "name": "Ann", "at_hash": "x"},
		gives:  access.SignIn{Subject: "1103", User: "1103", Email: "ann@acme.com", EmailVerified: true, Name: "Ann", Type: access.Internal},
		less: map[string]less{
			"hd":   {without: []string{"hd"}, gives: func(in *access.SignIn) { in.Type = access.External }},
			"name": {without: []string{"name"}, gives: func(in *access.SignIn) { in.Name = "" }},
		},
	},
	"Keycloak": {
		config: `, grants: [{claim: realm_access.roles, value: "org:*", organization: "*", as: member}, {claim: resource_access.grantway.example.com.roles, value: support, role: support}]`,
		claims: fields{"typ": "Bearer", "azp": "app", "sub": "f3c1", "email": "ann@acme.com", "email_verified": true, "name": "Ann", "preferred_username": "ann",
			"realm_access":    fields{"roles": []string{"offline_access", "org:acme"}},
			"resource_access": fields{"account": fields{"roles": []string{"view-profile"}}, "grantway.example.com": fields{"roles": []string{"support"}}}},
		gives: access.SignIn{Subject: "f3c1", User: "f3c1", Email: "ann@acme.com", EmailVerified: true, Name: "Ann", Memberships: member("acme"), Roles: []access.RoleID{"support"}},
		less: map[string]less{
			"resource_access":        {without: []string{"resource_access"}, gives: func(in *access.SignIn) { in.Roles = nil }},
			"the client in it":       {with: fields{"resource_access": fields{"account": fields{"roles": []string{"support"}}}}, gives: func(in *access.SignIn) { in.Roles = nil }},
			"realm_access":           {with: fields{"realm_access": fields{}}, gives: func(in *access.SignIn) { in.Memberships = nil }},
			"a realm_access to read": {with: fields{"realm_access": 7}, gives: func(in *access.SignIn) { in.Memberships, in.Unknown = nil, unknownMembers("*") }},
			"one meaning of the roles": {
				with: fields{"resource_access": fields{
					"grantway.example.com": fields{"roles": []string{"support"}}, "grantway": fields{"example.com": fields{"roles": []string{"other"}}}}},
				gives: func(in *access.SignIn) {
					in.Roles, in.Unknown = nil, access.Unknown{Grants: []access.UnknownGrant{{Role: "support"}}}
				},
			},
		},
	},
	"Zitadel": {
		config: `, grants: [{claim: "urn:zitadel:iam:org:project:roles", value: "org-*", organization: "*", as: member}]`,
		claims: fields{"sub": "2431", "client_id": "app", "email": "ann@acme.com", "email_verified": true, "name": "Ann",
			"urn:zitadel:iam:org:project:roles": fields{"org-acme": fields{"2400": "acme.zitadel.example"}, "viewer": fields{"2400": "acme.zitadel.example"}}},
		gives: access.SignIn{Subject: "2431", User: "2431", Email: "ann@acme.com", EmailVerified: true, Name: "Ann", Memberships: member("acme")},
		less: map[string]less{
			"roles":         {without: []string{"urn:zitadel:iam:org:project:roles"}, gives: nothing},
			"the role":      {with: fields{"urn:zitadel:iam:org:project:roles": fields{"org-acme": nil, "org-globex": false}}, gives: nothing},
			"roles to read": {with: fields{"urn:zitadel:iam:org:project:roles": fields{"org-acme": "no"}}, gives: notTold(unknownMembers("*"))},
		},
	},
	"Auth0": {
		config: `, user: {prefix: "a0:"}, grants: [{claim: "https://acme.example/app.roles", value: "org:*", organization: "*", as: member}, {claim: "https://acme.example/app_metadata.plan", value: "7", role: premium}]`,
		claims: fields{"sub": "auth0|5f7c", "azp": "app", "scope": "openid", "email": "ann@acme.com", "email_verified": true, "name": "Ann",
			"https://acme.example/app.roles": []string{"org:acme"}, "https://acme.example/app_metadata": fields{"plan": 7}},
		gives: access.SignIn{Subject: "auth0|5f7c", User: "a0:auth0|5f7c", Email: "ann@acme.com", EmailVerified: true, Name: "Ann", Memberships: member("acme"), Roles: []access.RoleID{"premium"}},
		less: map[string]less{
			"roles":            {without: []string{"https://acme.example/app.roles"}, gives: func(in *access.SignIn) { in.Memberships = nil }},
			"a key with a dot": {without: []string{"https://acme.example/app.roles"}, with: fields{"https://acme.example/app": fields{"roles": []string{"org:acme"}}}, gives: func(*access.SignIn) {}},
			"a whole number": {with: fields{"https://acme.example/app_metadata": fields{"plan": 7.5}}, gives: func(in *access.SignIn) {
				in.Roles, in.Unknown = nil, access.Unknown{Grants: []access.UnknownGrant{{Role: "premium"}}}
			}},
		},
	},
	"Cognito": { // its ID tokens; its access tokens have no aud
		config: `, grants: [{claim: "cognito:groups", value: "*", organization: "*", as: member}]`,
		claims: fields{"sub": "aaaa-1", "token_use": "id", "cognito:username": "ann", "email": "ann@acme.com", "email_verified": "true", "name": "Ann", "cognito:groups": []string{"acme"}},
		gives:  access.SignIn{Subject: "aaaa-1", User: "aaaa-1", Email: "ann@acme.com", EmailVerified: true, Name: "Ann", Memberships: member("acme")},
		less: map[string]less{
			"groups":              {without: []string{"cognito:groups"}, gives: nothing},
			"a verified address":  {with: fields{"email_verified": "false"}, gives: unverified},
			"a readable verified": {with: fields{"email_verified": "yes"}, gives: func(in *access.SignIn) { in.EmailVerified, in.Unknown.Email = false, true }},
		},
	},
	"JumpCloud": { // one group is a string, several are a list
		config: `, grants: [{claim: groups, value: "*", organization: "*", as: member}]`,
		claims: fields{"sub": "5be4", "email": "ann@acme.com", "email_verified": true, "name": "Ann", "groups": "acme"},
		gives:  access.SignIn{Subject: "5be4", User: "5be4", Email: "ann@acme.com", EmailVerified: true, Name: "Ann", Memberships: member("acme")},
		less: map[string]less{
			"the one group":  {with: fields{"groups": []string{"acme", "globex"}}, gives: func(in *access.SignIn) { in.Memberships = member("acme", "globex") }},
			"any group":      {with: fields{"groups": nil}, gives: nothing},
			"groups to read": {with: fields{"groups": []any{"acme", fields{"name": "globex"}}}, gives: func(in *access.SignIn) { in.Unknown = unknownMembers("*") }},
		},
	},
}

// D1, D3: what the tokens of well-known providers give, and what is left where a claim is missing or reads otherwise. No such token is refused.
func TestD1TokensOfWellKnownProviders(t *testing.T) {
	w, f := newWorld(t), newForger(t, "k1")
	for name, p := range providers {
		list, err := authn.ParseIssuers([]byte("- {issuer: '" + f.url + "', audience: [api]" + p.config + "}"))
		require.NoError(t, err, name)
		w.believing(list...)
		says := func(claims fields) access.SignIn {
			w.signedIn, w.now = nil, w.now.Add(time.Second)
			claims["iss"], claims["aud"], claims["iat"], claims["exp"] = f.url, "api", w.now.Unix(), w.now.Add(time.Hour).Unix()
			_, err := w.auth.Authenticate(call(f.token(claims)), "req")
			require.Len(t, w.signedIn, 1, "%s: %v", name, err)
			in := w.signedIn[0]
			in.Issuer, in.Claimants, in.IssuedAt, in.Address, in.RequestID, in.Create = "", nil, time.Time{}, "", "", false
			in.Digest = ""
			return in
		}
		require.Equal(t, p.gives, says(maps.Clone(p.claims)), name)
		for missing, l := range p.less {
			claims, want := maps.Clone(p.claims), p.gives
			for _, c := range l.without {
				delete(claims, c)
			}
			maps.Copy(claims, l.with)
			l.gives(&want)
			require.Equal(t, want, says(claims), "%s without %s", name, missing)
		}
	}
}
