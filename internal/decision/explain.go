package decision

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// Explanation explains a decision in sentences (C5). Each ends with the rules it is based on.
//
// The engine takes the decision. The sentences come from the facts, and the engine confirms each granting path before it is named, so that a change
// in between makes an explanation shorter but never wrong. The engine's own trace is not enough: it ends at any cached answer, such as that of the
// same question, and it does not distinguish gates.
type Explanation struct {
	Because          []string // if allowed: one complete path, step by step
	StoppedBy        []string // if denied: everything that prevents it
	CouldBeGrantedBy []string // if denied: who could grant it
}

// cited matches the rules at the end of a sentence.
var cited = regexp.MustCompile(`\(((?:` + schema.RulePattern + `)(?:, (?:` + schema.RulePattern + `))*)\)$`)

// Rules lists the rules and sections of the model that the sentences end with, each once.
func (e Explanation) Rules() []string {
	var rules []string
	for _, sentence := range slices.Concat(e.Because, e.StoppedBy) {
		if m := cited.FindStringSubmatch(sentence); m != nil {
			rules = appendOnce(rules, strings.Split(m[1], ", ")...)
		}
	}
	return rules
}

// untold is the sentence for facts that do not support the engine's decision.
const untold = "the facts behind the decision are changing right now: ask again"

