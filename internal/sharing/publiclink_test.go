package sharing_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// linked sets whom helper's link admits, and returns the link.
func (e *env) linked(actor access.Actor, mode access.Audience) (string, error) {
	r, err := e.PutPublicAccess(e.ctx, actor, "helper", access.Some(mode))
	return r.Link, err
}

// link is helper's link as the actor reads it.
func (e *env) link(actor access.Actor) string {
	e.t.Helper()
	p, err := e.PublicAccess(e.ctx, actor, "helper")
	require.NoError(e.t, err)
	return p.Link
}

// admits reports whom the engine lets interact with helper when the link is presented.
func (e *env) admits(link string) access.Audience {
	e.t.Helper()
	sum := sha256.Sum256([]byte(link))
	interacts := func(subject access.Subject) bool {
		a, err := e.engine.Check(e.ctx, spice.Newest, spice.Question{
			Subject: subject, Permission: string(access.Interact), Resource: access.Object{Type: access.TypeChatbot, ID: "helper"},
			Context: map[string]any{schema.ParamTime: e.now.Format(time.RFC3339Nano), schema.ParamLink: hex.EncodeToString(sum[:])},
		})
		require.NoError(e.t, err)
		return a.Allowed
	}
	user := interacts(access.Subject{Type: access.TypeUser, ID: "otto"})
	visitor := interacts(access.Subject{Type: access.TypeVisitor, ID: "somebody"})
	switch {
	case user && visitor:
		return access.AudienceEveryone
	case user:
		return access.AudienceAuthenticated
	}
	require.False(e.t, visitor)
	return access.AudienceNone
}

func TestL1TheLinkAdmitsWhomItsModeSays(t *testing.T) {
	e := acme(t)
	require.Empty(t, e.link(as("mia")))
	link, err := e.linked(as("mia"), access.AudienceAuthenticated)
	require.NoError(t, err)
	require.Equal(t, access.AudienceAuthenticated, e.admits(link))
	for _, other := range []string{"", "guess", link + "x", link[:len(link)-1]} {
		require.Equal(t, access.AudienceNone, e.admits(other), "%q", other)
	}
	same, err := e.linked(as("mia"), access.AudienceEveryone)
	require.NoError(t, err)
	require.Equal(t, link, same, "another mode keeps the link")
	require.Equal(t, access.AudienceEveryone, e.admits(link))
	_, err = e.linked(as("mia"), access.AudienceAuthenticated)
	require.NoError(t, err)
	require.Equal(t, access.AudienceAuthenticated, e.admits(link))

	r, err := e.RotateLink(e.ctx, as("mia"), "helper")
	require.NoError(t, err)
	require.NotEqual(t, link, r.Link)
	require.Equal(t, access.AudienceAuthenticated, r.Mode)
	require.Equal(t, access.AudienceNone, e.admits(link), "the old one is dead at once")
	require.Equal(t, access.AudienceAuthenticated, e.admits(r.Link))

	off, err := e.PutPublicAccess(e.ctx, as("mia"), "helper", access.Optional[access.Audience]{Set: true, Null: true})
	require.NoError(t, err)
	require.Equal(t, sharing.PublicAccess{Mode: access.AudienceNone}, off.PublicAccess)
	require.Equal(t, access.AudienceNone, e.admits(r.Link))
	_, err = e.RotateLink(e.ctx, as("mia"), "helper")
	e.refused(err, access.KindConflict, "L1")
	next, err := e.linked(as("mia"), access.AudienceAuthenticated)
	require.NoError(t, err)
	require.Equal(t, access.AudienceNone, e.admits(r.Link), "what was switched off never comes back")
	require.Equal(t, access.AudienceNone, e.admits(link))
	require.Equal(t, access.AudienceAuthenticated, e.admits(next))

	// A link that is set again is the same one, and leaves no entry.
	before := len(e.records())
	again, err := e.PutPublicAccess(e.ctx, as("mia"), "helper", access.Optional[access.Audience]{})
	require.NoError(t, err)
	require.False(t, again.Changed)
	require.Equal(t, next, again.Link)
	require.Len(t, e.records(), before)

	// Deleted and created again, it starts with nothing (O4).
	e.ok(e.DeleteChatbot(e.ctx, as("mia"), "helper"))
	e.makeBot("helper", "acme", "mia")
	require.Equal(t, access.AudienceNone, e.admits(next))
	_, err = e.linked(as("mia"), access.AudienceAuthenticated)
	require.NoError(t, err)
	require.Equal(t, access.AudienceNone, e.admits(next))
}

// Links that were made before they had a prefix are shown, and work, until they are rotated.
func TestL1AnOldLinkWithoutPrefixStaysWhatItIs(t *testing.T) {
	e := acme(t)
	_, err := e.linked(as("mia"), access.AudienceEveryone)
	require.NoError(t, err)
	secrets, err := secret.ParseHasher(e.hashKeys)
	require.NoError(t, err)
	b := facts(e, func(tx *store.Tx) (access.Chatbot, error) { b, _, err := tx.Chatbot("helper"); return b, err })
	old := secrets.Derive("public link", "helper", b.LinkNonce)[0]
	digest := sha256.Sum256([]byte(old))
	b.LinkDigest = hex.EncodeToString(digest[:])
	require.NoError(t, e.db.Update(e.ctx, func(tx *store.Tx) error { return tx.PutChatbot(b) }))
	require.Equal(t, old, e.link(as("mia")))
	rotated, err := e.RotateLink(e.ctx, as("mia"), "helper")
	require.NoError(t, err)
	require.Regexp(t, `^gwlink_`, rotated.Link)
	require.Equal(t, rotated.Link, e.link(as("mia")))
}

