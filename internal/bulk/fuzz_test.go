package bulk

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spreadsheet"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// fuzz feeds a parser: it never panics, costs no more than its budget, every error names a line, and every row that it gives survives being written and read again.
func fuzz(f *testing.F, format Format, again func(t *testing.T, row sharing.Row) sharing.Row) {
	for _, extra := range []string{"", "\n\n", "\xef\xbb\xbf", "\xff\xfe", "\"", ",", "{", "null", "a\r\nb", "\x00"} {
		f.Add([]byte(extra))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		perByte.Check(t, len(data), func() { read(format, data) })
		last := int64(0)
		err := Read(bytes.NewReader(data), format, func(l Line) error {
			require.Greater(t, l.Number, last, "lines ascend")
			last = l.Number
			if l.Err != nil {
				require.Empty(t, l.Rows)
				require.Equal(t, access.KindInvalid, access.KindOf(l.Err))
				return nil
			}
			require.NotEmpty(t, l.Rows)
			for _, row := range l.Rows {
				data, err := encode(row)
				require.NoError(t, err)
				staged, err := shapes[row.Kind()].decode(data)
				require.NoError(t, err)
				require.NoError(t, staged.Check())
				require.Equal(t, row, staged, "through the staging")
				require.Equal(t, row.Key(), staged.Key())
				if row.Kind() != sharing.KindHome {
					require.Equal(t, row, again(t, row), "through a file")
				}
			}
			return nil
		})
		require.NoError(t, err)
	})
}

// first is the first row of a file that has only one.
func first(t *testing.T, format Format, file []byte) sharing.Row {
	t.Helper()
	var row sharing.Row
	require.NoError(t, Read(bytes.NewReader(file), format, func(l Line) error {
		require.NoError(t, l.Err, "%q", file)
		require.Nil(t, row)
		row = l.Rows[0]
		return nil
	}))
	return row
}

func FuzzJSONL(f *testing.F) {
	for _, row := range examples() {
		line, err := encode(row)
		require.NoError(f, err)
		f.Add(line)
	}
	fuzz(f, JSONL, func(t *testing.T, row sharing.Row) sharing.Row {
		line, err := encode(row)
		require.NoError(t, err)
		return first(t, JSONL, line)
	})
}

func FuzzCSV(f *testing.F) {
	for _, row := range examples() {
		if file := csvOf(f, row); file != nil {
			f.Add(file)
		}
	}
	f.Add([]byte("organization,user,role\n,\"\"\"\"")) // a row whose first cell is empty is no header
	fuzz(f, CSV, func(t *testing.T, row sharing.Row) sharing.Row { return first(t, CSV, csvOf(t, row)) })
}

// csvOf is a CSV file of one row, or nil where the kind has none.
func csvOf(t testing.TB, row sharing.Row) []byte {
	for _, table := range tables {
		if table.kind == row.Kind() {
			var b bytes.Buffer
			require.NoError(t, errors.Join(spreadsheet.Write(&b, table.columns()), writeRow(&b, table.write(row))))
			return b.Bytes()
		}
	}
	return nil
}

func FuzzRelationships(f *testing.F) {
	for _, row := range examples() {
		if text := relationshipsOf(f, row); text != "" {
			f.Add([]byte(text))
		}
	}
	f.Add([]byte("chatbot:x#use_only@user:a[expiration:2030-01-01T00:00:00Z]"))
	f.Add([]byte("platform:main#site_admin@user:=zz"))
	f.Add([]byte("chatbot:x#use_only@api_key:k"))
	fuzz(f, Relationships, func(t *testing.T, row sharing.Row) sharing.Row {
		if b, ok := row.(*sharing.ChatbotRow); ok { // one of the two relationships that make a chatbot
			whole := &sharing.ChatbotRow{Chatbot: b.Chatbot, Organization: "o", Owner: "u", Visibility: access.Shared}
			require.Equal(t, 2, strings.Count(relationshipsOf(t, whole), "\n"))
			return row
		}
		if _, ok := row.(*sharing.PlatformRoleRow); ok { // taken, and not written
			return row
		}
		return first(t, Relationships, []byte(relationshipsOf(t, row)))
	})
}

// relationshipsOf is what an export as relationships says about one row.
func relationshipsOf(t testing.TB, row sharing.Row) string {
	var b strings.Builder
	rw, err := newRelationshipWriter(&b)
	require.NoError(t, err)
	if s, ok := row.(*sharing.ShareRow); ok {
		rw.bot, rw.shares = &sharing.ChatbotRow{Chatbot: s.Chatbot}, true
	}
	require.NoError(t, errors.Join(rw.row(row), rw.close()))
	return strings.TrimPrefix(b.String(), relationshipPreamble)
}

