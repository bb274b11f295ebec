package faults_test

import (
	"fmt"
	"net/url"
)

// kind is a way in which a thing is changed.
type kind struct {
	name string
	// change is the call that gives the thing another value.
	change func(x *thing, next string) sending
	// tells reports whether the user of the thing is notified of its changes, and mailed when access is gained.
	tells bool
}

// The kinds of things that are changed by one call each.
var (
	sharedByRoot = &kind{name: "shared by the root key", tells: true, change: func(x *thing, next string) sending {
		return share("", x.bot, "user:"+x.user, next)
	}}
	sharedByOwner = &kind{name: "shared by the owner", tells: true, change: func(x *thing, next string) sending {
		return share("mia", x.bot, "user:"+x.user, next)
	}}
	sharedByMail = &kind{name: "shared with an address", tells: true, change: func(x *thing, next string) sending {
		return share("mia", x.bot, "email:"+address(x.user), next)
	}}
	teamMate = &kind{name: "in a team", change: func(x *thing, next string) sending {
		s := sending{method: "DELETE", path: fmt.Sprintf("/v1/teams/team-of-%s/members/%s", x.bot, x.user)}
		if next != "" {
			s.method, s.body = "PUT", `{"role": "member"}`
		}
		return s
	}}
	enabled = &kind{name: "not disabled", change: func(x *thing, next string) sending {
		return sending{method: "PUT", path: "/v1/chatbots/" + x.bot + "/policy", body: fmt.Sprintf(`{"enabled": %t}`, next != "")}
	}}
	feature = &kind{name: "a feature", change: func(x *thing, next string) sending {
		return sending{method: "PUT", path: "/v1/chatbots/" + x.bot + "/features/voice", body: fmt.Sprintf(`{"enabled": %t}`, next != "")}
	}}
	inRow = &kind{name: "in a row", change: func(x *thing, next string) sending {
		s := sending{method: "DELETE", path: fmt.Sprintf("/v1/chatbots/%s/permissions/%s", x.bot, x.user), actor: "olga"}
		if next != "" {
			s.method, s.body = "PUT", `{"actions": ["read"]}`
		}
		return s
	}}
)

// The kinds that take more than a call, or change together.
var (
	approved = &kind{name: "approved", change: func(x *thing, next string) sending {
		return share("mia", x.bot, "organization:globex", next)
	}}
	imported = &kind{name: "imported", change: func(x *thing, next string) sending {
		return share("", x.bot, "user:"+x.user, next)
	}}
	invited = &kind{name: "invited", change: func(x *thing, _ string) sending {
		return sending{method: "DELETE", path: "/v1/organizations/acme/members/" + x.user}
	}}
)

// untilOffboarded is the kind of what a user has until they go.
func untilOffboarded(given sending) *kind {
	return &kind{name: "not offboarded", change: func(*thing, string) sending { return given }}
}

// share gives somebody a level on a chatbot, or ends that.
func share(actor, bot, principal, level string) sending {
	s := sending{method: "DELETE", path: fmt.Sprintf("/v1/chatbots/%s/shares/%s", bot, url.PathEscape(principal)), actor: actor}
	if level != "" {
		s.method, s.body = "PUT", fmt.Sprintf(`{"access": %q}`, level)
	}
	return s
}

// address is the verified e-mail address of a user.
func address(user string) string { return user + "@example.org" }
