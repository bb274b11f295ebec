package httpapi_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// audit is what the record answers to a query.
func audit(c *testenv.Caller, query string) []map[string]any {
	c.Helper()
	var all []map[string]any
	for _, item := range c.Does(http.MethodGet, "/v1/audit?page_size=1000&"+query, nil)["items"].([]any) {
		all = append(all, item.(map[string]any))
	}
	return all
}

// TestH2AnAdminFindsWhoSharedWhatWithWhomLastWeek tells why there is a record.
func TestH2AnAdminFindsWhoSharedWhatWithWhomLastWeek(t *testing.T) {
	monday := time.Date(2030, 3, 4, 9, 0, 0, 0, time.UTC)
	now := monday
	e := newWorld(t, testenv.At(func() time.Time { return now }))
	now = monday.Add(24 * time.Hour)
	e.As(mel).Shares(helper, cal, access.UseOnly)
	e.As(bob).Refused(access.KindDenied, "").Shares(helper, cal, access.ReadWrite)
	e.As(mel).Refused(access.KindUnprocessable, "S2").Shares(helper, mel, access.ReadWrite)
	now = monday.Add(8 * 24 * time.Hour)
	e.As(mel).Unshares(helper, cal)

	lastWeek := "from=" + url.QueryEscape("2030-03-05T01:00:00+01:00") + "&to=2030-03-11T00:00:00Z"
	found := audit(e.As(adam), "action=share.*&outcome=done&"+lastWeek)
	require.Len(t, found, 1)
	shared := found[0]
	require.Equal(t, "user:mel", shared["actor"])
	require.Equal(t, "root", shared["key"])
	require.Equal(t, "share.put", shared["action"])
	require.Equal(t, map[string]any{"type": "chatbot", "id": "helper"}, shared["resource"])
	require.Equal(t, "acme", shared["organization"])
	require.Equal(t, "2030-03-05T09:00:00Z", shared["time"])
	require.Equal(t, "127.0.0.1", shared["address"])
	require.NotEmpty(t, shared["request_id"])
	require.Nil(t, shared["before"])
	require.Equal(t, map[string]any{"chatbot": "helper", "principal": "user:cal", "access": "use_only"}, shared["after"])
	require.Empty(t, shared["effects"])

	refused := audit(e.As(alice), "outcome=refused")
	require.Len(t, refused, 2)
	require.Equal(t, "S2", refused[0]["rule"], "the newest comes first")
	require.Equal(t, "user:mel owns the chatbot and has every action already", refused[0]["detail"])
	require.Equal(t, "user:bob", refused[1]["actor"])

	require.Len(t, audit(e.As(adam), "resource=chatbot:helper&action=share.delete"), 1)
	require.Len(t, audit(e.As(adam), "resource=chatbot:helper&action=share.delete&to=2030-03-12T09:00:00Z"), 0, "before that moment")
	require.Len(t, audit(e.As(adam), "resource=chatbot:helper&action=share.delete&from=2030-03-12T09:00:00Z"), 1, "from that moment on")
	require.Len(t, audit(e.As(adam), "actor=user:bob"), 1)
	require.Equal(t, audit(e.As(adam), "actor=user:bob"), audit(e.As(adam), "actor=bob"))
	require.Len(t, audit(e.As(adam), "q=USER:CAL&action=share.*"), 2, "what was shared, and what was unshared")
	require.Empty(t, audit(e.As(adam), "q=nothing+like+it"))
	require.Equal(t, audit(e.As(adam), "actor=user:mel"), audit(e.As(adam), "actor=user:mel&key=root"))
	require.Empty(t, audit(e.As(adam), "key=other"))
}

