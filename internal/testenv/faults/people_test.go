package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

func splitLines(stream []byte) [][]byte { return bytes.Split(bytes.TrimSpace(stream), []byte("\n")) }

// comeAndGo lets people join acme, get access, and be offboarded; some of them come back and have nothing.
func (w *worker) comeAndGo() {
	for n := 0; w.loading(); n++ {
		w.pause()
		user := fmt.Sprintf("leaver-%d", n)
		shared := newThing(untilOffboarded(share("", "kept", "user:"+user, "read_write")), "kept", user)
		owned := newThing(untilOffboarded(sending{
			method: "PUT", path: "/v1/chatbots/owned-by-" + user, body: fmt.Sprintf(`{"organization": "acme", "owner": %q}`, user),
		}), "owned-by-"+user, user)
		// What is open to everyone is open to them too, before they are known and until they go (C1).
		open := newThing(untilOffboarded(sending{}), "open", user)
		open.starts("use_only")
		for _, s := range []sending{
			{method: "PUT", path: "/v1/users/" + user, body: "{}"},
			{method: "PUT", path: "/v1/organizations/acme/members/" + user, body: `{"role": "member"}`},
			{method: "PUT", path: "/v1/teams/crew/members/" + user, body: `{"role": "member"}`},
		} {
			if _, ok := w.until(s); !ok {
				return
			}
		}
		w.add(shared, owned, open)
		if !w.insist(shared, "read_write") || !w.insist(owned, "read_write") {
			return
		}
		for w.loading() && !(shared.certainly("") && owned.certainly("") && open.certainly("")) {
			w.lookEverywhere(open) // so that each gateway may remember the user
			if taken, alters := takeAll(shared, owned, open); taken {
				w.perform(sending{method: "DELETE", path: "/v1/users/" + user},
					&deed{alters: alters, effects: []effect{{shared, ""}, {owned, ""}, {open, ""}}})
			}
			w.lookEverywhere(open)
		}
		if n%3 == 0 { // N2: coming back starts with nothing but that
			back := *open.kind
			back.change = func(*thing, string) sending { return sending{method: "PUT", path: "/v1/users/" + user, body: "{}"} }
			w.changeBy(&back, open, "use_only")
		}
		for _, x := range []*thing{shared, owned, open} {
			x.retire()
		}
	}
}

// takeAll takes things for one change that ends them all.
func takeAll(things ...*thing) (taken, alters bool) {
	alters = true
	for i, x := range things {
		one, too := x.take("")
		if !one {
			for _, x := range things[:i] {
				x.untouched()
			}
			return false, false
		}
		alters = alters && too
	}
	return true, alters
}

var invitationCode = regexp.MustCompile(`gwinv_[A-Za-z0-9_-]+`)

// inviteAndLeave has olga invite people by email, who accept and then have to go.
func (w *worker) inviteAndLeave() {
	for n := 0; w.loading(); n++ {
		w.pause()
		user := fmt.Sprintf("guest-%d", n)
		x := newThing(invited, "inviting", user)
		if _, ok := w.until(sending{method: "PUT", path: "/v1/users/" + user, body: fmt.Sprintf(`{"email": %q, "email_verified": true}`, address(user))}); !ok {
			return
		}
		answer, ok := w.until(sending{
			method: "POST", path: "/v1/organizations/acme/invitations", actor: "olga", key: "invite-" + user,
			body: fmt.Sprintf(`{"email": %q, "role": "member", "shares": [{"chatbot": "inviting", "access": "use_only"}]}`, address(user)),
		})
		if !ok {
			return
		}
		w.invited(user)
		var made struct{ Token string }
		_ = json.Unmarshal(answer, &made) // there is none where it was lost
		if made.Token == "" {             // and a repeated one does not have it, but the email has
			if made.Token = w.codeFromMail(user); made.Token == "" {
				continue
			}
		}
		w.add(x)
		if taken, alters := x.take("use_only"); taken {
			w.perform(sending{method: "POST", path: "/v1/invitations/accept", actor: user, body: fmt.Sprintf(`{"token": %q}`, made.Token)},
				&deed{alters: alters, effects: []effect{{x, "use_only"}}})
		}
		if w.rng.IntN(2) == 0 {
			w.insist(x, "")
		}
		x.retire()
	}
}

// cutKeys makes keys of a chatbot and deletes them.
func (w *worker) cutKeys() {
	for n := 0; w.loading(); n++ {
		w.pause()
		var key struct{ ID, Secret string }
		answer, ok := w.perform(sending{
			method: "POST", path: "/v1/chatbots/locked/api-keys", body: fmt.Sprintf(`{"name": "key-%d", "access": "use_only"}`, n), actor: "mia",
		}, &deed{})
		if !ok || json.Unmarshal(answer, &key) != nil {
			continue
		}
		x := newThing(unlocked(key.ID), "locked", key.Secret)
		x.starts("use_only")
		w.add(x)
		w.look(x)
		w.insist(x, "")
		w.lookEverywhere(x)
		x.retire()
	}
}

// rotate gives a chatbot one link after the other.
func (w *worker) rotate() {
	var x *thing // the last link that is known
	for w.loading() {
		time.Sleep(time.Duration(20+w.rng.IntN(200)) * time.Millisecond)
		d := &deed{}
		if x != nil {
			taken, alters := x.take("")
			if !taken && !x.certainly("") {
				continue
			}
			if taken {
				d.alters, d.effects = alters, []effect{{x, ""}}
			}
		}
		var made struct{ Link string }
		answer, ok := w.perform(linked.change(&thing{bot: "linked"}, ""), d)
		if !ok || json.Unmarshal(answer, &made) != nil {
			continue
		}
		if x != nil {
			w.lookEverywhere(x)
			x.retire()
		}
		x = newThing(linked, "linked", made.Link)
		x.starts("use_only")
		w.add(x)
		w.look(x)
	}
}

// codeFromMail is the code that the user was mailed, or "" where no email comes: the gateway was killed while it sent it.
func (w *worker) codeFromMail(user string) string {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		for _, m := range w.mails.To(address(user)) {
			if code := invitationCode.FindString(m.Text); code != "" {
				return code
			}
		}
	}
	return ""
}
