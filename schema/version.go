package schema

// Version numbers what the relationships in an engine mean: this schema together with the folding of package spice. It rises by one with the first
// change of either since the last release; tests fail where one of them changes and the number does not.
//
// Gateways of two versions run side by side while a new one is rolled out: all of them write relationships, and all read what the others have
// written, under the newer schema. Oldest is the oldest version that may run beside this one. It stays where it is as long as all of this holds:
//
//   - the schema lost nothing that the older version's folding writes or its questions name: relations, permissions, allowed subjects,
//     parameters of caveats; and a permission that it names means the same on relationships as the older version folds them;
//   - the folding did not change, or only adds relationships that no permission reads yet.
//
// Anything else is made in two releases: the first writes what is new beside what is old and reads what is old, the second reads what is new
// and has the first as its Oldest. grantway migrate folds all facts again whenever the version rises, so that what the older gateways wrote is
// complete before the second release reads it. A change that cannot be made so raises Oldest to Version: then all gateways have to be stopped.
const (
	Version = 2
	Oldest  = 2
)
