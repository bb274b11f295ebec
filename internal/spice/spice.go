// Package spice is the only translator between the domain and SpiceDB.
//
// It owns the encoding of IDs, the folding of facts into relationships (fold.go has the table), questions and answers, ZedTokens, and the engine's
// errors. The engine behind the client can be embedded or remote; nothing here knows which. It must not decide by itself or keep state.
package spice
