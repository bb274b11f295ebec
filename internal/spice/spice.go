// Package spice is the only translator between the domain and SpiceDB.
//
// It owns the encoding of IDs, the folding of facts into relationships (fold.go has the table), the questions and their answers,
// ZedTokens and the engine's errors. The engine behind the client is embedded or remote; nothing here knows which. It takes no decision of
// its own and keeps no state.
package spice
