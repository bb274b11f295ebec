package faults_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// entry is one of the record, as far as it is of interest here.
type entry struct {
	seq          int    // in the order of the record
	RequestID    string `json:"request_id"`
	Action       string
	Outcome      string
	Organization *string
	Before       json.RawMessage
	After        json.RawMessage
}

// aftermath compares, once everything runs again, what is decided with what was answered, recorded, listed, told and mailed.
func (t *trial) aftermath() {
	t.Helper()
	record := t.record()
	t.compareRecord(record)
	t.compareDecisions()
	t.compareLists()
	told := t.compareNotifications(record)
	t.compareMails(told)
	t.verify()
}

// verify has Grantway compare every relationship in the engine with the facts.
func (t *trial) verify() {
	said, err := program(append([]string{"verify", "--data", t.data}, t.storage...)...).CombinedOutput()
	if err != nil {
		t.wrong("engine differs from facts", fmt.Sprintf("%v: %s", err, said))
	}
	t.Logf("grantway verify: %s", said)
}

// record is all entries of changes, in order, by the ID of their request.
func (t *trial) record() map[string][]entry {
	all := map[string][]entry{}
	n := 0
	for i, e := range listed[entry](t, "", "/v1/audit") { // the newest first
		e.seq = -i
		if e.Outcome != "refused" {
			all[e.RequestID] = append(all[e.RequestID], e)
			n++
		}
	}
	t.Logf("the record holds %d entries of changes", n)
	return all
}

// compareRecord looks for each change that was answered, and teaches the things what became of those that were not: in the order of the record.
func (t *trial) compareRecord(record map[string][]entry) {
	type made struct {
		*deed
		seq int
	}
	var in []made
	taken, open := 0, 0
	for id, d := range t.deeds {
		entries := record[id]
		if d.answered && d.alters && len(entries) == 0 {
			t.wrong("lost", fmt.Sprintf("%s was answered and is not in the record", id))
		}
		if !d.answered && len(d.effects) > 0 {
			open++
			if len(entries) > 0 {
				taken++
			}
		}
		if twice := repeated(entries); twice != "" {
			t.wrong("made twice", fmt.Sprintf("%s: %s", id, twice))
		}
		if len(entries) > 0 {
			in = append(in, made{d, entries[len(entries)-1].seq})
		}
	}
	t.Logf("of %d changes that were under way and not answered %d had been made", open, taken)
	slices.SortFunc(in, func(a, b made) int { return a.seq - b.seq })
	last := map[*thing]*deed{}
	is := map[*thing]string{}
	for _, x := range t.things {
		is[x] = x.first
	}
	for _, d := range in {
		for _, e := range d.effects {
			if e.x.kind == imported && len(d.effects) > 1 && !slices.ContainsFunc(record[d.id], e.x.isAfter) {
				continue // it was so before
			}
			if before := last[e.x]; before != nil && before.order > d.order {
				t.wrong("out of order", fmt.Sprintf("%v: %s after %s", e.x, d.id, before.id))
			}
			last[e.x], is[e.x] = d.deed, e.value
		}
	}
	for _, x := range t.things {
		if !slices.Contains(x.current(), is[x]) {
			t.wrong("lost", fmt.Sprintf("%v: the record says that it is %q, and by what was answered it is one of %q", x, is[x], x.current()))
		}
		x.settle(is[x])
	}
}

// isAfter reports whether the entry is of a share with the user of the thing.
func (x *thing) isAfter(e entry) bool {
	var after struct{ Principal string }
	return json.Unmarshal(e.After, &after) == nil && after.Principal == "user:"+x.user
}

// repeated is the words of an entry that appears twice, or "". An import has one for each of its rows.
func repeated(entries []entry) string {
	seen := map[string]bool{}
	for _, e := range entries {
		words := e.Action + string(e.Before) + string(e.After)
		if e.Organization != nil {
			words += *e.Organization
		}
		if seen[words] {
			return words
		}
		seen[words] = true
	}
	return ""
}

// compareDecisions asks everything about every thing through every gateway.
func (t *trial) compareDecisions() {
	a := &asker{trial: t, rng: t.rng(300)}
	for _, x := range t.things {
		for n, action := range telling {
			g := t.gateways[n%len(t.gateways)]
			require.Eventually(t, func() bool { return a.askOne(g, x, action, full) }, time.Minute, 100*time.Millisecond, "%v", x)
		}
	}
}

// compareLists compares the shares that are listed with those that are decided.
func (t *trial) compareLists() {
	bots := map[string]map[string]string{}
	for _, x := range t.things {
		var principal string
		switch x.kind {
		case sharedByRoot, sharedByOwner, imported, invited:
			principal = "user:" + x.user
		case sharedByMail:
			principal = "email:" + address(x.user)
		case approved:
			principal = "organization:globex"
		default:
			if x.bot != "kept" { // not a share
				continue
			}
			principal = "user:" + x.user
		}
		if bots[x.bot] == nil {
			bots[x.bot] = map[string]string{}
		}
		if !x.certainly("") {
			bots[x.bot][principal] = x.current()[0]
		}
	}
	for bot, want := range bots {
		have := map[string]string{}
		for _, s := range listed[struct{ Principal, Access string }](t, "", "/v1/chatbots/"+bot+"/shares") {
			have[s.Principal] = s.Access
		}
		if fmt.Sprint(want) != fmt.Sprint(have) {
			t.wrong("lists differ from decisions", fmt.Sprintf("%s: %v is decided, %v is listed", bot, want, have))
		}
	}
	for _, x := range t.things {
		if x.kind != teamMate {
			continue
		}
		is := slices.ContainsFunc(listed[struct{ User string }](t, "", "/v1/teams/team-of-"+x.bot+"/members"),
			func(m struct{ User string }) bool { return m.User == x.user })
		if is != x.certainly("read_only") {
			t.wrong("lists differ from decisions", fmt.Sprintf("%v: listed %t, and is one of %q", x, is, x.current()))
		}
	}
}