// TestC6TheRecordOfAnotherOrganizationIsNotRead checks who reads what, and that each organization learns what happened to its own.
func TestC6TheRecordOfAnotherOrganizationIsNotRead(t *testing.T) {
	e := newWorld(t)
	e.As(gus).PutsChatbot("desk", fields{"organization": globex})
	e.Admin().Shares("desk", support, access.UseOnly)
	e.Admin().PutsMember(globex, bob, access.OrgMember)
	e.As(alice).Does(http.MethodDelete, "/v1/teams/support", nil)

	for _, user := range []access.UserID{mel, bob, cal} {
		require.Empty(t, audit(e.As(user), ""), "%s updates no organization", user)
	}
	text := func(entries []map[string]any) string {
		data, err := json.Marshal(entries)
		require.NoError(t, err)
		return string(data)
	}
	ours, theirs := audit(e.As(alice), ""), audit(e.As(gus), "")
	require.NotContains(t, text(ours), "desk", "C6: alice reads nothing of globex")
	require.NotContains(t, text(ours), "gus")
	require.NotContains(t, text(theirs), "helper", "C6: gus reads nothing of acme")
	require.Equal(t, "team.delete", theirs[0]["action"])
	require.Equal(t, "user:alice", theirs[0]["actor"], "who ended the share of gus's chatbot")
	require.Nil(t, theirs[0]["before"], "the team was never his to read")
	require.Equal(t, []any{map[string]any{"kind": "share", "before": map[string]any{"chatbot": "desk", "principal": "team:support", "access": "use_only"}}},
		theirs[0]["effects"])
	for _, of := range []string{"organization=acme", "resource=chatbot:helper", "actor=user:alice&organization=acme", "subject=user:bob", "q=helper"} {
		require.Empty(t, audit(e.As(gus), of), of)
	}
	all := audit(e.Admin(), "")
	require.Greater(t, len(all), len(ours)+len(theirs), "and the platform's")
	require.Equal(t, ours, audit(e.Admin(), "organization=acme"))
	require.Equal(t, ours, audit(e.With(e.Admin().MakesKey(fields{"name": "k", "access": access.KeyReadOnly, "organization": acme})), "action=*")[1:],
		"and the key itself, which was made since")

	// Whoever owns both reads both, in one list by time, and from where they may (B4).
	e.Admin().PutsMember(globex, alice, access.OrgOwner)
	both := audit(e.As(alice), "")
	require.True(t, slices.IsSortedFunc(both, func(a, b map[string]any) int { return strings.Compare(b["time"].(string), a["time"].(string)) }))
	require.Equal(t, len(audit(e.As(alice), "organization=acme"))+len(audit(e.As(alice), "organization=globex")), len(both))
	e.Admin().PutsOrganization(globex, fields{"allowed_ips": []string{"127.0.0.1"}})
	require.NotEmpty(t, audit(e.As(alice), "organization=globex"))
}

// TestH1AnOutsiderDoesNotFillTheRecordOfAnOrganization: equal refusals are one entry that counts them, in the list and in both files.
func TestH1AnOutsiderDoesNotFillTheRecordOfAnOrganization(t *testing.T) {
	e := newWorld(t)
	before := len(audit(e.As(alice), ""))
	for range 50 {
		e.As(gus).Refused(access.KindNotFound, "").Shares(helper, gus, access.ReadWrite)
	}
	found := audit(e.As(alice), "outcome=refused")
	require.Len(t, found, 1)
	require.Len(t, audit(e.As(alice), ""), before+1)
	require.Eventually(t, func() bool {
		found = audit(e.As(alice), "outcome=refused")
		return found[0]["count"] == 50.0
	}, time.Minute, 50*time.Millisecond, "the count follows within seconds")
	require.NotEqual(t, found[0]["time"], found[0]["last_time"])
	for format, want := range map[string]string{"csv": ",50," + found[0]["last_time"].(string), "jsonl": `"count":50,"last_time":"` + found[0]["last_time"].(string)} {
		file := e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/audit/export?outcome=refused&format=" + format, Key: testenv.RootKey, Actor: "alice"})
		require.Contains(t, string(file.Body), want)
	}
	others := audit(e.As(alice), "outcome=done")
	require.Equal(t, 1.0, others[0]["count"])
	require.Equal(t, others[0]["time"], others[0]["last_time"])
}

// TestO4ARecordBeginsAnewWithItsOrganization checks that who gets an old name does not get the old record.
func TestO4ARecordBeginsAnewWithItsOrganization(t *testing.T) {
	e := newWorld(t)
	e.Admin().Does(http.MethodDelete, "/v1/organizations/globex", nil)
	e.Admin().PutsOrganization(globex, fields{"owner": bob})
	found := audit(e.As(bob), "")
	require.Len(t, found, 1)
	require.Equal(t, "organization.put", found[0]["action"])
	require.Empty(t, audit(e.As(gus), ""))
	require.Greater(t, len(audit(e.Admin(), "organization=globex")), 2, "a site admin reads on")
}

