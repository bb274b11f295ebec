package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// turnPause is how long a process waits before it asks for its turn again.
const turnPause = 100 * time.Millisecond

// turnCheck is how often a process that has its turn makes sure that it still has it. It is also what keeps the server from ending the transaction as idle.
const turnCheck = time.Second

const turnsTable = schema + ".turns"

// createTurns makes the one table that is there before all others: whoever has written to its row, and not ended the transaction, has the turn. Several
// processes may make it at once, for which "IF NOT EXISTS" is no protection; then one of them fails and finds the table made by the other.
func createTurns(ctx context.Context, pool *sql.DB) error {
	for attempt := 1; ; attempt++ {
		var there bool
		err := pool.QueryRowContext(ctx, "SELECT to_regclass('"+turnsTable+"') IS NOT NULL").Scan(&there)
		if err != nil || there {
			return err
		}
		for _, statement := range []string{
			"CREATE SCHEMA IF NOT EXISTS " + schema,
			"CREATE TABLE IF NOT EXISTS " + turnsTable + " (name TEXT NOT NULL PRIMARY KEY, taken BIGINT NOT NULL)",
		} {
			if _, err = pool.ExecContext(ctx, statement); err != nil {
				break
			}
		}
		if err != nil && attempt == maxAttempts {
			return err
		}
	}
}

// inTurn is Exclusively on a server. The row is written to, and not only locked, since CockroachDB may forget a lock but no write.
func inTurn(ctx context.Context, db *DB, fn func(context.Context) error) error {
	turn, err := takeTurn(ctx, db.turns)
	if err != nil {
		return failed(fmt.Errorf("store: waiting for the turn: %w", err))
	}
	defer func() { _ = turn.Rollback() }() // if it fails, the server ends the transaction with the connection
	holding, lose := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watchTurn(holding, turn, lose)
	}()
	err = fn(holding)
	lose(nil)
	<-watched
	if err != nil {
		return err
	}
	return failed(checkTurn(turn))
}

// takeTurn begins a transaction that has the turn, as soon as no other one has. It is not bound to ctx, so that the turn is not given away while fn is
// still coming to an end.
func takeTurn(ctx context.Context, pool *sql.DB) (*sql.Tx, error) {
	for {
		tx, err := pool.BeginTx(context.WithoutCancel(ctx), nil)
		if err != nil {
			return nil, err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO "+turnsTable+" VALUES ('start', 1) ON CONFLICT (name) DO UPDATE SET taken = turns.taken + 1")
		if err == nil {
			return tx, nil
		}
		_ = tx.Rollback()
		if !lostRace(err) && sqlState(err) != "55P03" { // lock_not_available: somebody has the turn
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(turnPause):
		}
	}
}

// watchTurn makes sure of the turn until holding ends, which it ends itself when the turn is lost.
func watchTurn(holding context.Context, turn *sql.Tx, lose context.CancelCauseFunc) {
	tick := time.NewTicker(turnCheck)
	defer tick.Stop()
	for {
		select {
		case <-holding.Done():
			return
		case <-tick.C:
			if err := checkTurn(turn); err != nil {
				lose(err)
				return
			}
		}
	}
}

func checkTurn(turn *sql.Tx) error {
	if _, err := turn.Exec("SELECT 1"); err != nil {
		return fmt.Errorf("store: another process may have taken the turn: %w", err)
	}
	return nil
}
