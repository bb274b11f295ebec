package spice

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

func share(level access.Level, with string) Relationships {
	p, err := access.ParsePrincipal(with)
	if err != nil {
		panic(err)
	}
	return FoldShare(access.Share{Chatbot: "helper", Principal: p, Level: level})
}

func spelled(changes Changes) (out []string) {
	for _, c := range changes {
		sign := "+"
		if c.GetOperation() == v1.RelationshipUpdate_OPERATION_DELETE {
			sign = "-"
		}
		out = append(out, sign+key(c.GetRelationship()))
	}
	return out
}

func TestALowerLevelRemovesOnlyWhatItNoLongerGives(t *testing.T) {
	require.Equal(t, []string{
		"-chatbot:helper#can_read@user:bob#", "-chatbot:helper#can_update@user:bob#", "-chatbot:helper#read_write@user:bob#",
	}, spelled(Diff(share(access.ReadWrite, "user:bob"), share(access.UseOnly, "user:bob"))))
}

func TestAChangedExpiryIsWrittenAgain(t *testing.T) {
	s := access.Share{Chatbot: "helper", Principal: access.Everyone, Level: access.UseOnly}
	later := s
	later.ExpiresAt = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, []string{"+chatbot:helper#can_interact@platform:main#everyone"}, spelled(Diff(FoldShare(s), FoldShare(later))))
	require.Empty(t, Diff(FoldShare(later), FoldShare(later)))
}

func TestOfSeveralChangesTheLastOneStands(t *testing.T) {
	bob := share(access.UseOnly, "user:bob")
	granted, revoked := Diff(nil, bob), Diff(bob, nil)
	require.Equal(t, []string{"-chatbot:helper#can_interact@user:bob#"}, spelled(Merge(granted, revoked)))
	require.Equal(t, []string{"+chatbot:helper#can_interact@user:bob#"}, spelled(Merge(granted, revoked, granted)))
}

func TestRemovalsComeFirst(t *testing.T) {
	bob, cy := share(access.UseOnly, "user:bob"), share(access.UseOnly, "user:cy")
	require.Equal(t, []string{"-chatbot:helper#can_interact@user:cy#", "+chatbot:helper#can_interact@user:bob#"},
		spelled(Merge(Diff(nil, bob), Diff(cy, nil))))
}

// Changes of gates may take several calls. In between nobody passes who did not pass before and does not pass afterwards: a gate that comes is there before
// its passers, and one that goes is the last to go; a denial comes first.
func TestWhatNarrowsComesFirstAndGoesLast(t *testing.T) {
	state := func(p access.Policy) Relationships {
		return FoldChatbot(ChatbotState{Chatbot: access.Chatbot{ID: "b", Organization: "o", Enabled: true}, Policy: p})
	}
	open, users := access.Policy{}, access.Policy{AllowedUsers: []access.UserID{"u"}, DeniedUsers: []access.UserID{"d"}}
	changed := access.Policy{AllowedUsers: []access.UserID{"v"}, Entities: []access.OrganizationID{"e"}}
	const house, gate = "gatehouse:b#", "gate:b/"
	opened := []string{"-chatbot:b#entrance@chatbot:b#"}
	require.Equal(t, append([]string{
		"+" + gate + "denied_users#denied@user:d#", "+" + house + "gate@gate:b/allowed_users#", "+" + house + "gate@gate:b/denied_users#",
	}, opened...), spelled(Merge(Diff(state(open), state(users))))[:4])
	all := spelled(Merge(Diff(state(users), state(changed))))
	require.Equal(t, []string{"+" + house + "gate@gate:b/entities#", "-" + gate + "allowed_users#passer@user:u#"}, all[:2])
	require.Equal(t, []string{"-" + gate + "denied_users#denied@user:d#", "-" + house + "gate@gate:b/denied_users#"}, all[len(all)-2:])
	all = spelled(Merge(Diff(state(users), state(open))))
	require.Equal(t, "+chatbot:b#entrance@chatbot:b#", all[len(all)-4])
}

