package decision

import (
	"context"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// A review shows who has access, and through what. The engine says who has access, at its newest state and without any values; the paths are read
// from the facts, all of them, so that superfluous ones show. Package sharing checks whether the actor may read a review, as for every other read of
// things that can be changed.

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
	Row       []access.Action // nil for no row, and empty for one without cells (M6)
	Asleep    bool            // the row has no effect (M1)
	Ceiling   []access.Action // of the row; for the chatbot's owner, who has none, all (M3)
	Effective []access.Action
	Because   map[access.Action]string // of each cell
}

// Matrix lists the people of the chatbot's organization with their cells: at most limit of those after the given user. The second result is the user
// to continue after, or "" at the end. Reasons contain only what the reader may know (O7).
func (s *Service) Matrix(ctx context.Context, reader access.Actor, id access.ChatbotID, after access.UserID, limit int) (rows []MatrixRow, next access.UserID, err error) {
	r, err := s.review(ctx)
	if err != nil {
		return nil, "", err
	}
	r.actor = reader
	var standings []*standing
	err = r.onChatbotFacts(ctx, id, func(n *userCache, bot access.Chatbot) error {
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

// matrixRow explains the cells of one member. If the facts do not support the engine's decision, because they are changing, it asks about the cell
// and explains it again.
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

// ChatbotAccess lists the users with more access to the chatbot than a share with everyone gives, by user: at most limit of those after the given
// user. The second result is the user to continue after, or "" at the end.
//
// For an actor to whom C7 applies, interact is left out for strangers about whom gates could reveal something.
func (s *Service) ChatbotAccess(ctx context.Context, actor access.Actor, id access.ChatbotID, after access.UserID, limit int) (page []Held, next access.UserID, err error) {
	r, err := s.review(ctx)
	if err != nil {
		return nil, "", err
	}
	r.actor = actor
	for {
		var standings []*standing
		var candidates []access.UserID
		err := r.onChatbotFacts(ctx, id, func(n *userCache, bot access.Chatbot) (err error) {
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

// UserAccess lists the user's access, by chatbot: at most limit of those after the given one, and only chatbots that the reader may know. The second
// result is the chatbot to continue after, or "" at the end. An unknown user has no access.
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
		u, err = r.userCache(facts).user(id)
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

// heldByUser is the user's access to those of the chatbots that still exist.
func (r *round) heldByUser(ctx context.Context, id access.UserID, bots []access.ChatbotID, known []bool) ([]Held, error) {
	var standings []*standing
	err := r.directory.View(ctx, func(facts Facts) error {
		standings = nil
		n := r.userCache(facts)
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

// review starts a round on the newest state.
func (s *Service) review(ctx context.Context) (*round, error) {
	return s.round(ctx, access.System, true)
}

// onChatbotFacts calls fn with the facts around a chatbot. If it does not exist, the error is of kind NotFound.
func (r *round) onChatbotFacts(ctx context.Context, id access.ChatbotID, fn func(*userCache, access.Chatbot) error) error {
	return r.directory.View(ctx, func(facts Facts) error {
		bot, ok, err := facts.Chatbot(id)
		if err != nil {
			return err
		}
		if !ok {
			return access.NotFound(access.Obj(access.TypeChatbot, id))
		}
		return fn(r.userCache(facts), bot)
	})
}

// held asks the engine which of the actions each of the users has.
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

// everyoneHas is the level of the chatbot's share with everyone in force, or "".
func everyoneHas(n *userCache, bot access.ChatbotID, now time.Time) (access.Level, error) {
	share, ok, err := n.Share(bot, access.Everyone)
	if err != nil || !ok || share.ExpiredAt(now) {
		return "", err
	}
	return share.Level, nil
}

// OpenTo returns who else has access to a chatbot, beyond the users in a review: the level of its share with everyone, or "", and the mode of its
// public link.
func (s *Service) OpenTo(ctx context.Context, id access.ChatbotID) (everyone access.Level, link access.Audience, err error) {
	r, err := s.review(ctx)
	if err != nil {
		return "", "", err
	}
	err = r.onChatbotFacts(ctx, id, func(n *userCache, bot access.Chatbot) (err error) {
		link = bot.PublicMode
		everyone, err = everyoneHas(n, id, r.now)
		return err
	})
	return everyone, link, err
}
