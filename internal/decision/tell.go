package decision

import (
	"context"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// tell adds details to each answer. Only account keys and users who could see the resource learn the reason of a denial (C6); everyone learns the
// limits of a feature that is used (F1).
func (r *round) tell(ctx context.Context, items []*item) error {
	var unsure []*item
	for _, it := range items {
		switch {
		case it.answer.Err != nil:
		case it.answer.Allowed:
			it.answer.Limits, it.mayKnowWhy = it.limits, true
		case it.stage == hidden, it.veiled:
		case r.actor.User == "":
			// A confined key learns nothing about who is outside its organization.
			it.mayKnowWhy = !it.private || r.actor.Organization == ""
		case it.stage == settled && !it.failed:
		case it.req.Resource.object() == access.PlatformObject: // everyone knows that it exists
			it.mayKnowWhy = true
		case it.failed, len(it.missing) > 0, it.req.Explain:
			unsure = append(unsure, it)
		}
	}
	err := r.forEach(ctx, unsure, r.seeing, func(it *item, sees bool, err error) {
		it.mayKnowWhy = sees && err == nil // on an error it is left out; the decision stands
	})
	if err != nil {
		return err
	}
	for _, it := range items {
		if it.mayKnowWhy && !it.answer.Allowed {
			it.say()
		}
	}
	return r.explainAll(ctx, items)
}

// seeing returns the questions whether the actor's user could see the resource: has any action on it, or, for a feature, on its chatbot.
func (r *round) seeing(it *item) []spice.Question {
	o := it.req.Resource.object()
	if chatbot, _, ok := splitFeature(o.ID); ok && o.Type == access.TypeFeature {
		o = access.Obj(access.TypeChatbot, chatbot)
	}
	if o.Type == access.TypeChatbot {
		return []spice.Question{r.actorQuestion(o, string(access.See))}
	}
	var questions []spice.Question
	for _, action := range r.actions(o.Type) {
		permission, _ := r.permission(o.Type, action)
		questions = append(questions, r.actorQuestion(o, permission))
	}
	return questions
}

// say states what stopped the item, in the caller's terms (C2, F1).
func (it *item) say() {
	for _, name := range it.missing {
		switch word := wordOf[name]; {
		case name == schema.ParamValues:
			it.answer.Missing = append(it.answer.Missing, it.limited.missing...)
		case word != "":
			it.answer.Missing = append(it.answer.Missing, word)
		case slices.Contains(it.mistyped, name):
			it.answer.Mistyped = append(it.answer.Mistyped, name)
		default:
			it.answer.Missing = append(it.answer.Missing, name)
		}
	}
	it.answer.Missing = sortedOnce(it.answer.Missing)
	it.answer.Mistyped = sortedOnce(it.answer.Mistyped)

	var reasons []string
	if len(it.answer.Missing) > 0 {
		reasons = append(reasons, "missing value: "+strings.Join(it.answer.Missing, ", "))
	}
	if len(it.answer.Mistyped) > 0 {
		reasons = append(reasons, "wrong type for the condition: "+strings.Join(it.answer.Mistyped, ", "))
	}
	if it.limitsStopped() {
		it.answer.Limits = it.limits
		if len(it.limited.exceeded) > 0 {
			reasons = append(reasons, "over the limit: "+strings.Join(it.limited.exceeded, ", "))
		}
		if len(it.limited.negative) > 0 {
			reasons = append(reasons, "below 0: "+strings.Join(it.limited.negative, ", "))
		}
	}
	if it.failed {
		reasons = append(reasons, it.why)
	}
	it.answer.Reason = strings.Join(reasons, "; ")
}

func sortedOnce[T ~string](words []T) []T {
	slices.Sort(words)
	return slices.Compact(words)
}
