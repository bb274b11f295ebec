package sqlite

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	zs "zombiezen.com/go/sqlite"
)

// Reasons for which Open refuses a file. The file is then as it was.
var (
	// ErrForeign means that the file is not SQLite's, or belongs to another program.
	ErrForeign = errors.New("not a relationship database of this program")
	// ErrDamaged means that the file was written by this program and has been
	// truncated or overwritten since.
	ErrDamaged = errors.New("the relationship database is damaged")
	// ErrNewer means that a newer version of this program wrote the file.
	ErrNewer = errors.New("the relationship database was written by a newer version of this program")
	// ErrInUse means that another process has the file open.
	ErrInUse = errors.New("the relationship database is in use by another process")
)

// ErrClosed is returned by every operation on a closed datastore.
var ErrClosed = errors.New("the relationship database is closed")

// ErrFull means that the disk was full. The transaction left no trace and can be
// repeated when there is room.
var ErrFull = errors.New("the disk is full")

// fullError carries ErrFull to gRPC clients as RESOURCE_EXHAUSTED.
type fullError struct{ error }

func (e fullError) Unwrap() error { return e.error }

func (e fullError) GRPCStatus() *status.Status {
	return status.New(codes.ResourceExhausted, e.Error())
}

// storageError says what was being done when SQLite failed. A statement that was
// interrupted because the caller went away reports the caller's reason.
func storageError(ctx context.Context, doing string, err error) error {
	switch zs.ErrCode(err).ToPrimary() {
	case zs.ResultInterrupt:
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", doing, ctx.Err())
		}
	case zs.ResultFull:
		return fullError{fmt.Errorf("%s: %w: %w", doing, ErrFull, err)}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// retryable reports whether repeating the transaction may help: a program outside
// this process, such as a backup, held the write lock for longer than we waited.
func retryable(err error) bool {
	return zs.ErrCode(err).ToPrimary() == zs.ResultBusy
}
