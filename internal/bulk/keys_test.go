package bulk

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authn"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
	"github.com/grantway/grantway/schema"
)

// hands is the secrets that people have of a world.
type hands struct {
	apiKeys     map[access.KeyID]string
	accountKeys map[access.KeyID]string
	expired     []string
	links       map[access.ChatbotID]string
}

// hands gives a random world the keys and links that it says, with secrets, and account keys and requests.
func (e *env) hands(w *plain.World) hands {
	e.t.Helper()
	h := hands{map[access.KeyID]string{}, map[access.KeyID]string{}, nil, map[access.ChatbotID]string{}}
	require.NoError(e.t, e.db.Update(e.t.Context(), func(tx *store.Tx) error {
		for i, k := range w.APIKeys {
			minted := e.hasher.NewChatbotKey()
			k.ID, k.Preview = minted.ID, minted.Preview
			w.APIKeys[i] = k
			if k.ExpiredAt(e.now) {
				h.expired = append(h.expired, minted.Text)
			} else {
				h.apiKeys[k.ID] = minted.Text
			}
			if err := tx.AddAPIKey(k, minted.Digest); err != nil {
				return err
			}
		}
		return nil
	}))
	for _, b := range w.Chatbots {
		if b.PublicMode == access.AudienceNone {
			continue
		}
		r, err := e.RotateLink(e.t.Context(), root, b.ID)
		require.NoError(e.t, err)
		h.links[b.ID] = r.Link
	}
	org := w.Organizations[0].ID
	for i, n := range []sharing.NewKey{
		{Access: access.KeyFull}, {Access: access.KeyReadOnly, AllowedIPs: []string{"10.0.0.0/8"}}, {Access: access.KeyFull, Organization: org, ActorRequired: true},
		{Access: access.KeyReadWrite, Organization: org, ExpiresAt: e.now.Add(time.Hour)}, {Access: access.KeyFull, ExpiresAt: e.now.Add(time.Second)},
	} {
		n.Name = fmt.Sprintf("account key %d", i)
		r, err := e.CreateKey(e.t.Context(), root, n)
		require.NoError(e.t, err)
		h.accountKeys[r.Key.ID] = r.Secret
	}
	e.ask(w)
	e.invite(w)
	return h
}

// keyOf is the chatbot's key that a secret is of, and false where it is nobody's.
func (e *env) keyOf(text string) (access.KeyID, bool) {
	e.t.Helper()
	a := authn.New(e.db, authn.Config{Secrets: e.hasher, Now: func() time.Time { return e.now }})
	defer a.Close()
	id, known, err := a.KeyOfSecret(e.t.Context(), text, true)
	require.NoError(e.t, err)
	return id, known
}

// caller is who calls with the secret of an account key.
func (e *env) caller(text string) (access.Actor, error) {
	e.t.Helper()
	a := authn.New(e.db, authn.Config{Secrets: e.hasher, Now: func() time.Time { return e.now }})
	defer a.Close()
	r := httptest.NewRequestWithContext(e.t.Context(), http.MethodGet, "/v1/users", nil)
	r.RemoteAddr = "10.1.2.3:4"
	r.Header.Set("Authorization", "Bearer "+text)
	return a.Authenticate(r, "test")
}

