package store

import "github.com/grantway/grantway/internal/access"

const (
	selectTeams           = `SELECT id, organization, name FROM teams`
	selectTeamMemberships = `SELECT team, user_id, role FROM team_memberships`
)

var (
	putTeam           = upsert("teams", "id", "organization, name")
	putTeamMembership = upsert("team_memberships", "team, user_id", "role")
	putTeamNesting    = upsert("team_nestings", "outer_team, inner_team", "")
)

func scanTeam(r row) (t access.Team, err error) {
	err = r.Scan(&t.ID, &t.Organization, &t.Name)
	return t, err
}

func scanTeamMembership(r row) (m access.TeamMembership, err error) {
	err = r.Scan(&m.Team, &m.User, &m.Role)
	return m, err
}

// Team gives the team.
func (tx *Tx) Team(id access.TeamID) (access.Team, bool, error) {
	return one(tx, scanTeam, selectTeams+` WHERE id = $1`, id)
}

// PutTeam inserts or replaces the team.
func (tx *Tx) PutTeam(t access.Team) error {
	return tx.exec(putTeam, t.ID, t.Organization, t.Name)
}

// DeleteTeam removes the team. Its memberships and nestings must be removed in the same transaction.
func (tx *Tx) DeleteTeam(id access.TeamID) error {
	return tx.exec(`DELETE FROM teams WHERE id = $1`, id)
}

// TeamFilter narrows Teams.
type TeamFilter struct {
	Organization access.OrganizationID
}

// Teams lists teams by ID.
func (tx *Tx) Teams(f TeamFilter, after access.TeamID, limit int) ([]access.Team, error) {
	return many(tx, scanTeam, from(selectTeams).is("organization", string(f.Organization)).page("id", string(after), limit))
}

// TeamMembership gives the user's role in the team itself, not in those nested in it.
func (tx *Tx) TeamMembership(team access.TeamID, user access.UserID) (access.TeamMembership, bool, error) {
	return one(tx, scanTeamMembership, selectTeamMemberships+` WHERE team = $1 AND user_id = $2`, team, user)
}

// PutTeamMembership inserts or replaces the user's role in the team.
func (tx *Tx) PutTeamMembership(m access.TeamMembership) error {
	return tx.exec(putTeamMembership, m.Team, m.User, m.Role)
}

// DeleteTeamMembership takes the user out of the team.
func (tx *Tx) DeleteTeamMembership(team access.TeamID, user access.UserID) error {
	return tx.exec(`DELETE FROM team_memberships WHERE team = $1 AND user_id = $2`, team, user)
}

// DeleteTeamMembers takes everybody out of the team.
func (tx *Tx) DeleteTeamMembers(team access.TeamID) error {
	return tx.exec(`DELETE FROM team_memberships WHERE team = $1`, team)
}

// TeamMembers lists the team's own people by user.
func (tx *Tx) TeamMembers(team access.TeamID, after access.UserID, limit int) ([]access.TeamMembership, error) {
	return many(tx, scanTeamMembership, from(selectTeamMemberships+` WHERE team = $1`, team).page("user_id", string(after), limit))
}

// TeamsOf lists the user's own memberships, by team.
func (tx *Tx) TeamsOf(user access.UserID) ([]access.TeamMembership, error) {
	return many(tx, scanTeamMembership, from(selectTeamMemberships+` WHERE user_id = $1 ORDER BY team`, user))
}

// PutTeamNesting inserts the nesting, unless it is there.
func (tx *Tx) PutTeamNesting(n access.TeamNesting) error {
	return tx.exec(putTeamNesting, n.Outer, n.Inner)
}

// DeleteTeamNesting removes the nesting.
func (tx *Tx) DeleteTeamNesting(n access.TeamNesting) error {
	return tx.exec(`DELETE FROM team_nestings WHERE outer_team = $1 AND inner_team = $2`, n.Outer, n.Inner)
}

// InnerTeams lists the teams that are nested directly in the outer one.
func (tx *Tx) InnerTeams(outer access.TeamID) ([]access.TeamID, error) {
	return many(tx, scanString[access.TeamID], from(`SELECT inner_team FROM team_nestings WHERE outer_team = $1 ORDER BY inner_team`, outer))
}

// OuterTeams lists the teams in which the inner one is nested directly.
func (tx *Tx) OuterTeams(inner access.TeamID) ([]access.TeamID, error) {
	return many(tx, scanString[access.TeamID], from(`SELECT outer_team FROM team_nestings WHERE inner_team = $1 ORDER BY outer_team`, inner))
}

const hasNestings = `SELECT 1 FROM teams JOIN team_nestings ON outer_team = id WHERE organization = $1 LIMIT 1 OFFSET $2`

// HasNestings reports whether teams of the organization are nested in teams at least n times.
func (tx *Tx) HasNestings(org access.OrganizationID, n int) (bool, error) {
	return tx.exists(hasNestings, org, n-1)
}