// examples has rows of every kind: those of a random world.
func examples() []sharing.Row {
	w := plain.Generate(rand.New(rand.NewPCG(1, 2)), plain.Small)
	var rows []sharing.Row
	for _, u := range w.Users {
		rows = append(rows, &sharing.UserRow{User: u.ID, Email: u.Email, EmailVerified: &u.EmailVerified, Organization: "o"})
	}
	for _, m := range w.Memberships {
		rows = append(rows, &sharing.MembershipRow{Organization: m.Organization, User: m.User, Role: m.Role, Name: "a \"b\",\nc"})
	}
	for _, s := range w.Shares {
		rows = append(rows, &sharing.ShareRow{Chatbot: s.Chatbot, Principal: s.Principal, Access: s.Level, ExpiresAt: s.ExpiresAt})
	}
	for _, r := range w.Resources {
		rows = append(rows, &sharing.ResourceRow{Type: r.Type, ID: r.ID, Chatbot: r.Chatbot, Access: r.Mode, Allowed: r.Allowed})
	}
	yes := true
	return append(rows,
		&sharing.OrganizationRow{Organization: "o", Owner: "u", Name: "<O & Co>", OutsideSharing: &yes, AllowedIPs: []string{"10.0.0.0/8"}},
		&sharing.PlatformRoleRow{Role: access.SiteAdmin, User: "u"}, &sharing.RoleRow{Role: "r", Organization: "o"},
		&sharing.GroupRow{Group: "g", Organization: "o"}, &sharing.TeamRow{Team: "t", Organization: "o"},
		&sharing.TeamMemberRow{Team: "t", Organization: "o", User: "u", Role: access.TeamAdmin}, &sharing.TeamNestingRow{Team: "t", Inner: "i"},
		&sharing.RoleAssignmentRow{Role: "r", User: "u"}, &sharing.GroupMemberRow{Group: "g", Principal: access.Everyone},
		&sharing.ChatbotRow{Chatbot: "b", Organization: "o", Owner: "u", Visibility: access.Shared},
		&sharing.PolicyRow{Chatbot: "b", Enabled: &yes, EmailDomains: []string{}, DeniedUsers: []access.UserID{"u"}},
		&sharing.FeatureRow{Chatbot: "b", Feature: "f", Limits: map[string]float64{"max_x": 1.5}},
		&sharing.MatrixRow{Chatbot: "b", User: "u", Actions: []access.Action{access.Read, access.Test}},
		&sharing.MatrixRow{Chatbot: "b", User: "v", Actions: []access.Action{}},
		&sharing.PublicLinkRow{Chatbot: "b", Mode: access.AudienceEveryone, Digest: strings.Repeat("0f", 32), Nonce: "n"},
		&sharing.APIKeyRow{
			APIKey: "k", Chatbot: "b", Name: "n", Access: access.UseOnly, ExpiresAt: plain.Era, AllowedIPs: []string{"192.0.2.0/24"},
			Digest: strings.Repeat("0f", 32), Preview: "gwbot_k_abcd", CreatedBy: "user:u", CreatedAt: plain.Era, CreatorLostDeploy: true,
		},
		&sharing.AccountKeyRow{
			AccountKey: "k", Name: "n", Access: access.KeyFull, Organization: "o", ActorRequired: true, ExpiresAt: plain.Era,
			AllowedIPs: []string{"192.0.2.0/24"}, Digest: strings.Repeat("0f", 32), Preview: "gw_k_abcd", CreatedBy: "key:root", CreatedAt: plain.Era,
		},
		&sharing.RequestRow{
			Chatbot: "b", Principal: access.Everyone, Access: access.ReadOnly, ShareExpiresAt: plain.Era, Requester: "user:u", Revision: 3, CreatedAt: plain.Era,
			ExpiresAt: plain.Era,
		},
		&sharing.InvitationRow{
			Invitation: "i", Organization: "o", Email: "a@b.org", Role: access.OrgMember, Shares: []sharing.InvitedShare{{Chatbot: "b", Access: access.UseOnly}},
			Inviter: "key:k", InviterKey: "k", Confined: "o", Revision: 2, Digest: strings.Repeat("0f", 32), CreatedAt: plain.Era, ExpiresAt: plain.Era,
		},
		&sharing.TakenAwayRow{User: "u", Organization: "o"}, &sharing.TakenAwayRow{User: "u", Role: "r", StoppedBy: []string{"https://id.example"}},
		&sharing.TakenAwayRow{User: "u", PlatformRole: access.ContentUser},
	)
}
