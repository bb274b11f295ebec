package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"time"
)

// asker asks for decisions and judges them.
type asker struct {
	*trial
	rng *rand.Rand
}

func (a *asker) ask() {
	for a.loading() {
		g := a.answering(a.rng, a.gateways[a.rng.IntN(len(a.gateways))])
		fresh := freshness(a.rng.IntN(int(manner)))
		if a.rng.IntN(5) > 0 {
			a.askOne(g, a.thing(a.rng), telling[a.rng.IntN(len(telling))], fresh)
		} else {
			a.askMany(g, fresh)
		}
		time.Sleep(time.Duration(a.rng.IntN(int(2 * a.askEvery))))
	}
}

type entity map[string]any

// question is the body of an evaluation. A feature that is used counts as a chatbot that is interacted with.
func question(q inquiry) entity {
	if q.x.kind.asks != nil {
		subject, context := q.x.kind.asks(q.x.user)
		return entity{
			"subject": subject, "action": entity{"name": q.action}, "resource": entity{"type": "chatbot", "id": q.x.bot}, "context": context,
		}
	}
	if q.x.kind == feature && q.action == "interact" {
		return entity{
			"subject": entity{"type": "user", "id": q.x.user}, "action": entity{"name": "use"}, "resource": entity{"type": "feature", "id": q.x.bot + "/voice"},
		}
	}
	return entity{
		"subject": entity{"type": "user", "id": q.x.user}, "action": entity{"name": q.action}, "resource": entity{"type": "chatbot", "id": q.x.bot},
	}
}

// how is the context that asks for the freshness.
func how(q inquiry) entity {
	switch q.fresh {
	case full:
		return entity{"consistency": "full"}
	case token:
		return entity{"zedtoken": q.token}
	}
	return entity{}
}

// answer is that of an evaluation.
type answer struct {
	Decision *bool
	Context  struct{ Error json.RawMessage }
}

// askOne asks for one decision. It reports whether there was one.
func (a *asker) askOne(g *gateway, x *thing, action string, fresh freshness) bool {
	q := x.ask(action, fresh, g)
	body := question(q)
	context := how(q)
	if own, has := body["context"].(entity); has {
		maps.Copy(context, own)
	}
	body["context"] = context
	var said answer
	if !a.evaluate(g, "/access/v1/evaluation", body, &said) {
		return false
	}
	return a.judge(q, said)
}

// askMany asks for several decisions in one call. Only the first can be asked with a token.
func (a *asker) askMany(g *gateway, fresh freshness) {
	var asked []inquiry
	var items []entity
	for i := range 5 {
		f := fresh
		if f == token && i > 0 {
			f = plain
		}
		x := a.thing(a.rng)
		for x.kind.asks != nil { // whose own context would replace the one of all
			x = a.thing(a.rng)
		}
		q := x.ask(telling[a.rng.IntN(len(telling))], f, g)
		asked, items = append(asked, q), append(items, question(q))
	}
	var said struct{ Evaluations []answer }
	if !a.evaluate(g, "/access/v1/evaluations", entity{"evaluations": items, "context": how(asked[0])}, &said) {
		return
	}
	for i, one := range said.Evaluations {
		a.judge(asked[i], one)
	}
}

// evaluate makes the call, and counts it where it is an error.
func (a *asker) evaluate(g *gateway, path string, body entity, said any) bool {
	data, err := json.Marshal(body)
	if err != nil {
		a.Error(err)
		return false
	}
	status, text, err := g.call(context.Background(), sending{method: "POST", path: path, body: string(data)})
	switch {
	case err != nil:
		a.erred("checks: no answer")
	case status != http.StatusOK:
		a.erred(fmt.Sprintf("checks: %d", status))
		if status < 500 && status != http.StatusTooManyRequests {
			a.wrong("refused", fmt.Sprintf("%s was refused: %s", path, text))
		}
	default:
		if err := json.Unmarshal(text, said); err != nil {
			a.wrong("malformed", fmt.Sprintf("%s: %v: %s", path, err, text))
			return false
		}
		return true
	}
	time.Sleep(50 * time.Millisecond)
	return false
}

// judge counts a decision, unless it is an error of one item of several.
func (a *asker) judge(q inquiry, said answer) bool {
	if said.Decision == nil || len(said.Context.Error) > 0 && !*said.Decision {
		a.erred("checks: item")
		return false
	}
	a.decided(q, q.decided(*said.Decision))
	return true
}
