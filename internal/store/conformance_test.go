package store

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/grantway/grantway/internal/testenv/postgres"
)

// conformance is what every store has to do, whichever database it is in.
var conformance = map[string]func(*testing.T, maker){
	"Snapshot":                    testSnapshot,
	"Overlay":                     testOverlay,
	"AnyTextIsKept":               testAnyTextIsKept,
	"PagesFollowByteOrder":        testPagesFollowByteOrder,
	"Users":                       testUsers,
	"TypesOfBefore":               testTypesOfBefore,
	"PlatformGrants":              testPlatformGrants,
	"OrganizationsAndMemberships": testOrganizationsAndMemberships,
	"Teams":                       testTeams,
	"Roles":                       testRoles,
	"Groups":                      testGroups,
	"Settings":                    testSettings,
	"AccountKeys":                 testAccountKeys,
	"APIKeys":                     testAPIKeys,
	"Record":                      testRecord,
	"PruneRecord":                 testPruneRecord,
	"LastDeletion":                testLastDeletion,
	"Outbox":                      testOutbox,
	"IdempotentAnswers":           testIdempotentAnswers,
	"Requests":                    testRequests,
	"S9OneRequestIsPendingForAChatbotAndAPrincipal": testS9OneRequestIsPendingForAChatbotAndAPrincipal,
	"Chatbots":                       testChatbots,
	"Shares":                         testShares,
	"Rows":                           testRows,
	"Policies":                       testPolicies,
	"Resources":                      testResources,
	"Features":                       testFeatures,
	"OrganizationOf":                 testOrganizationOf,
	"RollbackLeavesNothing":          testRollbackLeavesNothing,
	"ViewIsASnapshot":                testViewIsASnapshot,
	"ViewCannotWrite":                testViewCannotWrite,
	"UpdatesAreSerialized":           testUpdatesAreSerialized,
	"ABrokenTransactionCannotCommit": testABrokenTransactionCannotCommit,
	"AFailedCommitLeavesNothingAndTheStoreUsable": testAFailedCommitLeavesNothingAndTheStoreUsable,
	"TheCallersContext":                           testTheCallersContext,
	"AClosedStoreIsUnavailable":                   testAClosedStoreIsUnavailable,
	"C3RecallKnowsWhatThisProcessChanged":         testC3RecallKnowsWhatThisProcessChanged,
	"C3WhatIsReadDuringAChangeIsNotRemembered":    testC3WhatIsReadDuringAChangeIsNotRemembered,
	"RecallAnswersFromMemory":                     testRecallAnswersFromMemory,
	"RecallIsBounded":                             testRecallIsBounded,
}

// maker makes new stores of one kind.
type maker struct {
	uri      func(t *testing.T) string // of a place where a new store can be
	deferred bool                      // whether facts are checked at commit to name only what is there
}

// open opens a new store that is closed with the test.
func (m maker) open(t *testing.T) *DB {
	t.Helper()
	return reopen(t, m.uri(t))
}

func (m maker) conforms(t *testing.T) {
	for name, test := range conformance {
		t.Run(name, func(t *testing.T) { test(t, m) })
	}
}

var sqliteStores = maker{
	uri:      func(t *testing.T) string { return filepath.Join(t.TempDir(), "store.db") },
	deferred: true,
}

func TestSQLite(t *testing.T) { sqliteStores.conforms(t) }

func TestPostgreSQL(t *testing.T) {
	postgres.Server(t)
	copies(t, postgres.Database(t)).conforms(t)
}

func TestCockroachDB(t *testing.T) {
	maker{uri: func(t *testing.T) string { return postgres.Cockroach(t) }}.conforms(t)
}

// TestCockroachDBsMigrationsOnPostgreSQL shows that they can be run, and that transactions restart under SERIALIZABLE, by a server that reads most of the
// same SQL. What only CockroachDB does is for TestCockroachDB.
func TestCockroachDBsMigrationsOnPostgreSQL(t *testing.T) {
	strict := cockroachDialect
	strict.transact = inFreshTransactions // PostgreSQL cannot restart inside a savepoint
	askDialect = func(string) dialect { return strict }
	t.Cleanup(func() { askDialect = dialectOf })
	stores := copies(t, postgres.Database(t))
	stores.deferred = false
	for _, name := range []string{"PagesFollowByteOrder", "UpdatesAreSerialized", "Outbox", "Policies", "Record", "APIKeys", "TypesOfBefore", "S9OneRequestIsPendingForAChatbotAndAPrincipal"} {
		t.Run(name, func(t *testing.T) { conformance[name](t, stores) })
	}
}

// copies makes stores in PostgreSQL that are copies of a new one in the database, which is faster than to bring each one up to date.
func copies(t *testing.T, template string) maker {
	brought := sync.OnceFunc(func() { must(t, reopen(t, template).Close()) })
	return maker{deferred: true, uri: func(t *testing.T) string {
		brought()
		return postgres.Copy(t, template)
	}}
}
