package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

var update = flag.Bool("update", false, "rewrite the relationships of the validation files from their facts")

// facts are what a validation file's relationships are folded from. A user who is not listed is one of whom the directory knows nothing
// that implies a relationship: an active external user without a verified address.
type facts struct {
	Users            []access.User
	PlatformGrants   []access.PlatformGrant
	Organizations    []access.Organization
	Memberships      []access.Membership
	Teams            []access.Team
	TeamMemberships  []access.TeamMembership
	TeamNestings     []access.TeamNesting
	RoleAssignments  []access.RoleAssignment
	GroupMemberships []access.GroupMembership
	Chatbots         []access.Chatbot
	Policies         []access.Policy
	Shares           []access.Share
	Rows             []access.Row
	APIKeys          []access.APIKey
	Resources        []access.Resource
	Features         []access.Feature
}

func readFacts(t *testing.T, path string, node yaml.Node) facts {
	t.Helper()
	for i := 0; i < len(node.Content); i += 2 {
		joinWords(node.Content[i])
		for _, fact := range node.Content[i+1].Content {
			for j := 0; j < len(fact.Content); j += 2 {
				joinWords(fact.Content[j])
			}
		}
	}
	text, err := yaml.Marshal(&node)
	require.NoError(t, err, path)
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var f facts
	require.NoError(t, decoder.Decode(&f), "%s: facts", path)
	return f
}

// joinWords spells a key as package yaml spells a field: a file says expires_at for ExpiresAt, as the API does.
func joinWords(key *yaml.Node) { key.Value = strings.ReplaceAll(key.Value, "_", "") }

// folded is the relationships that the facts imply, under a heading for each kind of fact.
func (f facts) folded() []section {
	return []section{
		{"the platform", spice.FoldPlatform()},
		fold("users", f.Users, spice.FoldUser),
		fold("platform roles", f.PlatformGrants, spice.FoldPlatformGrant),
		fold("organizations", f.Organizations, spice.FoldOrganization),
		fold("memberships", f.Memberships, spice.FoldMembership),
		fold("teams", f.Teams, spice.FoldTeam),
		fold("team memberships", f.TeamMemberships, spice.FoldTeamMembership),
		fold("nested teams", f.TeamNestings, spice.FoldTeamNesting),
		fold("roles", f.RoleAssignments, spice.FoldRoleAssignment),
		fold("groups", f.GroupMemberships, spice.FoldGroupMembership),
		fold("chatbots", f.Chatbots, func(c access.Chatbot) spice.Relationships { return spice.FoldChatbot(f.state(c)) }),
		fold("shares", f.Shares, spice.FoldShare),
		fold("rows", f.Rows, f.foldRow),
		fold("API keys", f.APIKeys, spice.FoldAPIKey),
		fold("documents, MCP servers and metrics", f.Resources, spice.FoldResource),
		fold("features", f.Features, spice.FoldFeature),
	}
}

// section is the relationships of all facts of one kind.
type section struct {
	heading       string
	relationships spice.Relationships
}

func fold[F any](heading string, facts []F, one func(F) spice.Relationships) section {
	s := section{heading: heading}
	for _, f := range facts {
		s.relationships = append(s.relationships, one(f)...)
	}
	return s
}

// state is what decides where a chatbot's actions are decided.
func (f facts) state(c access.Chatbot) spice.ChatbotState {
	s := spice.ChatbotState{Chatbot: c}
	for _, row := range f.Rows {
		s.HasRows = s.HasRows || row.Chatbot == c.ID
	}
	for _, policy := range f.Policies {
		if policy.Chatbot == c.ID {
			s.Policy = policy
		}
	}
	return s
}

// foldRow folds a row against what its holder is in the chatbot's organization.
func (f facts) foldRow(row access.Row) spice.Relationships {
	var org access.OrganizationID
	for _, c := range f.Chatbots {
		if c.ID == row.Chatbot {
			org = c.Organization
		}
	}
	var role access.OrgRole
	for _, m := range f.Memberships {
		if m.Organization == org && m.User == row.User {
			role = m.Role
		}
	}
	siteAdmin := false
	for _, g := range f.PlatformGrants {
		siteAdmin = siteAdmin || g.User == row.User && g.Role == access.SiteAdmin
	}
	return spice.FoldRow(row, role, siteAdmin)
}

// spell writes a relationship as a validation file does, its caveat's context with sorted keys and without spaces.
func spell(t *testing.T, r *v1.Relationship) string {
	t.Helper()
	bare, caveat := tuple.V1StringRelationshipWithoutCaveatOrExpiration(r), r.GetOptionalCaveat()
	if caveat == nil {
		return bare
	}
	values, err := json.Marshal(caveat.GetContext().AsMap())
	require.NoError(t, err)
	return bare + "[" + caveat.GetCaveatName() + ":" + string(values) + "]"
}

func TestRelationshipsAreWhatTheFactsFoldInto(t *testing.T) {
	each(t, func(t *testing.T, v validation) {
		if *update {
			v.rewrite(t)
			return
		}
		var expected, written []string
		for _, s := range v.facts.folded() {
			for _, r := range s.relationships {
				expected = append(expected, spell(t, r))
			}
		}
		for _, r := range v.file.Relationships.Relationships {
			written = append(written, spell(t, tuple.ToV1Relationship(r)))
		}
		require.ElementsMatch(t, expected, written, "go test ./schema -run %s -update rewrites them", t.Name())
	})
}

// rewrite replaces the block of relationships in the file.
func (v validation) rewrite(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(v.path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), "\nrelationships: |-\n")
	require.True(t, found, v.path)
	_, after, found := strings.Cut(rest, "\nassertions:\n")
	require.True(t, found, v.path)

	var b strings.Builder
	b.WriteString(before + "\nrelationships: |-\n")
	for _, s := range v.facts.folded() {
		if len(s.relationships) == 0 {
			continue
		}
		b.WriteString("  // " + s.heading + "\n")
		for _, r := range s.relationships {
			b.WriteString("  " + spell(t, r) + "\n")
		}
	}
	b.WriteString("\nassertions:\n" + after)
	require.NoError(t, os.WriteFile(v.path, []byte(b.String()), 0o644))
}
