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
func (t *trial) steady() int { return players*15 + approvers*3*2 + imports }

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
	for _, bot := range []string{"kept", "inviting", "imported", "open", "locked", "linked"} {
		t.bot(bot)
	}
	t.put("/v1/chatbots/open/shares/everyone", `{"access": "use_only"}`)
	t.put("/v1/chatbots/linked/public-access", `{"mode": "everyone"}`)
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
	plays = append(plays, p, play{how: (*worker).comeAndGo}, play{how: (*worker).inviteAndLeave}, play{how: (*worker).cutKeys}, play{how: (*worker).rotate})
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
	things = append(things, newThing(feature, featured, featured, "", "use_only"))

	required := name("required", 0)
	t.bot(required)
	t.put("/v1/roles/role-of-"+required, `{"organization": "acme"}`)
	t.put("/v1/chatbots/"+required+"/policy", fmt.Sprintf(`{"required_roles": ["role-of-%s"]}`, required))
	for n := range 2 {
		holder := name("holder", n)
		t.put("/v1/users/"+holder, "{}")
		t.put("/v1/chatbots/"+required+"/shares/user:"+holder, `{"access": "use_only"}`)
		things = append(things, newThing(roleHolder, required, holder, "", "use_only"))
	}

	grouped := name("grouped", 0)
	t.bot(grouped)
	t.put("/v1/groups/group-of-"+grouped, `{"organization": "acme"}`)
	t.put("/v1/chatbots/"+grouped+"/shares/group:group-of-"+grouped, `{"access": "read_only"}`)
	fellow := name("fellow", 0)
	t.put("/v1/users/"+fellow, "{}")
	things = append(things, newThing(inGroup, grouped, fellow, "", "read_only"))

	for n, k := range []*kind{visible, owned} {
		bot, user := name("alone", n), name("colleague", n)
		t.put("/v1/chatbots/"+bot, `{"organization": "acme", "owner": "mia", "visibility": "owner_only"}`)
		t.put("/v1/users/"+user, "{}")
		t.put("/v1/organizations/acme/members/"+user, `{"role": "member"}`)
		things = append(things, newThing(k, bot, user, "", "read_write"))
	}
	return things
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