// TestH2TheExportIsTheWholeRecord compares the files with the list.
func TestH2TheExportIsTheWholeRecord(t *testing.T) {
	e := newWorld(t)
	for i, name := range []string{`=HYPERLINK("http://evil.example")`, "+1", "-1", "@SUM(A1)", "\tx", "R&D <\"quoted\",\nlines>"} {
		if _, err := access.ParseID[access.ChatbotID](name); err == nil {
			e.As(adam).Refused(access.KindNotFound, "").Shares(access.ChatbotID(name), bob, access.UseOnly)
		}
		e.As(adam).PutsTeam(access.TeamID(fmt.Sprint("t", i)), fields{"organization": acme, "name": name})
	}
	get := func(key, actor, query string) testenv.Answer {
		a := e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/audit/export?" + query, Key: key, Actor: actor})
		require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
		return a
	}
	for actor, c := range map[string]*testenv.Caller{"adam": e.As(adam), "": e.Admin()} {
		want := audit(c, "")
		slices.Reverse(want)
		answer := get(testenv.RootKey, actor, "format=jsonl")
		require.Equal(t, "application/jsonl", answer.Header.Get("Content-Type"))
		lines := strings.Split(strings.TrimSuffix(string(answer.Body), "\n"), "\n")
		require.Len(t, lines, len(want))
		for i, line := range lines {
			var got map[string]any
			require.NoError(t, json.Unmarshal([]byte(line), &got))
			require.Equal(t, want[i], got)
		}

		answer = get(testenv.RootKey, actor, "format=csv")
		require.Equal(t, "text/csv; charset=utf-8", answer.Header.Get("Content-Type"))
		require.Equal(t, `attachment; filename="record.csv"`, answer.Header.Get("Content-Disposition"))
		rows, err := csv.NewReader(bytes.NewReader(answer.Body)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, len(want)+1)
		for i, row := range rows[1:] {
			require.Equal(t, want[i]["id"], row[0])
			id := want[i]["resource"].(map[string]any)["id"].(string)
			if strings.ContainsAny(id[:1], "=+-@\t\r") {
				id = "'" + id
			}
			require.Equal(t, id, row[6])
			for _, cell := range row {
				require.NotContains(t, "=+-@\t\r", (cell + " ")[:1], "a spreadsheet would run %q", cell)
			}
		}
	}
	require.Equal(t, 2, bytes.Count(get(testenv.RootKey, "adam", "format=csv&resource=team:t1").Body, []byte("\n")))
	require.Empty(t, get(testenv.RootKey, "cal", "").Body)
	a := e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/audit/export?format=xml&from=yesterday&resource=helper", Key: testenv.RootKey})
	requireProblem(t, a, access.KindInvalid, "")
	require.Equal(t, []string{"/format", "/from"}, pointers(t, a))
}

// TestThePagesOfTheRecord reads the record in pages of several sizes, also where it is that of two organizations.
func TestThePagesOfTheRecord(t *testing.T) {
	e := newWorld(t)
	e.Admin().PutsMember(globex, alice, access.OrgOwner)
	e.As(gus).PutsChatbot("desk", fields{"organization": globex})
	for _, c := range []*testenv.Caller{e.Admin(), e.As(alice), e.As(adam)} {
		want := audit(c, "")
		for _, size := range []int{1, 7, len(want), len(want) + 1} {
			var read []map[string]any
			token := ""
			for {
				page := c.Does(http.MethodGet, fmt.Sprintf("/v1/audit?page_size=%d&page_token=%s", size, token), nil)
				for _, item := range page["items"].([]any) {
					read = append(read, item.(map[string]any))
				}
				if token = page["next_page_token"].(string); token == "" {
					break
				}
			}
			require.Equal(t, want, read, "in pages of %d", size)
		}
	}
	e.Admin().Refused(access.KindInvalid, "").Does(http.MethodGet, "/v1/audit?page_token=eA", nil)
}
