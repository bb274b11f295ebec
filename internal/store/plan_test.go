package store

import (
	"context"
	"database/sql"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// explainer is a transaction that notes how SQLite would run each statement.
type explainer struct {
	*sql.Tx
	plans map[string]string
}

func (e explainer) explain(query string, args []any) {
	rows, err := e.Tx.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		panic(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			panic(err)
		}
		plan = append(plan, detail)
	}
	e.plans[query] = strings.Join(plan, "; ")
}

func (e explainer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	e.explain(query, args)
	return e.Tx.QueryContext(ctx, query, args...)
}

func (e explainer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	e.explain(query, args)
	return e.Tx.QueryRowContext(ctx, query, args...)
}

func (e explainer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	e.explain(query, args)
	return e.Tx.ExecContext(ctx, query, args...)
}

// wholeTable matches a step that reads a table, or an index, from one end to the other.
var wholeTable = regexp.MustCompile(`SCAN \w+( USING (COVERING )?INDEX \w+)?`)

// inKeyOrder are the listings of a whole noun: reading along an index from the first key on, until a page is full, is what they are.
var inKeyOrder = regexp.MustCompile(`^SCAN \w+ USING (COVERING )?INDEX \w+$`)

// TestStatementsUseIndexes runs every method with arguments that make each filter bite, and lets no statement read or sort a table that
// it was not asked to list.
func TestStatementsUseIndexes(t *testing.T) {
	db := openNew(t)
	plans := map[string]string{}
	called := map[string]bool{}
	filters := map[reflect.Type][]any{
		reflect.TypeFor[UserFilter](): {UserFilter{}, UserFilter{Email: "e"}, UserFilter{Home: "o"}, UserFilter{MemberOf: "o"},
			UserFilter{IncludeDeleted: true}},
		reflect.TypeFor[TeamFilter]():       {TeamFilter{}, TeamFilter{Organization: "o"}},
		reflect.TypeFor[RoleFilter]():       {RoleFilter{}, RoleFilter{Organization: "o"}, RoleFilter{PlatformWide: true}},
		reflect.TypeFor[GroupFilter]():      {GroupFilter{}, GroupFilter{Organization: "o"}},
		reflect.TypeFor[ChatbotFilter]():    {ChatbotFilter{}, ChatbotFilter{Organization: "o"}, ChatbotFilter{Owner: "u"}},
		reflect.TypeFor[ResourceFilter]():   {ResourceFilter{}, ResourceFilter{Chatbot: "c"}},
		reflect.TypeFor[AccountKeyFilter](): {AccountKeyFilter{}, AccountKeyFilter{Organization: "o"}, AccountKeyFilter{Parent: "k"}, AccountKeyFilter{Personal: true}, AccountKeyFilter{Organization: "o", Personal: true}},
		reflect.TypeFor[RequestFilter](): {RequestFilter{}, RequestFilter{State: access.RequestPending}, RequestFilter{Chatbot: "c"},
			RequestFilter{Principal: access.Everyone}, RequestFilter{Requester: "user:u"}, RequestFilter{State: access.RequestDenied, Chatbot: "c"}},
		reflect.TypeFor[RecordFilter](): {RecordFilter{}, RecordFilter{Actor: "a", NewestFirst: true}, RecordFilter{Action: "a"},
			RecordFilter{Resource: access.Obj[access.UserID](access.TypeUser, "u"), From: time.Unix(1, 0), NewestFirst: true},
			RecordFilter{From: time.Unix(1, 0), To: time.Unix(2, 0)}, RecordFilter{Organization: "o", NewestFirst: true},
			RecordFilter{Subject: "s", To: time.Unix(2, 0)}},
	}
	err := db.Update(t.Context(), func(tx *Tx) error {
		tx.sql = explainer{tx.sql.(*sql.Tx), plans}
		methods := reflect.ValueOf(tx)
		for i := range methods.NumMethod() {
			call(methods.Method(i), filters)
			called[methods.Type().Method(i).Name] = true
			require.NoError(t, tx.broken, methods.Type().Method(i).Name)
		}
		return errStop
	})
	require.ErrorIs(t, err, errStop)
	require.Greater(t, len(called), 90)
	require.Greater(t, len(plans), 90)
	for query, plan := range plans {
		if strings.HasPrefix(query, "INSERT") {
			continue
		}
		listing := !strings.Contains(query, "WHERE") || strings.Contains(query, "WHERE deleted = $1")
		if listing && inKeyOrder.MatchString(plan) {
			continue
		}
		assert.NotRegexp(t, wholeTable, plan, query)
		assert.NotContains(t, plan, "TEMP B-TREE", query)
	}
}

// call calls the method with each of the filters it takes, and with any value for its other arguments.
func call(method reflect.Value, filters map[reflect.Type][]any) {
	variants := []any{nil}
	args := make([]reflect.Value, method.Type().NumIn())
	filter := -1
	for i := range args {
		in := method.Type().In(i)
		args[i] = sample(in)
		if fs, ok := filters[in]; ok {
			filter, variants = i, fs
		}
	}
	for _, v := range variants {
		if filter >= 0 {
			args[filter] = reflect.ValueOf(v)
		}
		method.Call(args)
		if after := method.Type().NumIn() - 2; after > 0 && args[after].CanInt() { // from the beginning, too
			args[after] = reflect.Zero(args[after].Type())
			method.Call(args)
		}
	}
}

// sample is a value that is not zero, so that conditions are not left out.
func sample(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
	case t == reflect.TypeFor[access.Principal]():
		v.Set(reflect.ValueOf(access.Everyone))
	case t.Kind() == reflect.String:
		v.SetString("x")
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		v.SetInt(1)
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			v.Field(i).Set(sample(t.Field(i).Type))
		}
	case t.Kind() == reflect.Slice:
		v.Set(reflect.Append(v, sample(t.Elem())))
	}
	return v
}
