package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func testRequests(t *testing.T, stores maker) {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	team := access.Principal{Kind: access.PrincipalTeam, ID: "blue"}
	ask := access.Request{
		Chatbot: "helper", Principal: team, Level: access.UseOnly, ShareExpiresAt: at(900), Requester: "user:mia", CreatedAt: at(1), ExpiresAt: at(50),
		State: access.RequestPending, Revision: 1,
	}
	update(t, stores.open(t), func(tx *Tx) {
		first, err := tx.AddRequest(ask)
		require.NoError(t, err)
		is(t, first)(tx.Request(first.ID))
		is(t, first)(tx.PendingRequest("helper", team))
		absent[access.Request](t)(tx.PendingRequest("helper", access.Everyone))

		first.Level, first.Requester, first.Revision = access.ReadOnly, "key:k", 2
		must(t, tx.PutRequest(first))
		is(t, first)(tx.Request(first.ID))

		denied := first
		denied.State, denied.DecidedBy, denied.DecidedAt, denied.Detail = access.RequestDenied, "user:gus", at(3), "no"
		must(t, tx.PutRequest(denied))
		is(t, denied)(tx.Request(first.ID))
		absent[access.Request](t)(tx.PendingRequest("helper", team))

		second, err := tx.AddRequest(ask)
		require.NoError(t, err)
		everyone := ask
		everyone.Principal, everyone.ExpiresAt = access.Everyone, at(40)
		third, err := tx.AddRequest(everyone)
		require.NoError(t, err)
		numbered := denied
		numbered.ID = "0000000000004711" // as earlier versions counted them
		must(t, tx.PutRequest(numbered))
		are(t, third, second, denied, numbered)(tx.Requests(RequestFilter{}, "", 0))
		are(t, numbered)(tx.Requests(RequestFilter{}, denied.ID, 0))
		must(t, tx.exec(`DELETE FROM requests WHERE id = $1`, numbered.ID))
		are(t, third, second, denied)(tx.Requests(RequestFilter{}, "", 0))
		are(t, second, denied)(tx.Requests(RequestFilter{Principal: team}, third.ID, 0))
		are(t, second)(tx.Requests(RequestFilter{Chatbot: "helper"}, third.ID, 1))
		are(t, denied)(tx.Requests(RequestFilter{State: access.RequestDenied}, "", 0))
		are(t, third, second)(tx.Requests(RequestFilter{Requester: "user:mia"}, "", 0))
		are[access.Request](t)(tx.RequestsDue(at(39), 0))
		are(t, third, second)(tx.RequestsDue(at(50), 0))
		are(t, second)(tx.PendingRequests("", 1))
		are(t, third)(tx.PendingRequests(second.ID, 0))

		must(t, tx.ForgetRequester("user:mia"), tx.OrphanRequestsWith(team))
		second.Requester, second.Orphaned, denied.Orphaned, third.Requester = "", true, true, ""
		old := denied
		old.ID = "0000000000004711" // as earlier versions counted them
		must(t, tx.PutRequest(old))
		are(t, third, second, denied, old)(tx.Requests(RequestFilter{}, "", 0))
		are(t, old)(tx.Requests(RequestFilter{}, denied.ID, 0))
		must(t, tx.exec(`DELETE FROM requests WHERE id = $1`, old.ID))
		are(t, third, second, denied)(tx.Requests(RequestFilter{}, "", 0))
		must(t, tx.OrphanRequestsOf("helper"))
		third.Orphaned = true
		is(t, third)(tx.Request(third.ID))
	})
}

func testS9OneRequestIsPendingForAChatbotAndAPrincipal(t *testing.T, stores maker) {
	ask := access.Request{Chatbot: "helper", Principal: access.Everyone, State: access.RequestPending}
	err := stores.open(t).Update(t.Context(), func(tx *Tx) error {
		if _, err := tx.AddRequest(ask); err != nil {
			return err
		}
		_, err := tx.AddRequest(ask)
		return err
	})
	require.Equal(t, access.KindInternal, access.KindOf(err))
}