// message is what somebody is told about a chatbot.
type message struct{ user, bot, kind string }

// compareNotifications checks that everybody was told once of each change that the record says was made, and gives what they were told.
func (t *trial) compareNotifications(record map[string][]entry) map[message]int {
	want, have := map[message]int{}, map[message]int{}
	for id, d := range t.deeds {
		for _, e := range d.effects {
			x := e.x
			for _, r := range record[id] {
				if r.Outcome != "done" || e.value == "" || r.Organization == nil || *r.Organization != "acme" {
					continue
				}
				switch {
				case x.kind == approved:
					want[message{"gwen", x.bot, "share"}]++
					want[message{"greg", x.bot, "share"}]++
				case x.kind.tells && string(r.Before) == "null":
					want[message{x.user, x.bot, "share"}]++
				case x.kind.tells:
					want[message{x.user, x.bot, "share-changed"}]++
				}
			}
		}
	}
	users := map[string]bool{"gwen": true, "greg": true}
	for _, x := range t.things {
		if x.kind.tells {
			users[x.user] = true
		}
	}
	for user := range users {
		for _, n := range listed[struct{ Kind, Chatbot string }](t, user, "/v1/notifications") {
			have[message{user, n.Chatbot, n.Kind}]++
		}
	}
	for m, n := range want {
		if have[m] != n {
			t.wrong("notifications", fmt.Sprintf("%v: %d, and the record says %d", m, have[m], n))
		}
	}
	for m, n := range have {
		if want[m] == 0 && (m.kind == "share" || m.kind == "share-changed") {
			t.wrong("notifications", fmt.Sprintf("%v: %d, and the record knows of none", m, n))
		}
	}
	return have
}

// compareMails compares what the mail server got with what the store says of it: nothing twice, and nothing that is not known.
func (t *trial) compareMails(told map[message]int) {
	got, to := map[string]int{}, map[string]int{}
	for _, m := range t.mails.Messages() {
		id, _, _ := strings.Cut(strings.Trim(m.Header.Get("Message-Id"), "<>"), "@")
		if got[id]++; got[id] == 2 {
			t.wrong("mailed twice", fmt.Sprintf("%s to %s: %s", id, m.To, m.Subject))
		}
		to[m.To]++
	}
	users := map[string]bool{}
	for m := range told {
		users[m.user] = true
	}
	for user := range users {
		most := 0
		for m, n := range told {
			if m.user == user && m.kind != "share-changed" {
				most += n
			}
		}
		if n := to[address(user)]; n > most {
			t.wrong("mailed twice", fmt.Sprintf("%s got %d emails about %d notifications", user, n, most))
		}
	}
	for _, user := range t.guests {
		if n := to[address(user)]; n > 1 {
			t.wrong("mailed twice", fmt.Sprintf("%s got %d invitations", user, n))
		}
	}
	states := map[access.MailState]int{}
	t.inStore(func(tx *store.Tx) error {
		about := map[access.NotificationID]bool{}
		for _, state := range []access.MailState{access.MailQueued, access.MailSending, access.MailFailed, access.MailSent, access.MailUnknown} {
			mails, err := tx.Mails(state, time.Now().Add(1000*time.Hour), 0)
			if err != nil {
				return err
			}
			for _, m := range mails {
				states[state]++
				if m.About.ID != "" && about[m.About.ID] {
					t.wrong("mailed twice", fmt.Sprintf("two emails about %s", m.About.ID))
				}
				about[m.About.ID] = true
				n := got[string(m.ID)]
				switch state {
				case access.MailSent:
					n--
				case access.MailUnknown, access.MailSending: // its gateway was killed, and it is known to be lost only after its lease
					n = 0
				}
				if n != 0 {
					t.wrong("mails", fmt.Sprintf("%s is %s, and came %d times", m.ID, state, got[string(m.ID)]))
				}
			}
		}
		return nil
	})
	t.Logf("emails: %v, of which the mail server got %d", states, len(got))
}

// inStore reads the store past the gateways.
func (t *trial) inStore(read func(*store.Tx) error) {
	t.Helper()
	where := t.facts
	if where == "" {
		where = t.data + "/store.db"
		t.gateways[0].close() // a file has one process
	}
	db, err := store.Open(t.Context(), where)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.NoError(t, db.View(t.Context(), read))
}

// settle waits until no email is sent any more, and no entry waits for the engine.
func (t *trial) settle() {
	for sent := -1; sent != len(t.mails.Messages()); time.Sleep(3 * time.Second) {
		sent = len(t.mails.Messages())
	}
}

// listed reads a list to its end.
func listed[T any](t *trial, actor, path string) (all []T) {
	t.Helper()
	for next := ""; ; {
		var page struct {
			Items         []T
			NextPageToken string `json:"next_page_token"`
		}
		answer := t.gateways[0].must(sending{method: "GET", path: path + "?page_size=1000&page_token=" + url.QueryEscape(next), actor: actor})
		require.NoError(t, json.Unmarshal(answer, &page))
		all = append(all, page.Items...)
		if next = page.NextPageToken; next == "" {
			return all
		}
	}
}