// explainAll explains the items that ask for it, denied ones only if the actor may know the reason (C6).
func (r *round) explainAll(ctx context.Context, items []*item) error {
	var wanted []*item
	for _, it := range items {
		if it.req.Explain && it.answer.Err == nil {
			wanted = append(wanted, it)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return r.directory.View(ctx, func(facts Facts) error {
		n := r.userCache(facts)
		for _, it := range wanted {
			x := &explainer{round: r, userCache: n, ctx: ctx, it: it}
			if err := x.explain(); err != nil {
				return err
			}
			it.answer.Why = &x.said
		}
		return nil
	})
}

// explainer builds the explanation of one decision.
type explainer struct {
	*round
	*userCache
	ctx  context.Context //nolint:containedctx // the call's: an explainer lasts as long as one explanation
	it   *item
	said Explanation
	hops int // how many arrows without a trace were followed
}

func (x *explainer) because(format string, args ...any) {
	x.said.Because = appendOnce(x.said.Because, fmt.Sprintf(format, args...))
}

func (x *explainer) stopped(format string, args ...any) {
	x.said.StoppedBy = appendOnce(x.said.StoppedBy, fmt.Sprintf(format, args...))
}

func (x *explainer) grantable(by ...string) {
	x.said.CouldBeGrantedBy = appendOnce(x.said.CouldBeGrantedBy, by...)
}

// appendOnce appends the sentences that are not in the list yet.
func appendOnce(all []string, sentences ...string) []string {
	for _, s := range sentences {
		said := false
		for _, t := range all {
			said = said || s == t
		}
		if !said {
			all = append(all, s)
		}
	}
	return all
}

func (x *explainer) explain() error {
	it := x.it
	o := it.req.Resource.object()
	admitted, err := x.admits(x.userCache, o)
	if err != nil {
		return err
	}
	switch {
	case it.stage == hidden:
		x.stopped("%s", access.NotFound(o).Detail)
	case it.veiled && !it.answer.Allowed && it.answer.Err == nil:
		x.stopped("gates count as failed and the reason is not shown, because %s has not joined an organization of yours (C7)", x.who())
	case !it.mayKnowWhy && it.stage == settled && !it.failed && !it.private:
		x.stopped("%s", it.why) // it depends only on the request
	case !it.mayKnowWhy && it.private:
		x.stopped("the subject has no access to %s", o)
	case !it.mayKnowWhy:
		x.stopped("%s", access.NotFound(o).Detail)
	case !admitted && it.answer.Allowed:
		x.because("%s is explained only to callers from the allowed IP ranges of its organization (B4)", o)
	case !admitted:
		x.stopped("%s is explained only to callers from the allowed IP ranges of its organization (B4)", o)
	case it.stage == settled || it.failed:
		x.stopped("%s", it.why)
	case it.absent:
		x.stopped("%s", access.NotFound(o).Detail)
	default:
		if err := x.onResource(o); err != nil {
			return err
		}
		if it.answer.Allowed && len(x.said.Because) == 0 {
			x.because(untold)
		}
		if !it.answer.Allowed && len(x.said.StoppedBy) == 0 {
			x.stopped(untold)
		}
	}
	return nil
}

// onResource explains a decision of the engine.
func (x *explainer) onResource(o access.Object) error {
	allowed, action := x.it.answer.Allowed, access.Action(x.it.req.Action.Name)
	switch o.Type {
	case access.TypePlatform:
		return x.onPlatform(o, action, allowed)
	case access.TypeOrganization:
		return x.onOrganization(access.OrganizationID(o.ID), action, allowed)
	case access.TypeTeam:
		return x.onTeam(o, allowed)
	case access.TypeDocument, access.TypeMCPServer, access.TypeMetric:
		return x.onHanging(o, allowed)
	case access.TypeFeature:
		return x.onFeature(o, allowed)
	case access.TypeChatbot:
		bot, ok, err := x.Chatbot(access.ChatbotID(o.ID))
		if err != nil || !ok {
			x.stopped("%s", access.NotFound(o).Detail)
			return err
		}
		return x.onChatbot(bot, action, allowed)
	}
	return x.onExtension(o)
}

// who names the subject.
func (x *explainer) who() string {
	switch x.it.subject.Type {
	case access.TypeVisitor:
		return "a visitor"
	case access.TypeAPIKey:
		return "API key " + x.it.subject.ID
	}
	return x.it.subject.ID
}

// user returns the subject if it is a user, otherwise nil.
func (x *explainer) user() (*person, error) {
	if x.it.subject.Type != access.TypeUser {
		return nil, nil
	}
	return x.person(access.UserID(x.it.subject.ID))
}

// confirms asks the engine about a part of the path, for the same subject and with the same values.
func (x *explainer) confirms(q spice.Question) (bool, error) {
	a, err := x.asksEngine(q.Resource, q.Permission, x.it.values)
	return a.Allowed, err
}

func (x *explainer) asksEngine(o access.Object, permission string, values map[string]any) (spice.Answer, error) {
	a := x.askAlone(x.ctx, spice.Question{Subject: x.it.subject, Permission: permission, Resource: o, Context: values})
	if a.Err != nil && access.KindOf(a.Err) != access.KindInvalid {
		return a, a.Err
	}
	return a, nil
}

// grantedBy adds the first source that the engine confirms.
func (x *explainer) grantedBy(sources []source) error {
	for _, from := range sources {
		ok, err := x.confirms(from.witness)
		if err != nil {
			return err
		}
		if ok {
			x.because("%s", from.because)
			return nil
		}
	}
	return nil
}

// onChatbot explains why the subject has the action on the chatbot, or does not have it.
func (x *explainer) onChatbot(bot access.Chatbot, action access.Action, allowed bool) error {
	if err := x.granting(bot, action, allowed); err != nil || action != access.Interact {
		return err
	}
	if !allowed && !bot.Enabled {
		x.said.StoppedBy = append([]string{fmt.Sprintf("%s is disabled (G1)", bot.ID)}, x.said.StoppedBy...)
		x.grantable(managers(bot, false)...)
	}
	return x.gates(bot, allowed)
}

// granting is onChatbot without the gates.
func (x *explainer) granting(bot access.Chatbot, action access.Action, allowed bool) error {
	p, err := x.user()
	if err != nil {
		return err
	}
	link := action == access.Interact && bot.Visibility != access.OwnerOnly && bot.LinkDigest != "" && bot.PublicMode.Admits(x.it.subject.Type)
	presented, sent := x.it.values[schema.ParamLink]
	byLink := source{
		because: fmt.Sprintf("%s presents the public link of %s (L1)", x.who(), bot.ID),
		witness: spice.Question{Permission: schema.RelCanInteract, Resource: access.Obj(access.TypeChatbot, bot.ID)},
	}
	if x.it.subject.Type == access.TypeAPIKey {
		return x.onKey(bot, action, allowed)
	}
	var found []source
	var s *standing
	if p != nil {
		if s, err = x.standing(bot, p.ID, x.now); err != nil {
			return err
		}
		found = s.grants(action)
		link = link && s.row == nil
	}
	if link && presented == bot.LinkDigest {
		found = append(found, byLink)
	}
	if allowed {
		return x.grantedBy(found)
	}
	if len(found) > 0 {
		return nil // a gate denies it
	}
	ownersOnly := action == access.Transfer || action == access.Delete
	if s == nil {
		if action == access.Interact && link {
			x.lacksLink(bot, sent)
		} else {
			x.stopped("nothing gives %s to a visitor on %s (L1)", action, bot.ID)
		}
		if action == access.Interact {
			x.grantable(managers(bot, false)...)
		}
		return nil
	}
	for _, why := range s.lacks(action) {
		x.stopped("%s", why)
	}
	if link {
		x.lacksLink(bot, sent)
	}
	x.grantable(managers(bot, ownersOnly || s.row != nil && s.role == access.OrgOwner)...)
	return nil
}

func (x *explainer) lacksLink(bot access.Chatbot, sent bool) {
	if sent {
		x.stopped("the link presented is not the public link of %s (L1)", bot.ID)
		return
	}
	x.stopped("needs link (L1)")
}