// ask leaves a request of each chatbot's owner for each share that needs one and is not in force; every third has expired.
func (e *env) ask(w *plain.World) {
	e.t.Helper()
	with := []access.Principal{access.Everyone}
	for _, team := range w.Teams {
		with = append(with, access.Principal{Kind: access.PrincipalTeam, ID: string(team.ID)})
	}
	for _, o := range w.Organizations {
		with = append(with, access.Principal{Kind: access.PrincipalOrganization, ID: string(o.ID)})
	}
	require.NoError(e.t, e.db.Update(e.t.Context(), func(tx *store.Tx) error {
		for i, b := range w.Chatbots {
			for j, p := range with {
				if share, ok, err := tx.Share(b.ID, p); err != nil || ok && !share.ExpiredAt(e.now) {
					continue
				}
				r := access.Request{
					Chatbot: b.ID, Principal: p, Level: access.ReadOnly, Requester: "user:" + string(b.Owner), CreatedAt: e.now, State: access.RequestPending,
					Revision: int64(1 + j), ExpiresAt: e.now.Add(time.Duration((i+j)%3) * time.Hour), ShareExpiresAt: e.now.Add(time.Duration(j%4) * time.Hour),
				}
				if _, err := tx.AddRequest(r); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// invite leaves an invitation to each organization; the last has expired.
func (e *env) invite(w *plain.World) {
	e.t.Helper()
	require.NoError(e.t, e.db.Update(e.t.Context(), func(tx *store.Tx) error {
		for n, o := range w.Organizations {
			i := access.Invitation{
				ID: secret.NewInvitationID(), Organization: o.ID, Email: "new@acme.com", Role: access.OrgClient, Inviter: "key:root", Key: "root",
				Revision: int64(1 + n), CreatedAt: e.now, ExpiresAt: e.now.Add(time.Duration(len(w.Organizations)-n-1) * time.Hour), State: access.InvitationPending,
			}
			for _, b := range w.Chatbots {
				i.Shares = append(i.Shares, access.InvitationShare{Chatbot: b.ID, Level: access.ReadOnly})
			}
			i.Digest = e.hasher.Digest(e.hasher.InvitationTokens(i.ID, i.Revision)[0])
			if err := tx.PutInvitation(i); err != nil {
				return err
			}
		}
		return nil
	}))
}

// workAt demands that every secret does at the one place what it does at the other.
func (h hands) workAt(from, to *env) {
	to.t.Helper()
	for id, text := range h.apiKeys {
		known, ok := to.keyOf(text)
		require.True(to.t, ok)
		require.Equal(to.t, id, known)
		to.keyHasItsLevel(id)
	}
	for _, text := range h.expired {
		_, ok := to.keyOf(text)
		require.False(to.t, ok, "what has expired does not come along")
	}
	for id, text := range h.accountKeys {
		was, wasErr := from.caller(text)
		is, err := to.caller(text)
		require.Equal(to.t, wasErr, err)
		require.Equal(to.t, was, is)
		if err == nil {
			require.Equal(to.t, id, is.Key)
		}
	}
	for bot, link := range h.links {
		p, err := to.PublicAccess(to.t.Context(), root, bot)
		require.NoError(to.t, err)
		require.Equal(to.t, link, p.Link)
	}
}

// failAt demands that no secret is known there.
func (h hands) failAt(e *env) {
	e.t.Helper()
	for _, text := range h.apiKeys {
		_, ok := e.keyOf(text)
		require.False(e.t, ok)
	}
	for _, text := range h.accountKeys {
		_, err := e.caller(text)
		require.Equal(e.t, access.KindUnauthenticated, access.KindOf(err))
	}
	for bot := range h.links {
		p, err := e.PublicAccess(e.t.Context(), root, bot)
		require.NoError(e.t, err)
		require.True(e.t, p.Lost)
		require.Empty(e.t, p.Link)
	}
}

// keyHasItsLevel demands that the engine lets a key do what its level says, from where it may be used.
func (e *env) keyHasItsLevel(id access.KeyID) {
	e.t.Helper()
	var k access.APIKey
	require.NoError(e.t, e.db.View(e.t.Context(), func(tx *store.Tx) (err error) {
		k, _, err = tx.APIKey(id)
		return err
	}))
	ip := "203.0.113.9"
	if k.AllowedIPs != nil {
		ip, _, _ = strings.Cut(k.AllowedIPs[0], "/")
	}
	want := map[access.Action]bool{
		access.Read: k.Level != access.UseOnly, access.Update: k.Level == access.ReadWrite, access.Deploy: false, access.ManageAccess: false,
	}
	for action, may := range want {
		for from, allowed := range map[string]bool{ip: may, "203.0.113.10": may && k.AllowedIPs == nil} {
			a, err := e.engine.Check(e.t.Context(), spice.Newest, spice.Question{
				Subject: access.Subject{Type: access.TypeAPIKey, ID: string(id)}, Permission: string(action),
				Resource: access.Obj(access.TypeChatbot, k.Chatbot),
				Context:  map[string]any{schema.ParamTime: e.now.Format(time.RFC3339Nano), schema.ParamIP: from},
			})
			require.NoError(e.t, err)
			require.Equal(e.t, allowed, a.Allowed, "%s by a %s key from %s", action, k.Level, from)
		}
	}
}

// secrets are all of them.
func (h hands) secrets() []string {
	return slices.Concat(slices.Collect(maps.Values(h.apiKeys)), slices.Collect(maps.Values(h.accountKeys)), slices.Collect(maps.Values(h.links)), h.expired)
}

// visits reports whether a visitor who presents the link may interact with helper.
func (e *env) visits(link string) bool {
	e.t.Helper()
	a, err := e.engine.Check(e.t.Context(), spice.Newest, spice.Question{
		Subject: access.Subject{Type: access.TypeVisitor, ID: "anonymous"}, Permission: string(access.Interact),
		Resource: access.Obj(access.TypeChatbot, access.ChatbotID("helper")),
		Context:  map[string]any{schema.ParamTime: e.now.Format(time.RFC3339Nano), schema.ParamLink: plain.LinkDigest(link)},
	})
	require.NoError(e.t, err)
	return a.Allowed
}
