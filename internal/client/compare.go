package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"
)

// askedAtOnce is how many questions go into one call.
const askedAtOnce = 100

// Comparison is how two servers differ.
type Comparison struct {
	From, To  *Holdings
	Questions int
	Granted   int // of the questions, where both servers agree
	Differing []Disagreement
}

// Disagreement is a question to which two servers give different answers.
type Disagreement struct {
	Question Question `json:"question"`
	From     bool     `json:"from"`
	To       bool     `json:"to"`
}

// Compare counts what both servers hold, and asks both the same random questions about it: who, what and the values that gates, links, limits and
// ranges of keys ask for are drawn from what the first server holds. The same seed draws the same questions from the same facts. A question to
// which the answers differ is asked once more, for it may have been changed or have expired in between.
func Compare(ctx context.Context, from, to *Client, questions int, seed uint64, asked func(n int)) (Comparison, error) {
	a := newAsker(from, seed)
	var c Comparison
	var both errgroup.Group
	both.Go(func() (err error) { c.From, err = from.holdings(ctx, a.learn); return err })
	both.Go(func() (err error) {
		c.To, err = to.holdings(ctx, func(exported) error { return nil })
		return err
	})
	if err := both.Wait(); err != nil {
		return c, err
	}
	if questions > 0 && len(a.users) == 0 {
		return c, errNothingToAsk
	}
	for c.Questions < questions {
		batch := make([]Question, min(askedAtOnce, questions-c.Questions))
		for i := range batch {
			var err error
			if batch[i], err = a.question(ctx); err != nil {
				return c, err
			}
		}
		if err := c.ask(ctx, from, to, batch); err != nil {
			return c, err
		}
		c.Questions += len(batch)
		asked(c.Questions)
	}
	return c, nil
}

// ask asks both servers, and again where they differ.
func (c *Comparison) ask(ctx context.Context, from, to *Client, batch []Question) error {
	for again := false; len(batch) > 0; again = true {
		ours, theirs, err := askBoth(ctx, from, to, batch)
		if err != nil {
			return err
		}
		var differing []Question
		for i, q := range batch {
			switch {
			case ours[i] != theirs[i] && again:
				c.Differing = append(c.Differing, Disagreement{Question: q, From: ours[i], To: theirs[i]})
			case ours[i] != theirs[i]:
				differing = append(differing, q)
			case ours[i]:
				c.Granted++
			}
		}
		batch = differing
		if again {
			return nil
		}
	}
	return nil
}

func askBoth(ctx context.Context, from, to *Client, batch []Question) (ours, theirs []bool, err error) {
	var both errgroup.Group
	both.Go(func() (err error) { ours, err = from.checkAll(ctx, batch); return err })
	both.Go(func() (err error) { theirs, err = to.checkAll(ctx, batch); return err })
	return ours, theirs, both.Wait()
}

// checkAll asks the questions in one call. An answer that could not be given is an error, and no denial.
func (c *Client) checkAll(ctx context.Context, batch []Question) ([]bool, error) {
	body, err := jsonBody(map[string]any{"evaluations": batch})
	if err != nil {
		return nil, err
	}
	data, err := c.answer(ctx, request{
		method: http.MethodPost, path: []string{"access", "v1", "evaluations"}, body: body, contentType: "application/json",
	})
	if err != nil {
		return nil, err
	}
	var given struct {
		Evaluations []Decision `json:"evaluations"`
	}
	if err := json.Unmarshal(data, &given); err != nil || len(given.Evaluations) != len(batch) {
		return nil, fmt.Errorf("the answer of %s is not %d decisions", c.Server(), len(batch))
	}
	decisions := make([]bool, len(batch))
	for i, d := range given.Evaluations {
		if problem, failed := d.Context["error"]; failed {
			question, err := json.Marshal(batch[i])
			if err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%s cannot decide %s: %v", c.Server(), question, problem)
		}
		decisions[i] = d.Allowed
	}
	return decisions, nil
}
