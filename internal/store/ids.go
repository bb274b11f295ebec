package store

import "github.com/google/uuid"

// newID is an ID for what the store names itself: it follows those that this process has made before, in the order of bytes, and those of other
// processes as far as the clocks agree. It counts nothing, so that nobody learns from it how busy others are. Earlier versions gave out numbers of 16
// digits, which come before all of these.
func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}