// G8: domains of the greatest length are in caveats that every SpiceDB takes, few or 1,000.
func TestG8DomainsAreSharedOut(t *testing.T) {
	longest := func(n int) (domains []string) {
		for i := range n {
			domains = append(domains, strings.Repeat("d", 249)+fmt.Sprintf("%04d", i))
		}
		return domains
	}
	var usual []string
	for i := range 1000 {
		usual = append(usual, fmt.Sprintf("d%04d.example", i))
	}
	for _, c := range []struct {
		domains []string
		houses  int
	}{{longest(6), 1}, {longest(7), 2}, {longest(90), 15}, {longest(1000), 167}, {usual[:80], 1}, {usual, 13}} {
		s := ChatbotState{Chatbot: access.Chatbot{ID: access.ChatbotID(strings.Repeat("\u20ac", 85)), Organization: "o", Enabled: true}, Policy: access.Policy{EmailDomains: c.domains}}
		require.NoError(t, Diff(nil, FoldChatbot(s)).Validate())
		require.Len(t, s.gatehouses(), c.houses)
		require.Len(t, s.Admitted(access.Subject{}), c.houses)
		var together []string
		for _, g := range s.gatehouses() {
			require.NotEmpty(t, g.domains)
			together = append(together, g.domains...)
		}
		require.Equal(t, c.domains, together)
	}
	require.Len(t, ChatbotState{Policy: access.Policy{EmailDomains: []string{}}}.gatehouses(), 1)
}

// What does not fit into one call is carried in several: the first ones take the most away.
func TestRemovalsBeginWithWhatManyLose(t *testing.T) {
	member := FoldMembership(access.Membership{Organization: "acme", User: "bob", Role: access.OrgClient})
	shared := FoldShare(access.Share{Chatbot: "desk", Principal: access.Principal{Kind: access.PrincipalOrganization, ID: "acme"}, Level: access.UseOnly})
	entrance := rel(object(access.TypeChatbot, access.ChatbotID("helper")), schema.RelEntrance, sub(object(access.TypeChatbot, access.ChatbotID("helper"))))
	require.Equal(t, []string{
		"-chatbot:helper#entrance@chatbot:helper#", "-chatbot:desk#can_interact@organization:acme#staff",
		"-organization:acme#person@user:bob#", "+chatbot:helper#can_interact@user:cy#", "-organization:acme#client@user:bob#",
	}, spelled(Merge(Diff(member, nil), Diff(nil, share(access.UseOnly, "user:cy")), Diff(shared, nil), Diff(Relationships{entrance}, nil))))
}

func TestChangesSurviveTheOutbox(t *testing.T) {
	s := access.Share{Chatbot: "a b/c", Principal: access.Principal{Kind: access.PrincipalEmail, ID: "x@y.org"}, Level: access.ReadWrite,
		ExpiresAt: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	changes := Diff(nil, FoldShare(s))
	data, err := changes.Marshal()
	require.NoError(t, err)
	back, err := UnmarshalChanges(data)
	require.NoError(t, err)
	require.Empty(t, Diff(FoldShare(s), rels(back)))
	require.Equal(t, spelled(changes), spelled(back))
}

func rels(changes Changes) (rs Relationships) {
	for _, c := range changes {
		rs = append(rs, c.GetRelationship())
	}
	return rs
}

func TestTheLongestIDsMakeRelationshipsThatTheEngineTakes(t *testing.T) {
	long := func(c string) string {
		s := ""
		for len(s)+len(c) <= access.MaxIDBytes {
			s += c
		}
		return s
	}
	bot, role := access.ChatbotID(long("é")), long("ü")
	state := ChatbotState{
		Chatbot: access.Chatbot{ID: bot, Organization: access.OrganizationID(long("ö")), Owner: access.UserID(long("ä")), Enabled: true},
		HasRows: true,
		Policy: access.Policy{Chatbot: bot, RequiredRoles: []string{role, role}, AllowedRoles: []string{role}, EmailDomains: []string{"acme.com"},
			UserTypes: access.UserTypes, DeniedUsers: []access.UserID{"x"}},
	}
	require.NoError(t, Diff(nil, FoldChatbot(state)).Validate())
	require.NoError(t, Diff(nil, FoldFeature(access.Feature{Chatbot: bot, Name: long("a")[:64], Enabled: true, AllowedRoles: []string{role}})).Validate())
	require.NoError(t, Diff(nil, FoldOrganization(access.Organization{ID: state.Chatbot.Organization})).Validate())
}
