package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
)

// TestRequests tells the story of a member who shares her chatbot with an organization where she is nobody (worked example 4).
func TestRequests(t *testing.T) {
	e := newWorld(t)
	admin := e.Admin()
	for user, role := range map[access.UserID]access.OrgRole{"gil": access.OrgMember, "gwen": access.OrgAdmin, "gary": access.OrgClient} {
		admin.PutsUser(user, fields{})
		admin.PutsMember(globex, user, role)
		e.As(user).Hears() // that they were added
	}
	helper := access.ChatbotID("helper2")
	e.As(mel).PutsChatbot(helper, fields{"organization": acme})

	a := e.Do(testenv.Call{Method: http.MethodPut, Path: "/v1/chatbots/helper2/shares/organization:globex", Key: testenv.RootKey, Actor: string(mel), Body: fields{"access": "use_only"}})
	require.Equal(t, http.StatusAccepted, a.Status, "%s", a.Body)
	var asked struct {
		State    string
		ZedToken string
		Request  map[string]any
	}
	require.NoError(t, json.Unmarshal(a.Body, &asked))
	require.Equal(t, "pending", asked.State)
	request := asked.Request
	require.Equal(t, []any{"pending", "helper2", "organization:globex", "use_only", "user:mel", 1.0, nil, nil},
		[]any{request["state"], request["chatbot"], request["principal"], request["access"], request["requester"], request["revision"], request["decided_by"], request["share_expires_at"]})
	e.Cannot(access.UserID("gil"), access.Interact, helper)
	require.Equal(t, request["id"], e.As(mel).Asks(helper, globex, access.UseOnly)["id"], "the very same ask")

	asks := "user:mel wants to share chatbot helper2 with organization:globex at use_only. You can approve or deny the request."
	require.Equal(t, []string{asks}, e.As(gus).Hears())
	require.Equal(t, []string{asks}, e.As("gwen").Hears())
	require.Empty(t, e.As("gwen").Hears())
	require.Empty(t, e.As("gil").Hears())
	require.Len(t, e.As("gwen").Does(http.MethodGet, "/v1/requests?decidable=true", nil)["items"], 1)
	require.Equal(t, request, e.As("gwen").Sees("v1", "requests", request["id"].(string)))
	e.As("gwen").Refused(access.KindNotFound, "").Sees("v1", "chatbots", string(helper))

	e.As(mel).Refused(access.KindDenied, "S7").Approves(request, access.UseOnly)
	e.As("gil").Refused(access.KindNotFound, "").Approves(request, access.UseOnly)
	e.As("gwen").Refused(access.KindConflict, "S8").Approves(request, access.ReadOnly)
	e.As("gwen").Refused(access.KindConflict, "S8").Decides(request, "approve", fields{"access": "use_only", "revision": 2})
	e.As("gwen").Refused(access.KindInvalid, "").Decides(request, "approve", fields{})
	approved := e.As("gwen").Decides(request, "approve", fields{"access": "use_only", "revision": 1})
	require.Equal(t, []any{"approved", "user:gwen"}, []any{approved["state"], approved["decided_by"]})
	require.NotEmpty(t, approved["zedtoken"])

	for user, may := range map[access.UserID]bool{gus: true, "gwen": true, "gil": true, "gary": false} {
		if may {
			e.Can(user, access.Interact, helper)
		} else {
			e.Cannot(user, access.Interact, helper)
		}
	}
	shared := "user:gwen shared chatbot helper2 with organization:globex at use_only."
	require.Equal(t, []string{shared}, e.As("gil").Hears())
	require.Equal(t, []string{shared}, e.As(gus).Hears())
	require.Empty(t, e.As("gary").Hears())
	require.Equal(t, []string{"Your request to share chatbot helper2 with organization:globex at use_only was approved."}, e.As(mel).Hears())
	require.Equal(t, "active", e.As(mel).Shares(helper, globex, access.ReadOnly)["state"], "in force: S10")
	e.As("gwen").Refused(access.KindConflict, "S7").Decides(request, "deny", fields{})
	e.As(mel).Refused(access.KindConflict, "S7").Decides(request, "cancel", fields{})
	e.As(mel).Refused(access.KindInvalid, "").Does(http.MethodGet, "/v1/requests?decidable=yes", nil)
	e.As(mel).Refused(access.KindInvalid, "").Does(http.MethodGet, "/v1/requests?state=lost", nil)
}

