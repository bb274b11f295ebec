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
	// asks gives the subject of a question about the user of the thing, and what its context holds besides; nil for a user.
	asks func(user string) (subject, context entity)
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
	roleHolder = &kind{name: "holds the required role", change: func(x *thing, next string) sending {
		return member("/v1/roles/role-of-"+x.bot+"/assignees/"+x.user, next)
	}}
	inGroup = &kind{name: "in a group", change: func(x *thing, next string) sending {
		return member("/v1/groups/group-of-"+x.bot+"/members/user:"+x.user, next)
	}}
	visible = &kind{name: "visible to members", change: func(x *thing, next string) sending {
		visibility := "organization"
		if next == "" {
			visibility = "owner_only"
		}
		return sending{method: "PUT", path: "/v1/chatbots/" + x.bot, body: fmt.Sprintf(`{"visibility": %q}`, visibility), actor: "mia"}
	}}
	owned = &kind{name: "owned", change: func(x *thing, next string) sending {
		to := x.user
		if next == "" {
			to = "mia"
		}
		return sending{method: "POST", path: "/v1/chatbots/" + x.bot + "/transfer", body: fmt.Sprintf(`{"to": %q}`, to), actor: "olga"}
	}}
)

// member puts somebody into something, or takes them out.
func member(path, next string) sending {
	if next == "" {
		return sending{method: "DELETE", path: path}
	}
	return sending{method: "PUT", path: path, body: "{}"}
}

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
	linked = &kind{name: "reached by a link", change: func(x *thing, _ string) sending {
		return sending{method: "POST", path: "/v1/chatbots/" + x.bot + "/public-access/rotate", actor: "mia"}
	}, asks: func(link string) (subject, context entity) {
		return entity{"type": "visitor", "id": "somebody"}, entity{"link": link}
	}}
)

// unlocked is the kind of what the key of a chatbot opens until it is deleted.
func unlocked(id string) *kind {
	return &kind{name: "opened by a key", change: func(x *thing, _ string) sending {
		return sending{method: "DELETE", path: "/v1/chatbots/" + x.bot + "/api-keys/" + id, actor: "mia"}
	}, asks: func(secret string) (subject, context entity) {
		return entity{"type": "api_key", "id": secret}, entity{}
	}}
}

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

// address is the verified email address of a user.
func address(user string) string { return user + "@example.org" }
