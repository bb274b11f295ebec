package plain

import (
	"math/rand/v2"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// Questions is every action on every resource for every subject, things and people that are not there included, each with random request
// values at a moment about now; those on which a request weighs most are asked several times. Use Era as now for the expiries of a random
// world to matter.
func Questions(w *World, rng *rand.Rand, now time.Time) []Question {
	var questions []Question
	for _, s := range w.subjects() {
		for _, o := range w.objects() {
			for _, a := range actionsOn(o.Type) {
				for range timesAsked(s, o, a) {
					q := Question{Subject: s, Action: a, Resource: o}
					q.Request = w.request(rng, now, q)
					questions = append(questions, q)
				}
			}
		}
	}
	return questions
}

// timesAsked is how often the question is asked, with other values each time: visitors, for whom most is denied without a second
// thought, are asked about most often where they may get something.
func timesAsked(s access.Subject, o access.Object, a access.Action) int {
	switch a {
	case access.Interact, access.View, access.Use:
		switch {
		case o.ID == nothing:
			return 1
		case s.Type == access.TypeVisitor:
			return 6
		}
		return 2
	}
	return 1
}

// actionsOn is what can be asked about the type, and one action that cannot (C1).
func actionsOn(t access.Type) []access.Action {
	actions := append([]access.Action{}, access.Actions[t]...)
	if t == access.TypeChatbot {
		actions = append(actions, access.See)
	}
	return append(actions, "fly")
}

// subjects is everyone of the world, an unknown user, a visitor, and a key that is not there.
func (w *World) subjects() []access.Subject {
	subjects := []access.Subject{
		{Type: access.TypeUser, ID: "a stranger"},
		{Type: access.TypeVisitor, ID: "someone"},
		{Type: access.TypeAPIKey, ID: "no key"},
	}
	for _, u := range w.Users {
		subjects = append(subjects, access.Subject{Type: access.TypeUser, ID: string(u.ID)})
	}
	for _, k := range w.APIKeys {
		subjects = append(subjects, access.Subject{Type: access.TypeAPIKey, ID: string(k.ID)})
	}
	return subjects
}

// nothing is an ID that no thing has.
const nothing = "nothing"

// objects is everything of the world that can be asked about, and of each type one that is not there (C1).
func (w *World) objects() []access.Object {
	objects := []access.Object{access.PlatformObject}
	for _, o := range w.Organizations {
		objects = append(objects, access.Obj(access.TypeOrganization, o.ID))
	}
	for _, t := range w.Teams {
		objects = append(objects, access.Obj(access.TypeTeam, t.ID))
	}
	for _, c := range w.Chatbots {
		objects = append(objects, access.Obj(access.TypeChatbot, c.ID))
	}
	for _, r := range w.Resources {
		objects = append(objects, access.Object{Type: r.Type, ID: r.ID})
	}
	for _, f := range w.Features {
		objects = append(objects, access.Object{Type: access.TypeFeature, ID: access.FeatureID(f.Chatbot, f.Name)})
	}
	for _, t := range []access.Type{
		access.TypePlatform, access.TypeOrganization, access.TypeTeam, access.TypeChatbot, access.TypeDocument, access.TypeMCPServer,
		access.TypeMetric, access.TypeFeature, "spaceship",
	} {
		objects = append(objects, access.Object{Type: t, ID: nothing})
	}
	return objects
}

// ChatbotOf is the chatbot that the object is or hangs on, or "".
func (w *World) ChatbotOf(o access.Object) access.ChatbotID {
	if o.Type == access.TypeChatbot {
		return access.ChatbotID(o.ID)
	}
	for _, r := range w.Resources {
		if r.Type == o.Type && r.ID == o.ID {
			return r.Chatbot
		}
	}
	for _, f := range w.Features {
		if o.Type == access.TypeFeature && access.FeatureID(f.Chatbot, f.Name) == o.ID {
			return f.Chatbot
		}
	}
	return ""
}

// request is what a caller might send: mostly what helps, at a moment about now.
func (w *World) request(rng *rand.Rand, now time.Time, q Question) Request {
	r := Request{
		Now:    now.Add(pick(rng, 0, 0, -time.Millisecond, time.Second-time.Millisecond, time.Second, -2*time.Hour)),
		Email:  pick(rng, "", "", "x@acme.com", "X@ACME.COM", "x@sub.acme.com", "z@Bücher.example", "not an address"),
		IP:     pick(rng, "", "192.0.2.9", "198.51.100.7", "198.51.100.8", "2001:db8::5", "not an address"),
		Values: map[string]float64{},
	}
	if rng.IntN(3) > 0 {
		r.Values["file_size_mb"] = float64(rng.IntN(20)) + pick(rng, 0, 0, 0.5)
	}
	if rng.IntN(3) > 0 {
		r.Values["files"] = pick(rng, -1, 1, 2.5, 3)
	}
	switch rng.IntN(5) {
	case 0:
		r.Link = "link of another"
	case 1, 2, 3:
		r.Link = Link(w.ChatbotOf(q.Resource))
	}
	return r
}
