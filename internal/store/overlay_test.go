package store

import (
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// notOverlaid are the methods that an overlay refuses: no import is tried with them.
var notOverlaid = []string{"ClearOutbox", "EndIdentitiesOf"}

// TestAnOverlayKnowsWhatStatementsAreAbout: each method of a transaction works on an overlay, or fails.
func TestAnOverlayKnowsWhatStatementsAreAbout(t *testing.T) {
	over := overlay(t, openNew(t))
	methods := reflect.TypeFor[*Tx]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		err := over.Update(t.Context(), func(tx *Tx) error {
			call(reflect.ValueOf(tx).Method(i), nil)
			if tx.broken != nil {
				return tx.broken
			}
			return errStop
		})
		if slices.Contains(notOverlaid, name) {
			assert.ErrorContains(t, err, "overlay: unknown", name)
		} else {
			assert.ErrorIs(t, err, errStop, name)
		}
	}
}

// overlay makes an overlay that is closed with the test.
func overlay(t *testing.T, db *DB) *DB {
	t.Helper()
	over, err := db.Overlay(t.Context(), filepath.Join(t.TempDir(), "over.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, over.Close()) })
	return over
}

// testOverlay runs the same reads and changes on an overlay and on a whole copy, which must agree on all of them.
func testOverlay(t *testing.T, stores maker) {
	below := stores.open(t)
	g := &generator{rand.New(rand.NewPCG(1, 2)), 0} // nothing secret
	update(t, below, func(tx *Tx) {
		for i := range 3 {
			n := strconv.Itoa(i)
			must(t, tx.PutUser(access.User{ID: access.UserID("UserID" + n)}), tx.PutOrganization(access.Organization{ID: access.OrganizationID("OrganizationID" + n)}))
			org := access.OrganizationID("OrganizationID" + strconv.Itoa(i/2))
			must(t, tx.PutTeam(access.Team{ID: access.TeamID("TeamID" + n), Organization: org}), tx.PutRole(access.Role{ID: access.RoleID("RoleID" + n), Organization: org}),
				tx.PutGroup(access.Group{ID: access.GroupID("GroupID" + n), Organization: org}),
				tx.PutChatbot(access.Chatbot{ID: access.ChatbotID("ChatbotID" + n), Organization: org, Owner: "UserID0"}),
				tx.AddAPIKey(access.APIKey{ID: access.KeyID("KeyID" + n), Chatbot: "ChatbotID0"}, n))
		}
		for n := 0; n < 200; {
			if name, op := g.call(); strings.HasPrefix(name, "Put") || strings.HasPrefix(name, "Add") {
				op(t, tx)
				n++
			}
		}
	})
	path := filepath.Join(t.TempDir(), "copy.db")
	must(t, below.Snapshot(t.Context(), path))
	pool, err := openPool(path, overlaid, 1) // as little is checked in the copy as in an overlay
	must(t, err)
	defer pool.Close()
	whole := &DB{dialect: sqliteDialect, writer: pool, readers: pool, memory: &memory{}}
	for range 2 {
		err := whole.Update(t.Context(), func(want *Tx) error {
			return overlay(t, below).Update(t.Context(), func(got *Tx) error {
				for range 250 {
					name, op := g.call()
					require.Equal(t, op(t, want), op(t, got), name)
				}
				return errStop
			})
		})
		require.ErrorIs(t, err, errStop)
	}
	for range 100 { // nothing of that has come to the store below
		name, op := g.call()
		if strings.HasPrefix(name, "Put") || strings.HasPrefix(name, "Add") || writes.MatchString(name) {
			continue
		}
		view(t, below, func(got *Tx) {
			require.ErrorIs(t, whole.Update(t.Context(), func(want *Tx) error { require.Equal(t, op(t, want), op(t, got), name); return errStop }), errStop)
		})
	}
}

// writes matches the names of other methods that change something.
var writes = regexp.MustCompile("^(Delete|Touch|Renew|Mark|Keep|Refuse|Forget|Orphan|Given|Park|Unpark|Clear|Claim|Settle|Replace|Read|Prune|Append|Lock)")

// generator makes up calls of a transaction's methods.
type generator struct {
	*rand.Rand
	unique int
}

// unpredictable are methods whose results differ from run to run, that work once, or that are about what is no fact.
var unpredictable = regexp.MustCompile("^(AddRequest|AddNotification|AddAPIKey|LockChanges|.*Outbox|.*Record|Records|.*Identi.*|CountRepeats|.*Session.*|.*SignIn.*|LastDeletion|.*Mails?.*|.*Idempotent.*)$")

// call makes up a call, which gives the same results for equal stores.
func (g *generator) call() (string, func(*testing.T, *Tx) []any) {
	methods := reflect.TypeFor[*Tx]()
	for {
		method := methods.Method(g.IntN(methods.NumMethod()))
		if unpredictable.MatchString(method.Name) {
			continue
		}
		args := make([]reflect.Value, method.Type.NumIn()-1)
		for i := range args {
			args[i] = g.value(method.Type.In(i+1), strings.Contains(method.Name, "Key"))
		}
		return method.Name, func(t *testing.T, tx *Tx) (results []any) {
			for _, r := range reflect.ValueOf(tx).MethodByName(method.Name).Call(args) {
				if err, failed := r.Interface().(error); failed {
					require.NoError(t, err, method.Name)
				}
				results = append(results, r.Interface())
			}
			return results
		}
	}
}

// value is any of few values of the type, so that calls are about the same things; a string may have to be unique.
func (g *generator) value(t reflect.Type, unique bool) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(int64(g.IntN(3)), 0).UTC()))
	case t == reflect.TypeFor[access.Principal]():
		v.Set(reflect.ValueOf([]access.Principal{access.Everyone, {Kind: access.PrincipalUser, ID: "UserID0"}, {Kind: access.PrincipalUser, ID: "UserID1"}}[g.IntN(3)]))
	case t.Kind() == reflect.String && unique && t.Name() == "string":
		g.unique++
		v.SetString("unique" + strconv.Itoa(g.unique))
	case t.Kind() == reflect.String:
		v.SetString(t.Name() + strconv.Itoa(g.IntN(3)))
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		v.SetInt(int64(1 + g.IntN(3)))
	case t.Kind() == reflect.Bool:
		v.SetBool(g.IntN(2) == 0)
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			v.Field(i).Set(g.value(t.Field(i).Type, unique))
		}
	case t.Kind() == reflect.Slice:
		for range g.IntN(3) {
			v.Set(reflect.Append(v, g.value(t.Elem(), false)))
		}
	}
	// What must be there once has one name.
	switch fact := v.Addr().Interface().(type) {
	case *access.User:
		fact.Email = access.Email(fact.ID) + "@acme.com"
	case *access.Chatbot:
		fact.LinkDigest = "of " + string(fact.ID)
	case *access.Request:
		fact.ID = access.RequestID(string(fact.Chatbot) + " " + fact.Principal.String())
	case *access.Invitation:
		fact.User = ""
		fact.ID = access.InvitationID(string(fact.Organization) + " " + string(fact.Email))
		fact.Digest = "of " + string(fact.ID)
	}
	return v
}
