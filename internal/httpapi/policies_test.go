package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// TestPolicy tells what callers see of gates: null is not set, and what deletions have emptied is an empty list, which nobody passes (G8).
func TestPolicy(t *testing.T) {
	e := newWorld(t)
	unset := map[string]any{
		"enabled": true, "email_domains": nil, "user_types": nil, "entities": nil, "allowed_roles": nil, "required_roles": nil,
		"allowed_users": nil, "denied_users": nil,
	}
	e.As(mel).SetsPolicy(helper, fields{"email_domains": nil})
	require.Equal(t, unset, e.As(mel).Sees("v1", "chatbots", "helper", "policy"))

	set := e.As(mel).SetsPolicy(helper, fields{
		"email_domains": []string{"Example.COM"}, "user_types": []string{"external"}, "entities": []string{"acme"},
		"allowed_roles": []string{"tier1", "platform:site_admin"}, "allowed_users": []string{"bob"}, "denied_users": []string{"cal"},
	})
	require.NotEmpty(t, set["zedtoken"])
	require.Equal(t, []any{"example.com"}, set["email_domains"])
	e.Can(bob, access.Interact, helper)
	e.Cannot(adam, access.Interact, helper)
	e.Can(mel, access.Interact, helper) // its owner passes every gate but G1

	e.As(alice).SetsPolicy(helper, fields{"enabled": false})
	e.Cannot(mel, access.Interact, helper)
	e.As(alice).SetsPolicy(helper, fields{"enabled": nil})
	kept := e.As(adam).Sees("v1", "chatbots", "helper", "policy")
	require.Equal(t, []any{"bob"}, kept["allowed_users"], "what is left out keeps its value")

	for _, gate := range []string{"email_domains", "user_types", "entities", "allowed_roles", "required_roles", "allowed_users", "denied_users"} {
		answer := e.As(mel).Refused(access.KindUnprocessable, "G8").SetsPolicy(helper, fields{gate: []string{}})
		require.Equal(t, "/"+gate, answer["errors"].([]any)[0].(map[string]any)["pointer"])
	}
	e.As(mel).Refused(access.KindUnprocessable, "G7").SetsPolicy(helper, fields{"denied_users": []string{"mel"}})
	e.As(mel).Refused(access.KindInvalid, "").SetsPolicy(helper, fields{"user_types": []string{"robot"}})
	e.As(mel).Refused(access.KindInvalid, "").SetsPolicy(helper, fields{"allowed_users": []any{nil}})

	e.As(alice).Does("DELETE", "/v1/roles/tier1", nil)
	emptied := e.As(mel).SetsPolicy(helper, fields{"allowed_roles": []string{"platform:site_admin"}})
	require.Equal(t, []any{"platform:site_admin"}, emptied["allowed_roles"])
	e.Admin().Does("DELETE", "/v1/users/bob", nil)
	emptied = e.As(mel).Sees("v1", "chatbots", "helper", "policy")
	require.Equal(t, []any{}, emptied["allowed_users"])
	e.Cannot(adam, access.Interact, helper)
	e.As(mel).SetsPolicy(helper, fields{"allowed_users": nil, "allowed_roles": nil})
	e.Can(adam, access.Interact, helper)
}

// TestPolicyIsReadByThoseWhoManageAccess: gates name people.
func TestPolicyIsReadByThoseWhoManageAccess(t *testing.T) {
	e := newWorld(t)
	for _, u := range []access.UserID{alice, adam, mel} {
		e.As(u).Sees("v1", "chatbots", "helper", "policy")
	}
	e.As(bob).Refused(access.KindDenied, "A3").Sees("v1", "chatbots", "helper", "policy")
	e.As(gus).Refused(access.KindNotFound, "").Sees("v1", "chatbots", "helper", "policy")
	readOnly := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyReadOnly, "organization": acme})
	e.With(readOnly).Sees("v1", "chatbots", "helper", "policy")
	e.With(readOnly).Refused(access.KindDenied, "B1").SetsPolicy(helper, fields{"enabled": false})
}

// TestFeatures tells the life of a feature (F1, R2).
func TestFeatures(t *testing.T) {
	e := newWorld(t)
	upload := access.Object{Type: access.TypeFeature, ID: "helper/file_upload"}
	path := testenv.Path("v1", "chatbots", "helper", "features", "file_upload")
	e.As(mel).Refused(access.KindNotFound, "").Does("GET", path, nil)
	e.As(mel).Refused(access.KindNotFound, "").Does("DELETE", path, nil)
	e.Cannot(bob, access.Use, upload) // off by default

	set := e.As(mel).PutsFeature(helper, "file_upload", fields{"enabled": true, "limits": fields{"max_file_size_mb": 10}})
	require.NotEmpty(t, set["zedtoken"])
	delete(set, "zedtoken")
	require.Equal(t, map[string]any{
		"id": "helper/file_upload", "chatbot": "helper", "name": "file_upload", "enabled": true, "allowed_roles": nil, "user_types": nil,
		"limits": map[string]any{"max_file_size_mb": 10.0},
	}, set)
	require.Equal(t, set, e.As(adam).Does("GET", path, nil))
	e.Cannot(bob, access.Use, upload) // nothing says how large the file is
	e.As(mel).PutsFeature(helper, "file_upload", fields{"limits": nil})
	e.Can(bob, access.Use, upload)
	e.As(mel).PutsFeature(helper, "file_upload", fields{"allowed_roles": []string{"platform:site_admin"}})
	e.Cannot(bob, access.Use, upload)

	names := func() (names []any) {
		for _, item := range e.As(mel).Sees("v1", "chatbots", "helper", "features")["items"].([]any) {
			names = append(names, item.(map[string]any)["name"])
		}
		return names
	}
	require.Equal(t, []any{"file_upload", "traces"}, names())
	e.As(mel).PutsFeature(helper, "file_upload", fields{"allowed_roles": nil})
	e.Can(bob, access.Use, upload)
	e.As(mel).Does("DELETE", path, nil)
	e.Cannot(bob, access.Use, upload)
	require.Equal(t, []any{"traces"}, names())
	e.As(mel).PutsFeature(helper, "file_upload", fields{})
	e.Cannot(bob, access.Use, upload) // set again, it starts with nothing

	e.As(bob).Does("GET", path, nil) // bob reads the settings, and changes none
	e.As(bob).Sees("v1", "chatbots", "helper", "features")
	e.As(bob).Refused(access.KindDenied, "R2").Does("DELETE", path, nil)
	e.As(mel).Shares(helper, bob, access.UseOnly)
	for _, method := range []string{"GET", "PUT", "DELETE"} { // now he may interact, and no more
		var body any
		if method == "PUT" {
			body = fields{"enabled": true}
		}
		e.As(bob).Refused(access.KindDenied, "R2").Does(method, path, body)
		e.As(gus).Refused(access.KindNotFound, "").Does(method, path, body)
		e.As(mel).Refused(access.KindInvalid, "I1").Does(method, testenv.Path("v1", "chatbots", "helper", "features", "File Upload"), body)
	}
	e.As(bob).Refused(access.KindDenied, "R2").Sees("v1", "chatbots", "helper", "features")
	e.As(mel).Refused(access.KindUnprocessable, "F1").PutsFeature(helper, "file_upload", fields{"limits": fields{"size": 1}})
	e.As(mel).Refused(access.KindInvalid, "").PutsFeature(helper, "file_upload", fields{"limits": fields{"max_size": "10"}})
	e.As(mel).Refused(access.KindUnprocessable, "G8").PutsFeature(helper, "file_upload", fields{"user_types": []string{}})
}
