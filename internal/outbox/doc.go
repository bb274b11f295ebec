// Package outbox carries committed changes to the engine (SpiceDB).
//
// It owns the order in which changes reach the engine, the marks that say how far the engine is, and the repair of an engine that is somewhere
// else. It must not write facts and it decides nothing: package sharing does both, in the transaction in which it commits a change together with
// its outbox entries (Commit).
//
// # States of an entry
//
// An entry holds the relationships that a change adds and removes. A large change has several entries, its parts.
//
//	               Commit: the first parts            Commit: further parts
//	               of every change                    of a large change
//	                        │                                   │
//	                        ▼            resume: its turn       ▼
//	                  ┌───────────┐ ◀─────────────────── ┌────────────┐
//	       ┌───────── │  waiting  │                      │  set aside │
//	       │          └───────────┘ ◀──────────┐         └────────────┘
//	       │                │                  │ Unpark: every minute,
//	the engine              │ the engine       │ and at the start
//	refuses it              │ has it           │
//	       │                ▼                  │
//	       │            (deleted)              │
//	       │                                   │
//	       │          ┌───────────┐            │
//	       └────────▶ │  parked   │ ───────────┘
//	                  └───────────┘
//
// Waiting entries are carried in the order of their numbers, and deleted once the engine has them. So an answered change is never lost, and an
// earlier grant never arrives after a later revocation.
//
// A parked entry is one that the engine refuses, for example because its schema does not know a relation. An entry that is set aside has not had
// its turn: the first atOnce parts of a large change are carried at once, and the rest between the changes of others. Either one holds up only
// changes of the objects it is about, which are answered 503 until it is carried (Parked.Refuses). Everything else goes on. An entry that leaves
// either state gets a new number at the end of the queue.
//
// # Marks
//
// The engine holds one relationship, its mark, that names the last entry it took and a digest of all entries before (spice.Mark). Each write
// demands the mark it starts from and sets the next one in the same call, so that any number of carriers in any number of processes can carry at
// once: a carrier that was held up for an hour writes nothing, because the engine is no longer at the mark it expects.
//
//	engine at mark n ──[entry n+1]──▶ mark n+1          taken
//	engine at mark n ──[nothing]────▶ mark n+1 without  refused: the entry is parked next
//	engine elsewhere ──▶ look again; still elsewhere ──▶ mend
//
// # Repair
//
// An engine whose mark is in no state of the store was emptied, restored from a copy, or written by somebody else. Mending (Mend, and Run by
// itself) locks changes, compares every relationship with what the facts imply, writes the differences under a mark of its own, and empties the
// outbox, since what waited there is in the facts. Verify reports the same differences and changes nothing.
package outbox
