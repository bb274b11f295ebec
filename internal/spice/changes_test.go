package spice

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
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
