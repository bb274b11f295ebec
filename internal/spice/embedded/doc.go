// Package embedded runs SpiceDB inside this process, on a SQLite file.
//
// It owns the running engine: its settings, its connection for this process, and
// the address at which clients outside can use it. It must not know what callers
// ask the engine: everything goes over the gRPC API that a SpiceDB cluster has, so
// that callers cannot tell the two apart.
package embedded
