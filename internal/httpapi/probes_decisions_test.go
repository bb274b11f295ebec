package httpapi_test

import (
	"maps"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/testenv"
)

// gated are chatbots of globex that everybody may use who passes one gate, which bob of acme passes. Whether he does is of no concern to globex (C7).
var gated = map[access.ChatbotID]fields{
	"gdomains":  {"email_domains": []string{"example.com"}},
	"gtypes":    {"user_types": []string{"internal"}},
	"gentities": {"entities": []string{"umbra"}},
	"grequired": {"required_roles": []string{"platform:content_user"}},
	"gallowed":  {"allowed_roles": []string{"platform:content_user"}},
}

// passesGates makes bob somebody who passes each of them. The organization of one gate is a third one, so that globex's record does not name acme.
func passesGates(e *testenv.Env) {
	e.Admin().PutsUser(bob, fields{"type": access.Internal})
	e.Admin().PutsOrganization("umbra", fields{"owner": alice})
	e.Admin().PutsMember("umbra", bob, access.OrgMember)
	e.Admin().GrantsPlatformRole(access.ContentUser, bob)
}

// putsGated makes the gated chatbots.
func putsGated(owner *testenv.Caller) {
	for _, bot := range slices.Sorted(maps.Keys(gated)) {
		owner.PutsChatbot(bot, fields{"organization": globex})
		owner.Shares(bot, access.Everyone, access.ReadOnly)
		owner.SetsPolicy(bot, gated[bot])
	}
}

// asked is a question: what its body names.
type asked struct {
	subject  fields
	action   access.Action
	resource access.Object
}

func (q asked) body(explain bool) fields {
	return fields{
		"subject": q.subject, "action": fields{"name": q.action}, "resource": fields{"type": q.resource.Type, "id": q.resource.ID},
		"context": fields{"explain": explain},
	}
}

// batched asks the same beside a question about nothing, in the two ways of a batch: what differs alone, or all of it.
func (q asked) batched(explain bool) []fields {
	one, other := q.body(explain), q.body(explain)
	other["resource"] = fields{"type": access.TypeChatbot, "id": "no-chatbot"}
	whole := fields{"evaluations": []fields{other, one}}
	part := q.body(explain)
	delete(part, "resource")
	part["evaluations"] = []fields{{"resource": other["resource"]}, {"resource": one["resource"]}}
	return []fields{whole, part}
}

// decisionProbes ask about acme's people, keys and things, alone and beside the caller's own.
func (w *isolated) decisionProbes(rt httpapi.RouteInfo) []probe {
	var all []probe
	add := func(place, id string, body func(id string) fields) {
		p := probe{route: rt, place: rt.Name + " " + place, id: id, nobody: nothing(id)}
		p.there = testenv.Call{Method: rt.Method, Path: rt.Path, Body: body(p.id)}
		p.absent = testenv.Call{Method: rt.Method, Path: rt.Path, Body: body(p.nobody)}
		all = append(all, p)
	}
	ask := func(place, id string, about func(id string) asked) {
		add(place, id, func(id string) fields { return about(id).body(true) })
		add(place+" unexplained", id, func(id string) fields { return about(id).body(false) })
		if rt.Name != "evaluateAll" {
			return
		}
		for i := range about(id).batched(true) {
			add(place+" in a batch", id, func(id string) fields { return about(id).batched(true)[i] })
		}
	}
	w.eachHidden(ask)
	w.eachPerson(ask)
	return all
}

// user is a user as the subject of a question.
func user(id string) fields { return fields{"type": access.TypeUser, "id": id} }

// eachHidden asks about each of acme's things.
func (w *isolated) eachHidden(ask func(place, id string, about func(id string) asked)) {
	for _, o := range of(w.acme) {
		for _, subject := range []string{string(gus), w.globex["user"], w.acme["user"]} {
			for i, action := range access.Actions[o.Type] {
				if i > 0 && subject != string(gus) {
					break // one action of everybody, and every action of one
				}
				ask("resource "+string(o.Type), o.ID, func(id string) asked {
					return asked{user(subject), action, access.Object{Type: o.Type, ID: id}}
				})
			}
		}
	}
}

// eachPerson asks what acme's people and keys may do with the caller's own things, and with those that only a gate closes.
func (w *isolated) eachPerson(ask func(place, id string, about func(id string) asked)) {
	own := of(w.globex)
	for _, bot := range slices.Sorted(maps.Keys(gated)) {
		own = append(own, access.Obj(access.TypeChatbot, bot))
	}
	subjects := map[string]struct {
		id string
		of func(id string) fields
	}{
		"user": {w.acme["user"], user},
		"user with an address": {w.acme["user"], func(id string) fields {
			return fields{"type": access.TypeUser, "id": id, "properties": fields{"email": "somebody@example.com"}}
		}},
		"key": {w.acme["api-keys/key"], func(id string) fields {
			return fields{"type": access.TypeAPIKey, "id": id, "properties": fields{"by": "id"}}
		}},
	}
	for _, name := range slices.Sorted(maps.Keys(subjects)) {
		s := subjects[name]
		for _, o := range own {
			ask("subject "+name, s.id, func(id string) asked { return asked{s.of(id), access.Actions[o.Type][0], o} })
		}
	}
}

// of is the things of a tenant about which decisions are asked.
func of(t tenant) []access.Object {
	return []access.Object{
		{Type: access.TypeOrganization, ID: t["org"]}, {Type: access.TypeTeam, ID: t["team"]}, {Type: access.TypeChatbot, ID: t["chatbot"]},
		{Type: access.TypeDocument, ID: t["documents/id"]}, {Type: access.TypeMCPServer, ID: t["mcp-servers/id"]}, {Type: access.TypeMetric, ID: t["metrics/id"]},
		{Type: access.TypeFeature, ID: access.FeatureID(access.ChatbotID(t["chatbot"]), t["feature"])},
	}
}
