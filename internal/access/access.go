// Package access is the domain: users and things, and the vocabulary in which access is granted.
//
// It owns typed IDs, principals, levels, roles, actions, the caller, and the one error type. It uses only the standard library: no SQL, no SpiceDB,
// no HTTP. It does not decide about access, which is for package decision, or change it, which is for package sharing.
package access
