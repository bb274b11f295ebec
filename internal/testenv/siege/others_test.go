package siege_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The people of acme, whose product asks and whose staff share.
const (
	chatbots  = 10
	users     = 50 // user-N has a share of chatbot N modulo chatbots, and of nothing else
	newcomers = 20 // are given and lose a share of the chatbot "lent"
)

func botID(n int) string      { return fmt.Sprintf("bot-%d", n) }
func userID(n int) string     { return fmt.Sprintf("user-%d", n) }
func newcomerID(n int) string { return fmt.Sprintf("newcomer-%d", n) }

// settle imports acme, and those who attack: nobody, and mallory with an organization.
func (s *siege) settle() {
	rows := []object{
		{"kind": "membership", "organization": "acme", "user": "alice", "role": "owner"},
		{"kind": "membership", "organization": "evil", "user": "mallory", "role": "owner"},
		{"kind": "user", "user": "nobody", "email": "nobody@evil.test"},
		{"kind": "chatbot", "chatbot": "lent", "organization": "acme", "owner": "alice"},
		{"kind": "chatbot", "chatbot": "malbot", "organization": "evil", "owner": "mallory"},
	}
	for n := range chatbots {
		rows = append(rows, object{"kind": "chatbot", "chatbot": botID(n), "organization": "acme", "owner": "alice"})
	}
	for n := range users {
		rows = append(rows, object{"kind": "user", "user": userID(n)},
			object{"kind": "share", "chatbot": botID(n % chatbots), "principal": "user:" + userID(n), "access": "use_only"})
	}
	for n := range newcomers {
		rows = append(rows, object{"kind": "user", "user": newcomerID(n)})
	}
	s.root.imports(s, rows)
}

// othersFrom is the address from which the others call. The attackers have the ones before and after it.
const othersFrom = "127.0.0.2"

// key makes an account key for some of the others.
func (s *siege) key(access string) string {
	return s.root.must(s, "POST", "/v1/keys", object{"name": access, "access": access})["secret"].(string)
}

// beOthers has the others work until they are stopped, each at a steady pace that leaves the server idle most of the time.
func (s *siege) beOthers(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	backend, manager := s.key("read_only"), s.key("read_write")
	begin := func(w work, credentials string, every time.Duration, do func(*other) error) {
		o := &other{siege: s, caller: s.server.from(othersFrom, credentials), rng: rand.New(rand.NewPCG(1, uint64(len(w))))}
		all.Go(func() { o.work(ctx, w, every, do) })
	}
	begin(decisions, backend, 20*time.Millisecond, (*other).decides)
	begin(decisions, backend, 20*time.Millisecond, (*other).decides)
	begin(batches, backend, 100*time.Millisecond, (*other).decidesMany)
	begin(searches, backend, 100*time.Millisecond, (*other).searches)
	begin(changes, manager, 60*time.Millisecond, (*other).changes)
	if s.exports {
		begin(exports, rootKey, 3*time.Second, (*other).exports)
	}
	return func() { cancel(); all.Wait() }
}

// other is one of the others.
type other struct {
	*siege
	*caller
	rng     *rand.Rand
	changed int
	rest    string // of a change: whether its effect holds is asked outside of the time that is measured
	allowed bool
}

// work repeats the work until the context ends. A call counts for the phase in which it began.
func (o *other) work(ctx context.Context, w work, every time.Duration, do func(*other) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		phase, began := o.phase.Load(), time.Now()
		err := do(o)
		took := time.Since(began)
		if o.rest != "" && err == nil {
			err = o.finds(o.rest, "lent", o.allowed)
		}
		o.siege.calls.add(w, phase, took, every, err)
	}
}

func question(user, bot string) object {
	return object{
		"subject": object{"type": "user", "id": user}, "action": object{"name": "interact"}, "resource": object{"type": "chatbot", "id": bot},
	}
}

// finds asks for one decision, which has to be as said.
func (o *other) finds(user, bot string, want bool) error {
	var answer struct{ Decision *bool }
	if err := o.ask(o.Context(), "POST", "/access/v1/evaluation", question(user, bot), &answer); err != nil {
		return err
	}
	if answer.Decision == nil || *answer.Decision != want {
		return fmt.Errorf("%s on %s was decided wrongly: not %t", user, bot, want)
	}
	return nil
}

func (o *other) decides() error {
	user, bot := o.rng.IntN(users), o.rng.IntN(chatbots)
	return o.finds(userID(user), botID(bot), user%chatbots == bot)
}

func (o *other) decidesMany() error {
	user := o.rng.IntN(users)
	var items []object
	for bot := range chatbots {
		items = append(items, question(userID(user), botID(bot)))
	}
	var answer struct{ Evaluations []struct{ Decision bool } }
	if err := o.ask(o.Context(), "POST", "/access/v1/evaluations", object{"evaluations": items}, &answer); err != nil {
		return err
	}
	if len(answer.Evaluations) != chatbots {
		return fmt.Errorf("%d of %d questions were answered", len(answer.Evaluations), chatbots)
	}
	for bot, e := range answer.Evaluations {
		if e.Decision != (user%chatbots == bot) {
			return fmt.Errorf("%s on %s was decided wrongly in a batch", userID(user), botID(bot))
		}
	}
	return nil
}

func (o *other) searches() error {
	user := o.rng.IntN(users)
	var answer struct {
		Results []struct{ ID string }
	}
	q := question(userID(user), "")
	q["resource"] = object{"type": "chatbot"}
	if err := o.ask(o.Context(), "POST", "/access/v1/search/resource", q, &answer); err != nil {
		return err
	}
	if len(answer.Results) != 1 || answer.Results[0].ID != botID(user%chatbots) {
		return fmt.Errorf("a search for %s found %v", userID(user), answer.Results)
	}
	return nil
}

// changes shares a chatbot or takes a share back, in turns. work then looks that it holds.
func (o *other) changes() error {
	o.allowed = o.changed%2 == 0
	o.rest = newcomerID(o.changed / 2 % newcomers)
	path := "/v1/chatbots/lent/shares/user:" + o.rest
	if !o.allowed {
		err := o.ask(o.Context(), "DELETE", path, nil, nil)
		if err == nil {
			o.changed++
		}
		return err
	}
	err := o.ask(o.Context(), "PUT", path, object{"access": "use_only"}, nil)
	if err == nil {
		o.changed++
	}
	return err
}

func (o *other) exports() error {
	req, err := http.NewRequestWithContext(o.Context(), http.MethodGet, "http://"+o.siege.server.address+"/v1/export?format=jsonl", http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+rootKey)
	resp, err := o.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the export: %d %s", resp.StatusCode, text)
	}
	return err
}

// among runs n attackers, and returns when all of them have ended, which they do when the context does.
func among(ctx context.Context, n int, attacker func(ctx context.Context, i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for ctx.Err() == nil {
				attacker(ctx, i)
			}
		})
	}
	all.Wait()
}

// attackersFrom are the addresses of attackers who have more than one.
var attackersFrom = []string{"127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"}

// fill is n bytes of the text, repeated.
func fill(text string, n int) string { return string(slices.Repeat([]byte(text), n/len(text)+1)[:n]) }