// TestTwoApproversAtOnce lets two admins decide at the same moment, over HTTP.
func TestTwoApproversAtOnce(t *testing.T) {
	e := newWorld(t)
	request := e.As(mel).Asks(helper, globex, access.UseOnly)
	answers := make([]testenv.Answer, 4)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = e.Do(testenv.Call{Method: http.MethodPost, Path: "/v1/requests/" + request["id"].(string) + "/approve", Key: testenv.RootKey,
				Actor: string(gus), Body: fields{"access": "use_only"}})
		})
	}
	all.Wait()
	won := 0
	for _, a := range answers {
		if a.Status == http.StatusOK {
			won++
			continue
		}
		requireProblem(t, a, access.KindConflict, "S7")
	}
	require.Equal(t, 1, won)
	e.Can(gus, access.Interact, helper)
}

// TestRequestAskedAgainWithoutAnEnd asks for a share for a day, then for one without an end: an approval of the level alone gives neither (S8).
func TestRequestAskedAgainWithoutAnEnd(t *testing.T) {
	e := newWorld(t)
	path := testenv.Path("v1", "chatbots", string(helper), "shares", "organization:globex")
	day := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	first := e.As(mel).Does(http.MethodPut, path, fields{"access": "use_only", "expires_at": day})["request"].(map[string]any)
	again := e.As(mel).Does(http.MethodPut, path, fields{"access": "use_only", "expires_at": nil})["request"].(map[string]any)
	require.Equal(t, []any{first["id"], 2.0, nil}, []any{again["id"], again["revision"], again["share_expires_at"]})
	e.As(gus).Refused(access.KindConflict, "S8").Decides(first, "approve", fields{"access": "use_only"})
	e.As(gus).Refused(access.KindConflict, "S8").Approves(first, access.UseOnly)
	e.Cannot(gus, access.Interact, helper)
	e.As(gus).Decides(again, "approve", fields{"access": "use_only", "revision": 2, "expires_at": day})
	e.Can(gus, access.Interact, helper)
	require.Equal(t, day.Format(time.RFC3339), e.As(mel).Does(http.MethodGet, testenv.Path("v1", "chatbots", string(helper), "shares"), nil)["items"].([]any)[0].(map[string]any)["expires_at"])
}

// TestDenialCarriesAReason denies a request with a reason, and another without a body.
func TestDenialCarriesAReason(t *testing.T) {
	e := newWorld(t)
	request := e.As(mel).Asks(helper, globex, access.UseOnly)
	e.As(gus).Refused(access.KindInvalid, "").Decides(request, "deny", fields{"reason": strings.Repeat("r", 1001)})
	e.As(gus).Decides(request, "deny", fields{"reason": "ask our own helper"})
	require.Equal(t, "ask our own helper", e.As(mel).Sees("v1", "requests", request["id"].(string))["detail"])
	request = e.As(mel).Asks(helper, globex, access.UseOnly)
	require.Equal(t, "denied", e.As(gus).Does(http.MethodPost, testenv.Path("v1", "requests", request["id"].(string), "deny"), nil)["state"])
}

