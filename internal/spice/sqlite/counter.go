package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	zs "zombiezen.com/go/sqlite"
)

// A storedCounter is the document of a relationship counter.
type storedCounter struct {
	Filter []byte   `json:"filter"` // A core.RelationshipFilter.
	Count  int      `json:"count"`
	At     revision `json:"at"` // When it was counted, 0 for never.
}

// counters returns the counters that exist, or with names those of them.
func (r *reader) counters(ctx context.Context, names []string) ([]datastore.RelationshipCounter, error) {
	found, err := r.read(ctx, kindCounter, names)
	if err != nil {
		return nil, err
	}
	decoded := make([]datastore.RelationshipCounter, 0, len(found))
	for _, document := range found {
		var stored storedCounter
		if err := json.Unmarshal(document.value, &stored); err != nil {
			return nil, fmt.Errorf("decode the counter %s: %w", document.name, err)
		}
		counter := datastore.RelationshipCounter{
			Name:               document.name,
			Filter:             &core.RelationshipFilter{},
			Count:              stored.Count,
			ComputedAtRevision: datastore.NoRevision,
		}
		if err := counter.Filter.UnmarshalVT(stored.Filter); err != nil {
			return nil, fmt.Errorf("decode the filter of the counter %s: %w", document.name, err)
		}
		if stored.At != 0 {
			counter.ComputedAtRevision = stored.At
		}
		decoded = append(decoded, counter)
	}
	return decoded, nil
}

// counter returns one counter, or CounterNotRegisteredError.
func (r *reader) counter(ctx context.Context, name string) (datastore.RelationshipCounter, error) {
	found, err := r.counters(ctx, []string{name})
	if err != nil {
		return datastore.RelationshipCounter{}, err
	}
	if len(found) == 0 {
		return datastore.RelationshipCounter{}, datastore.NewCounterNotRegisteredErr(name)
	}
	return found[0], nil
}

// LookupCounters returns all registered counters, sorted by name.
func (r *reader) LookupCounters(ctx context.Context) ([]datastore.RelationshipCounter, error) {
	return r.counters(ctx, nil)
}

// CountRelationships counts what the counter's filter matches, or returns
// CounterNotRegisteredError.
func (r *reader) CountRelationships(ctx context.Context, name string) (int, error) {
	counter, err := r.counter(ctx, name)
	if err != nil {
		return 0, err
	}
	filter, err := datastore.RelationshipsFilterFromCoreFilter(counter.Filter)
	if err != nil {
		return 0, err
	}
	var s selection
	if err := s.filter(filter); err != nil {
		return 0, err
	}
	s.at(r.revision, time.Now())
	count := 0
	err = r.use(ctx, true, "count relationships", func(conn *zs.Conn) error {
		return run(conn, s.count(), func(stmt *zs.Stmt) { count = stmt.ColumnInt(0) }, s.args...)
	})
	return count, err
}

// RegisterCounter creates a counter, or returns CounterAlreadyRegisteredError.
func (tx *transaction) RegisterCounter(ctx context.Context, name string, filter *core.RelationshipFilter) error {
	existing, err := tx.counters(ctx, []string{name})
	if err != nil {
		return err
	}
	if len(existing) > 0 {
		return datastore.NewCounterAlreadyRegisteredErr(name, filter)
	}
	return tx.storeCounter(ctx, name, filter, storedCounter{})
}

// UnregisterCounter removes a counter, or returns CounterNotRegisteredError.
func (tx *transaction) UnregisterCounter(ctx context.Context, name string) error {
	if _, err := tx.counter(ctx, name); err != nil {
		return err
	}
	return tx.write(ctx, "unregister a counter", func(conn *zs.Conn) error {
		_, err := tx.drop(conn, kindCounter, name)
		return err
	})
}

// StoreCounterValue keeps what was counted, or returns CounterNotRegisteredError.
func (tx *transaction) StoreCounterValue(ctx context.Context, name string, value int, computedAt datastore.Revision) error {
	counter, err := tx.counter(ctx, name)
	if err != nil {
		return err
	}
	at, ok := number(computedAt)
	if !ok {
		return datastore.NewInvalidRevisionErr(computedAt, datastore.CouldNotDetermineRevision)
	}
	return tx.storeCounter(ctx, name, counter.Filter, storedCounter{Count: value, At: at})
}

func (tx *transaction) storeCounter(ctx context.Context, name string, filter *core.RelationshipFilter, stored storedCounter) error {
	encoded, err := filter.MarshalVT()
	if err != nil {
		return fmt.Errorf("encode the filter of the counter %s: %w", name, err)
	}
	stored.Filter = encoded
	document, err := json.Marshal(stored)
	if err != nil {
		return fmt.Errorf("encode the counter %s: %w", name, err)
	}
	return tx.write(ctx, "store a counter", func(conn *zs.Conn) error {
		return tx.replace(conn, kindCounter, name, document)
	})
}
