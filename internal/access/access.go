// Package access is the domain: who and what there is, and the words in which access is granted.
//
// It owns typed IDs, principals, levels, roles, actions, the caller, and the one error type. It knows nobody: no SQL, no SpiceDB, no
// HTTP. Nothing here asks a question about access; package decision does, and package sharing changes it.
package access
