package decision

import (
	"context"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// A review tells who has what, and through what. What somebody has is the engine's to say, at its newest state and without any value sent;
// through what is read from the facts, all of it, so that what is not needed can be seen. Whether the actor may read a review is for package
// sharing to judge, as of every other reading of what can be changed.

// Held is what one user has on one chatbot.
type Held struct {
	Chatbot access.ChatbotID
	User    access.UserID
	Actions []access.Action // in the order of the model; never empty
	Through []string        // such as "admin of acme (shared)"
}

// MatrixRow is one member in a chatbot's matrix (3.3).
type MatrixRow struct {
	User      access.UserID
	Role      access.OrgRole
	Row       []access.Action // nil for none, and empty for one without cells (M6)
	Asleep    bool            // the row is not heard (M1)
	Ceiling   []access.Action // of a row; of the chatbot's owner, who has none, all (M3)
	Effective []access.Action
	Because   map[access.Action]string // of each cell
}

// Matrix lists the people of the chatbot's organization with their cells, at most limit of those after the user named. The second result is
// whom to go on after, or "" at the end. What decides a cell is told as the reader may know it (O7).
func (s *Service) Matrix(ctx context.Context, reader access.Actor, id access.ChatbotID, after access.UserID, limit int) (rows []MatrixRow, next access.UserID, err error) {
	r, err := s.review(ctx)
	if err != nil {
		return nil, "", err
	}
	r.actor = reader
	var standings []*standing
	err = r.onChatbotFacts(ctx, id, func(n *notebook, bot access.Chatbot) error {
		members, err := n.Members(bot.Organization, after, limit+1)
		if err != nil {
			return err
		}
		if len(members) > limit {
			members = members[:limit]
			next = members[limit-1].User
		}
		for _, m := range members {
			st, err := n.standing(bot, m.User, r.now)
			if err != nil {
				return err
			}
			standings = append(standings, st)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	held, err := r.held(ctx, standings, access.RowActions)
	if err != nil {
		return nil, "", err
	}
	for i, st := range standings {
		row, err := r.matrixRow(ctx, st, held[i])
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, row)
	}
	return rows, next, nil
}

// matrixRow puts the cells of one member into words. Where the facts do not bear out what the engine has decided, because they are changing,
// the cell is asked and explained anew.
func (r *round) matrixRow(ctx context.Context, st *standing, held []access.Action) (MatrixRow, error) {
	row := MatrixRow{
		User: st.who.ID, Role: st.role, Row: st.set, Asleep: st.asleep, Ceiling: st.ceiling(), Because: map[access.Action]string{},
	}
	if st.bot.Owner == st.who.ID {
		row.Ceiling = access.RowActions
	}
	for _, action := range access.RowActions {
		effective := slices.Contains(held, action)
		grants := st.grants(action)
		switch {
		case effective != (len(grants) > 0):
			req := Request{
				Subject: Entity{Type: string(access.TypeUser), ID: string(st.who.ID)}, Action: Action{Name: string(action)},
				Resource: Entity{Type: string(access.TypeChatbot), ID: string(st.bot.ID)}, Newest: true, Explain: true,
			}
			answers, err := r.evaluate(ctx, access.System, []Request{req})
			if err != nil {
				return row, err
			}
			if answers[0].Err != nil {
				return row, answers[0].Err
			}
			effective = answers[0].Allowed
			row.Because[action] = sentence(append(answers[0].Why.Because, answers[0].Why.StoppedBy...))
		case effective:
			row.Because[action] = grants[0].because
		default:
			row.Because[action] = sentence(st.lacks(action))
		}
		if effective {
			row.Effective = append(row.Effective, action)
		}
	}
	return row, nil
}

// ChatbotAccess lists who has anything on the chatbot by more than a share with everyone, by user: at most limit of those after the user
// named. The second result is whom to go on after, or "" at the end.
//
// To an actor who is bound by C7, interact is left out for strangers whom the gates may tell about.
func (s *Service) ChatbotAccess(ctx context.Context, actor access.Actor, id access.ChatbotID, after access.UserID, limit int) (page []Held, next access.UserID, err error) {
	r, err := s.review(ctx)
	if err != nil {
		return nil, "", err
	}
	r.actor = actor
	for {
		var standings []*standing
		var candidates []access.UserID
		err := r.onChatbotFacts(ctx, id, func(n *notebook, bot access.Chatbot) (err error) {
			if candidates, err = n.candidates(bot, after, leastAtOnce); err != nil {
				return err
			}
			for _, user := range candidates {
				st, err := n.standing(bot, user, r.now)
				if err != nil {
					return err
				}
				if st.veiled, err = r.veilsInteract(n, st); err != nil {
					return err
				}
				if !st.who.Gone() && st.ownSources() {
					standings = append(standings, st)
				}
			}
			return nil
		})
		if err != nil {
			return nil, "", err
		}
		held, err := r.held(ctx, standings, access.Actions[access.TypeChatbot])
		if err != nil {
			return nil, "", err
		}
		for i, st := range standings {
			if len(held[i]) == 0 {
				continue
			}
			if len(page) == limit {
				return page, page[limit-1].User, nil
			}
			page = append(page, Held{Chatbot: id, User: st.who.ID, Actions: held[i], Through: st.through()})
		}
		if len(candidates) < leastAtOnce {
			return page, "", nil
		}
		after = candidates[len(candidates)-1]
	}
}

// UserAccess lists what the user has, by chatbot: at most limit of those after the one named, and only of those that the reader may know of. The
// second result is which to go on after, or "" at the end. A user who is not there has nothing.
func (s *Service) UserAccess(ctx context.Context, actor access.Actor, id access.UserID, after access.ChatbotID, limit int,
	mayKnow func([]access.ChatbotID) ([]bool, error)) (page []Held, next access.ChatbotID, err error) {
	r, err := s.review(ctx)
	if err != nil {
		return nil, "", err
	}
	r.actor = actor
	var bots []string
	var u access.User
	err = r.directory.View(ctx, func(facts Facts) (err error) {
		u, err = r.notebook(facts).user(id)
		return err
	})
	if err == nil && !u.Gone() {
		req := Request{Subject: Entity{Type: string(access.TypeUser), ID: string(id)}, Resource: Entity{Type: string(access.TypeChatbot)}}
		subject := access.Subject{Type: access.TypeUser, ID: string(id)}
		question := spice.Question{
			Subject: subject, Permission: string(access.See), Resource: access.Object{Type: access.TypeChatbot}, Context: r.lookupValues(req, subject, u),
		}
		bots, err = r.gathered(func(each func(string) error) error { return r.engine.Resources(ctx, r.engineState, question, each) })
	}
	if err != nil {
		return nil, "", err
	}
	bots = behind(bots, string(after))
	for part := range slices.Chunk(bots, leastAtOnce) {
		ids := make([]access.ChatbotID, len(part))
		for i, bot := range part {
			ids[i] = access.ChatbotID(bot)
		}
		known, err := mayKnow(ids)
		if err != nil {
			return nil, "", err
		}
		found, err := r.heldByUser(ctx, id, ids, known)
		if err != nil {
			return nil, "", err
		}
		for _, h := range found {
			if len(page) == limit {
				return page, page[limit-1].Chatbot, nil
			}
			page = append(page, h)
		}
	}
	return page, "", nil
}

// heldByUser is what the user has on those of the chatbots that are known.
func (r *round) heldByUser(ctx context.Context, id access.UserID, bots []access.ChatbotID, known []bool) ([]Held, error) {
	var standings []*standing
	err := r.directory.View(ctx, func(facts Facts) error {
		standings = nil
		n := r.notebook(facts)
		for i, b := range bots {
			if !known[i] {
				continue
			}
			bot, ok, err := n.Chatbot(b)
			if err != nil {
				return err
			}
			if !ok {
				continue // deleted since the engine was asked
			}
			st, err := n.standing(bot, id, r.now)
			if err != nil {
				return err
			}
			if st.veiled, err = r.veilsInteract(n, st); err != nil {
				return err
			}
			standings = append(standings, st)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	held, err := r.held(ctx, standings, access.Actions[access.TypeChatbot])
	if err != nil {
		return nil, err
	}
	var found []Held
	for i, st := range standings {
		if len(held[i]) > 0 {
			found = append(found, Held{Chatbot: st.bot.ID, User: id, Actions: held[i], Through: st.through()})
		}
	}
	return found, nil
}

// review is a round in which the newest state is asked.
func (s *Service) review(ctx context.Context) (*round, error) {
	return s.round(ctx, access.System, true)
}

// onChatbotFacts looks at the facts around a chatbot; one that is not there is an error of kind NotFound.
func (r *round) onChatbotFacts(ctx context.Context, id access.ChatbotID, fn func(*notebook, access.Chatbot) error) error {
	return r.directory.View(ctx, func(facts Facts) error {
		bot, ok, err := facts.Chatbot(id)
		if err != nil {
			return err
		}
		if !ok {
			return access.NotFound(access.Obj(access.TypeChatbot, id))
		}
		return fn(r.notebook(facts), bot)
	})
}

// held asks the engine which of the actions each of those standing there has.
func (r *round) held(ctx context.Context, standings []*standing, actions []access.Action) ([][]access.Action, error) {
	var questions []spice.Question
	for _, st := range standings {
		req := Request{Subject: Entity{Type: string(access.TypeUser), ID: string(st.who.ID)}}
		values := r.builtinValues(req, st.who.User)
		for _, action := range actions {
			questions = append(questions, spice.Question{
				Subject: access.Subject{Type: access.TypeUser, ID: string(st.who.ID)}, Permission: string(action),
				Resource: access.Obj(access.TypeChatbot, st.bot.ID), Context: values,
			})
		}
	}
	held := make([][]access.Action, len(standings))
	asked := 0
	for part := range slices.Chunk(questions, mostAtOnce) {
		answers, err := r.ask(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, a := range answers {
			if a.Err != nil {
				return nil, a.Err
			}
			at := asked / len(actions)
			if a.Allowed && !(standings[at].veiled && actions[asked%len(actions)] == access.Interact) {
				held[at] = append(held[at], actions[asked%len(actions)])
			}
			asked++
		}
	}
	return held, nil
}

// everyoneHas is the level of the chatbot's share with everyone that is in force, or "".
func everyoneHas(n *notebook, bot access.ChatbotID, now time.Time) (access.Level, error) {
	share, ok, err := n.Share(bot, access.Everyone)
	if err != nil || !ok || share.ExpiredAt(now) {
		return "", err
	}
	return share.Level, nil
}

// OpenTo is for whom a chatbot is open beyond those whom a review lists: the level of its share with everyone, or "", and its public link.
func (s *Service) OpenTo(ctx context.Context, id access.ChatbotID) (everyone access.Level, link access.Audience, err error) {
	r, err := s.review(ctx)
	if err != nil {
		return "", "", err
	}
	err = r.onChatbotFacts(ctx, id, func(n *notebook, bot access.Chatbot) (err error) {
		link = bot.PublicMode
		everyone, err = everyoneHas(n, id, r.now)
		return err
	})
	return everyone, link, err
}
