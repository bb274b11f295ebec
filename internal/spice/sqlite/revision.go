package sqlite

import (
	"fmt"
	"math"
	"strconv"

	"github.com/authzed/spicedb/pkg/datastore"
)

// alive is the number in deleted_tx of a row that has not been deleted.
const alive = math.MaxInt64

// revision is the number of a write transaction, from 1.
type revision uint64

var _ datastore.Revision = revision(0)

// parseRevision reads what String wrote.
func parseRevision(text string) (datastore.Revision, error) {
	number, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return datastore.NoRevision, fmt.Errorf("revision %q is not a transaction number: %w", text, err)
	}
	return revision(number), nil
}

// number returns the transaction number of other, 0 where there is no revision,
// and false for the revision of another kind of datastore.
func number(other datastore.Revision) (revision, bool) {
	if other == nil || other == datastore.NoRevision {
		return 0, true
	}
	rev, ok := other.(revision)
	return rev, ok
}

// Equal reports whether other is the same transaction number.
func (r revision) Equal(other datastore.Revision) bool {
	n, ok := number(other)
	return ok && r == n
}

// GreaterThan reports whether r was committed after other.
func (r revision) GreaterThan(other datastore.Revision) bool {
	n, ok := number(other)
	return ok && r > n
}

// LessThan reports whether r was committed before other.
func (r revision) LessThan(other datastore.Revision) bool {
	n, ok := number(other)
	return ok && r < n
}

// ByteSortable is false: "10" sorts before "9".
func (r revision) ByteSortable() bool { return false }

// String returns the number in decimal digits.
func (r revision) String() string { return strconv.FormatUint(uint64(r), 10) }