// TestApprovalIsRepeated sends an approval again with its Idempotency-Key.
func TestApprovalIsRepeated(t *testing.T) {
	e := newWorld(t)
	request := e.As(mel).Asks(helper, globex, access.UseOnly)
	call := testenv.Call{Method: http.MethodPost, Path: "/v1/requests/" + request["id"].(string) + "/approve", Key: testenv.RootKey, Actor: string(gus),
		Body: fields{"access": "use_only"}, Header: http.Header{"Idempotency-Key": {"k"}}}
	first, again := e.Do(call), e.Do(call)
	require.Equal(t, http.StatusOK, first.Status, "%s", first.Body)
	require.Equal(t, string(first.Body), string(again.Body))
	call.Body = fields{"access": "read_only"}
	requireProblem(t, e.Do(call), access.KindConflict, "")
}

// TestFailedApprovalIsRepeated sends one again that closed its request as failed: it says so again.
func TestFailedApprovalIsRepeated(t *testing.T) {
	e := newWorld(t)
	request := e.As(mel).Asks(helper, globex, access.UseOnly)
	e.As(mel).PutsChatbot(helper, fields{"visibility": access.OwnerOnly})
	call := testenv.Call{Method: http.MethodPost, Path: "/v1/requests/" + request["id"].(string) + "/approve", Key: testenv.RootKey, Actor: string(gus),
		Body: fields{"access": "use_only"}, Header: http.Header{"Idempotency-Key": {"k"}}}
	for range 2 {
		a := e.Do(call)
		requireProblem(t, a, access.KindConflict, "S8")
	}
	got := e.As(mel).Sees("v1", "requests", request["id"].(string))
	require.Equal(t, []any{"failed", "user:gus"}, []any{got["state"], got["decided_by"]})
	require.Contains(t, got["detail"], "owner_only")
	e.Cannot(gus, access.Interact, helper)
}

// TestRequestTTL checks that the server's setting is when requests expire, and that no answer waits for the upkeep.
func TestRequestTTL(t *testing.T) {
	var clock sync.Mutex
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func() time.Time { clock.Lock(); defer clock.Unlock(); return now }
	e := newWorld(t, testenv.At(at), func(c *server.Config) { c.RequestTTL = time.Hour })
	request := e.As(mel).Asks(helper, globex, access.UseOnly)
	require.Equal(t, "2030-01-02T04:04:05Z", request["expires_at"])
	clock.Lock()
	now = now.Add(time.Hour)
	clock.Unlock()
	require.Equal(t, "expired", e.As(mel).Sees("v1", "requests", request["id"].(string))["state"])
	a := e.As(gus).Refused(access.KindConflict, "S7").Approves(request, access.UseOnly)
	require.Contains(t, a["detail"], "expired")
	e.Cannot(gus, access.Interact, helper)
}

// TestNotificationsOfNobody checks who is told nothing: a key that acts for nobody.
func TestNotificationsOfNobody(t *testing.T) {
	e := newWorld(t)
	a := e.Admin().Refused(access.KindDenied, "B2").Does(http.MethodGet, "/v1/notifications", nil)
	require.Contains(t, a["detail"], "Grantway-Actor")
	bobs := e.As(bob).Does(http.MethodGet, "/v1/notifications", nil)["items"].([]any)
	require.Len(t, bobs, 2, "the other one is about the organization that he was added to")
	n := bobs[0].(map[string]any)
	require.Equal(t, []any{"share", "helper", "user:bob", "read_only", nil, nil, nil, "user:mel", nil},
		[]any{n["kind"], n["chatbot"], n["principal"], n["access"], n["request"], n["state"], n["api_key"], n["by"], n["read_at"]})
	path := testenv.Path("v1", "notifications", n["id"].(string), "read")
	e.As(alice).Refused(access.KindNotFound, "").Does(http.MethodPost, path, nil)
	read := e.As(bob).Does(http.MethodPost, path, nil)
	require.NotNil(t, read["read_at"])
	require.Equal(t, read, e.As(bob).Does(http.MethodPost, path, nil))
	require.Empty(t, e.As(bob).Does(http.MethodGet, "/v1/notifications?unread=true", nil)["items"])
	require.Len(t, e.As(bob).Does(http.MethodGet, "/v1/notifications?unread=false", nil)["items"], 2)
}