func TestL2TheLinkIsReadByThoseWhoManageAccessOnly(t *testing.T) {
	e := acme(t)
	link, err := e.linked(as("mia"), access.AudienceEveryone)
	require.NoError(t, err)
	require.Regexp(t, `^gwlink_[0-9A-Za-z]{43}$`, link, "256 bits, and people see what it is")
	e.shared("helper", "user:otto", access.ReadOnly)
	for _, manager := range []access.Actor{as("mia"), as("adam"), as("olga"), as("iris"), root, e.key("acme")} {
		require.Equal(t, link, e.link(manager))
	}
	for user, kind := range map[access.UserID]access.Kind{"otto": access.KindDenied, "gus": access.KindNotFound, "max": access.KindNotFound} {
		for _, call := range []func() error{
			func() error { _, err := e.PublicAccess(e.ctx, as(user), "helper"); return err },
			func() error { _, err := e.linked(as(user), access.AudienceNone); return err },
			func() error { _, err := e.RotateLink(e.ctx, as(user), "helper"); return err },
		} {
			err := call()
			require.Equal(t, kind, access.KindOf(err), "%s: %v", user, err)
		}
	}
	_, hidden := e.PublicAccess(e.ctx, as("gus"), "helper")
	_, absent := e.PublicAccess(e.ctx, as("gus"), "absent")
	e.nowhere(hidden, "helper", absent, "absent")
	reader := root
	reader.Access = access.KeyReadOnly
	_, err = e.RotateLink(e.ctx, reader, "helper")
	e.refused(err, access.KindDenied, "B1")
	require.Equal(t, access.AudienceEveryone, e.admits(link))

	// H2: nothing of a link is in the record, and the link is not in the store.
	_, err = e.RotateLink(e.ctx, as("mia"), "helper")
	require.NoError(t, err)
	r := e.lastRecord()
	require.Equal(t, "chatbot.rotate_link", r.Action)
	rotated := e.link(as("mia"))
	sum := sha256.Sum256([]byte(rotated))
	for _, r := range e.records() {
		for _, part := range []string{link, rotated, hex.EncodeToString(sum[:])} {
			require.NotContains(t, r.Before+r.After+r.Effects+r.Detail, part)
		}
	}
	for _, file := range []string{"store.db", "store.db-wal", "engine.db", "engine.db-wal"} {
		data, err := os.ReadFile(filepath.Join(e.place.Data, file))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		require.NotContains(t, string(data), rotated, file)
	}
}

func TestV1AnOwnerOnlyChatbotHasNoLink(t *testing.T) {
	e := acme(t)
	link, err := e.linked(as("mia"), access.AudienceEveryone)
	require.NoError(t, err)
	removed, err := e.visible(as("mia"), "helper", access.OwnerOnly)
	require.NoError(t, err)
	require.Equal(t, []string{"public link (everyone) of chatbot:helper"}, removed)
	require.Equal(t, access.AudienceNone, e.admits(link))
	_, err = e.linked(as("mia"), access.AudienceAuthenticated)
	e.refused(err, access.KindConflict, "V1")
	_, err = e.linked(as("mia"), access.AudienceNone)
	require.NoError(t, err)
	_, err = e.visible(as("mia"), "helper", access.Shared)
	require.NoError(t, err)
	require.Equal(t, access.AudienceNone, e.admits(link))
	require.Empty(t, e.link(as("mia")))
}

func TestO5TheOrganizationLimitsTheLink(t *testing.T) {
	e := acme(t)
	limit := func(a access.Audience) []string {
		r, err := e.PutOrganization(e.ctx, root, "acme", sharing.OrganizationPatch{PublicAccess: access.Some(a)})
		require.NoError(t, err)
		return r.Removed
	}
	limit(access.AudienceAuthenticated)
	_, err := e.linked(as("mia"), access.AudienceEveryone)
	e.refused(err, access.KindUnprocessable, "O5")
	link, err := e.linked(as("mia"), access.AudienceAuthenticated)
	require.NoError(t, err)
	require.Empty(t, limit(access.AudienceEveryone))
	_, err = e.linked(as("mia"), access.AudienceEveryone)
	require.NoError(t, err)
	require.Equal(t, []string{"public link (everyone) of chatbot:helper"}, limit(access.AudienceAuthenticated))
	require.Equal(t, access.AudienceNone, e.admits(link))
	limit(access.AudienceNone)
	_, err = e.linked(as("mia"), access.AudienceAuthenticated)
	e.refused(err, access.KindUnprocessable, "O5")
	_, err = e.RotateLink(e.ctx, as("mia"), "helper")
	e.refused(err, access.KindConflict, "L1")
}

// A link outlives the hash key under which it was made, but is not shown without it.
func TestL2TheLinkWhenTheHashKeyIsRotated(t *testing.T) {
	e := acme(t)
	link, err := e.linked(as("mia"), access.AudienceEveryone)
	require.NoError(t, err)
	restart := func(hashKeys string) {
		e.close()
		e.hashKeys = hashKeys
		e.open()
	}
	old, current := e.hashKeys, secret.NewHashKey()
	restart(current + "," + old)
	require.Equal(t, link, e.link(as("adam")))
	restart(current)
	p, err := e.PublicAccess(e.ctx, as("mia"), "helper")
	require.NoError(t, err)
	require.Equal(t, sharing.PublicAccess{Mode: access.AudienceEveryone, Lost: true}, p)
	require.Equal(t, access.AudienceEveryone, e.admits(link), "it works")
	r, err := e.RotateLink(e.ctx, as("mia"), "helper")
	require.NoError(t, err)
	require.NotEmpty(t, r.Link)
	require.Equal(t, r.Link, e.link(as("mia")))
	require.Equal(t, access.AudienceNone, e.admits(link))
	require.Equal(t, access.AudienceEveryone, e.admits(r.Link))
}
