// Package embedded runs SpiceDB inside this process, on a SQLite file.
//
// It owns the running engine: its settings, its connection for this process, and
// the address at which it is offered to clients outside. It does not know what is
// asked of the engine, and must not: everything goes over the same gRPC API that a
// SpiceDB cluster has, so that callers cannot tell the two apart.
package embedded
