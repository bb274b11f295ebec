package console

import (
	"net/http"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
)

type tryBody struct {
	Subject, Action, Resource, Email, IP string
	Asked                                bool
	Answer                               decision.Answer
}

// try asks whether a subject may do something, and shows the decision with its reasons. The question is in the address, so that it can be passed on, and holds no secrets. Who
// may ask about whom is judged like a question of a backend (C7).
func (c *call) try() error {
	q := c.r.URL.Query()
	b := tryBody{
		Subject: strings.TrimSpace(q.Get("subject")), Action: q.Get("action"), Resource: strings.TrimSpace(q.Get("resource")),
		Email: strings.TrimSpace(q.Get("email")), IP: strings.TrimSpace(q.Get("ip")),
	}
	if b.Subject == "" {
		b.Subject = "user:" + string(c.actor.User)
	}
	v := view{Title: "Try access", Section: "try"}
	if b.Resource == "" {
		v.Body = b
		return c.render(http.StatusOK, "try", v)
	}
	answer, err := c.ask(b)
	switch k := access.KindOf(err); {
	case err == nil:
		b.Asked, b.Answer = true, answer
	case !correctable(err):
		return err
	default:
		c.refused = access.Refuse(k, ruleOf(err), "%s", detailOf(err))
	}
	v.Body = b
	return c.render(http.StatusOK, "try", v)
}

func (c *call) ask(b tryBody) (decision.Answer, error) {
	subject, err := access.ParseSubject(b.Subject)
	if err != nil {
		return decision.Answer{}, err
	}
	resource, err := access.ParseObject(b.Resource)
	if err != nil {
		return decision.Answer{}, err
	}
	req := decision.Request{
		Subject: decision.Entity{Type: string(subject.Type), ID: subject.ID}, Action: decision.Action{Name: b.Action},
		Resource: decision.Entity{Type: string(resource.Type), ID: resource.ID}, Context: map[string]any{}, Explain: true, Newest: true,
	}
	if b.Email != "" {
		req.Subject.Properties = map[string]any{"email": b.Email}
	}
	if b.IP != "" {
		req.Context["ip"] = b.IP
	}
	if subject.Type == access.TypeAPIKey {
		req.Subject.Properties = map[string]any{"by": "id"}
	}
	return c.Decisions.Evaluate(c.r.Context(), c.actor, req)
}
