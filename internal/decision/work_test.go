package decision_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/spice"
)

// counting is an engine that counts what it is asked.
type counting struct {
	decision.Engine
	questions int
}

func (c *counting) Check(ctx context.Context, f spice.Freshness, q spice.Question) (spice.Answer, error) {
	c.questions++
	return c.Engine.Check(ctx, f, q)
}

func (c *counting) CheckAll(ctx context.Context, f spice.Freshness, qs []spice.Question) ([]spice.Answer, error) {
	c.questions += len(qs)
	return c.Engine.CheckAll(ctx, f, qs)
}

func (c *counting) Resources(ctx context.Context, f spice.Freshness, q spice.Question, each func(string) error) error {
	c.questions++
	return c.Engine.Resources(ctx, f, q, func(id string) error {
		c.questions++ // as much as is found
		return each(id)
	})
}

func (c *counting) Subjects(ctx context.Context, f spice.Freshness, x *spice.Extension, q spice.Question, each func(string) error) error {
	c.questions++
	return c.Engine.Subjects(ctx, f, x, q, func(id string) error {
		c.questions++
		return each(id)
	})
}

// C6: what the actor may not see takes as much work as what is not there: a chatbot with many people, a document on it, a user who has much.
func TestC6WhatIsHiddenTakesAsMuchWorkAsWhatIsNotThere(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	braid(w, 3)
	e.Load(w)
	engine := &counting{Engine: e.Engine}
	s := decision.New(decision.Config{Engine: engine, Directory: e, Now: func() time.Time { return decisiontest.Noon }})
	work := func(ask func() error) int {
		engine.questions = 0
		err := ask()
		require.True(t, err == nil || access.KindOf(err) == access.KindNotFound, "%v", err)
		return engine.questions
	}
	searches := map[string]decisiontest.Search{"subjects": s.SearchSubjects, "resources": s.SearchResources, "actions": s.SearchActions}
	theirs := access.Actor{Key: "globex's", Access: access.KeyFull, Organization: "globex"}
	for name, actor := range map[string]access.Actor{"a user": as("zoe"), "a key": theirs, "a key that acts": {Key: "k", Access: access.KeyFull, User: "zoe"}} {
		for _, subject := range []string{"zoe", "anna", "ghost"} {
			for kind, find := range searches {
				search := func(subject string, o access.Object) int {
					return work(func() error {
						action := "read"
						if o.Type == access.TypeDocument {
							action = "view"
						}
						_, err := find(t.Context(), actor, asks(user(subject), action, o), decision.Page{})
						return err
					})
				}
				if kind != "resources" {
					require.Equal(t, search(subject, chatbot("nothing")), search(subject, chatbot("private")), "%s: %s", name, kind)
					require.Equal(t, search(subject, thing(access.TypeDocument, "nothing")), search(subject, thing(access.TypeDocument, "list")), "%s: %s", name, kind)
				} else if subject != "zoe" && actor.User != "" {
					require.Equal(t, search("ghost", chatbot("")), search(subject, chatbot("")), "%s: %s", name, kind)
				}
			}
			list := func(of access.ChatbotID) int {
				return work(func() error {
					_, err := s.ListResources(t.Context(), actor, access.TypeDocument, of, decision.Entity{Type: "user", ID: subject}, decision.Page{})
					return err
				})
			}
			require.Equal(t, list("nothing"), list("private"), name)
			explain := func(o string) int {
				return work(func() error {
					_, err := s.Evaluate(t.Context(), actor, explained(asks(user(subject), "read", chatbot(o))))
					return err
				})
			}
			require.Equal(t, explain("nothing"), explain("private"), name)
		}
	}
}
