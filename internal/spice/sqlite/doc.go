// Package sqlite stores SpiceDB's relationships and schemas in one SQLite file.
//
// It owns the file: its layout, its lock, its write-ahead log, its snapshots and
// the removal of what no snapshot can see any more. It implements SpiceDB's
// datastore.Datastore and nothing else; it knows nothing of the schema that the
// rest of the program writes into it, and must not learn it.
//
// # Snapshots
//
// Every write transaction has a number, one higher than the last, and that number
// is the revision. A row says in which transaction it was created and in which it
// was deleted, so a snapshot is a number too: the rows created at or before it and
// not yet deleted at it. Rows that are deleted stay until garbage collection has
// passed the transaction that deleted them.
//
// # One writer
//
// SQLite has one writer at a time. Writers wait for each other in the order in
// which they came, inside this process, and the newest revision is therefore known
// in memory as soon as a commit returns: a read that follows a write sees it.
// Readers never wait for the writer.
//
// # Durability
//
// A transaction is answered after its log has reached the disk (synchronous=FULL),
// so an answered write outlives a killed process and a power failure. What was not
// answered is there completely or not at all.
package sqlite
