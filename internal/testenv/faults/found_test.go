package faults_test

import "fmt"

// play is what one worker does, and with which things.
type play struct {
	how    func(*worker)
	things []*thing
}

// Sizes of the world.
const (
	players   = 4
	approvers = 2
	imports   = 12
)

// levels are the values of a share.
var levels = []string{"", "use_only", "read_only", "read_write"}

// steady is how many things there are from the beginning.
func (t *trial) steady() int { return players*10 + approvers*3*2 + imports }

// found sets up the world: acme, where olga rules and mia owns chatbots, and globex, where gil approves.
func (t *trial) found() (plays []play) {
	for _, user := range []string{"olga", "mia", "gil", "gwen", "greg"} {
		t.user(user)
	}
	t.put("/v1/organizations/acme", `{"owner": "olga"}`)
	t.put("/v1/organizations/acme/members/mia", `{"role": "member"}`)
	t.put("/v1/organizations/globex", `{"owner": "gil"}`)
	t.put("/v1/organizations/globex/members/gwen", `{"role": "member"}`)
	t.put("/v1/organizations/globex/members/greg", `{"role": "admin"}`)
	t.put("/v1/teams/crew", `{"organization": "acme"}`)
	for _, bot := range []string{"kept", "inviting", "imported", "open"} {
		t.bot(bot)
	}
	t.put("/v1/chatbots/open/shares/everyone", `{"access": "use_only"}`)
	for i := range players {
		plays = append(plays, play{(*worker).playWithThings, t.toys(i)})
	}
	for i := range approvers {
		p := play{how: (*worker).askAndApprove}
		for j := range 3 {
			bot := fmt.Sprintf("approved-%d-%d", i, j)
			t.bot(bot)
			x := newThing(approved, bot, "gwen", "", "use_only")
			p.things = append(p.things, x)
		}
		plays = append(plays, p)
	}
	p := play{how: (*worker).importLevels}
	for i := range imports {
		user := fmt.Sprintf("imported-%d", i)
		t.put("/v1/users/"+user, "{}")
		p.things = append(p.things, newThing(imported, "imported", user, levels...))
	}
	plays = append(plays, p, play{how: (*worker).comeAndGo}, play{how: (*worker).inviteAndLeave})
	for _, p := range plays {
		t.add(p.things...)
	}
	return plays
}

// toys are the things of one worker who plays with them: of each kind that one call changes.
func (t *trial) toys(i int) (things []*thing) {
	name := func(what string, n int) string { return fmt.Sprintf("%s-%d-%d", what, i, n) }
	bot := name("toys", 0)
	t.bot(bot)
	for n, k := range []*kind{sharedByRoot, sharedByRoot, sharedByOwner, sharedByOwner, sharedByMail} {
		user := name("user", n)
		t.user(user)
		things = append(things, newThing(k, bot, user, levels...))
	}
	row := name("rower", 0)
	t.put("/v1/users/"+row, "{}")
	t.put("/v1/organizations/acme/members/"+row, `{"role": "member"}`)
	things = append(things, newThing(inRow, bot, row, "", "read_only"))

	teamed := name("teamed", 0)
	t.bot(teamed)
	t.put("/v1/teams/team-of-"+teamed, `{"organization": "acme"}`)
	t.put("/v1/chatbots/"+teamed+"/shares/team:team-of-"+teamed, `{"access": "read_only"}`)
	for n := range 2 {
		mate := name("mate", n)
		t.put("/v1/users/"+mate, "{}")
		t.put("/v1/organizations/acme/members/"+mate, `{"role": "member"}`)
		things = append(things, newThing(teamMate, teamed, mate, "", "read_only"))
	}

	switched := name("switched", 0)
	t.bot(switched)
	t.put("/v1/users/"+switched, "{}")
	t.put("/v1/chatbots/"+switched+"/shares/user:"+switched, `{"access": "use_only"}`)
	t.put("/v1/chatbots/"+switched+"/policy", `{"enabled": false}`)
	things = append(things, newThing(enabled, switched, switched, "", "use_only"))

	featured := name("featured", 0)
	t.bot(featured)
	t.put("/v1/users/"+featured, "{}")
	t.put("/v1/chatbots/"+featured+"/shares/user:"+featured, `{"access": "use_only"}`)
	t.put("/v1/chatbots/"+featured+"/features/voice", `{"enabled": false}`)
	return append(things, newThing(feature, featured, featured, "", "use_only"))
}

func (t *trial) put(path, body string) {
	t.gateways[0].must(sending{method: "PUT", path: path, body: body})
}

// user is somebody with a verified address.
func (t *trial) user(name string) {
	t.put("/v1/users/"+name, fmt.Sprintf(`{"email": %q, "email_verified": true}`, address(name)))
}

// bot is a chatbot of mia's.
func (t *trial) bot(name string) {
	t.put("/v1/chatbots/"+name, `{"organization": "acme", "owner": "mia"}`)
}
