package bulk

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

// Backup answers GET /v1/backup: the file of the store as it is at one moment. The copy is made on the server's disk before anything is sent, so
// that a slow caller holds nothing up; its length comes first, so that half of it is never taken for the whole.
func (b *Bulk) Backup(w http.ResponseWriter, r *http.Request, actor access.Actor) {
	begun, err := b.backup(w, r, actor)
	if err == nil {
		return
	}
	if problem.Status(access.KindOf(err)) >= http.StatusInternalServerError && r.Context().Err() == nil {
		b.log.Error("a backup failed", "request_id", actor.RequestID, "error", err)
	}
	if begun {
		panic(http.ErrAbortHandler)
	}
	b.problems.Write(w, actor.RequestID, err)
}

func (b *Bulk) backup(w http.ResponseWriter, r *http.Request, actor access.Actor) (begun bool, err error) {
	if _, err := parameters(r.URL.Query()); err != nil {
		return false, err
	}
	ctx, lease := b.quota.lease(r.Context(), actor)
	defer lease.release() // after the copy is removed
	defer func() { err = cause(ctx, err) }()
	if err := b.sharing.MayBackup(ctx, actor); err != nil {
		return false, err
	}
	size, err := b.sharing.FactsSize(ctx)
	if err != nil {
		return false, err
	}
	if err := lease.take(ctx, size); err != nil {
		return false, err
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return false, uncopied(err)
	}
	own, err := os.MkdirTemp(b.dir, "backup-")
	if err != nil {
		return false, uncopied(err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own)) }()
	path := filepath.Join(own, "store.db")
	if err := b.sharing.Backup(ctx, actor, path); err != nil {
		return false, err
	}
	file, err := os.Open(path)
	if err != nil {
		return false, uncopied(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, uncopied(err)
	}
	w.Header().Set("Content-Type", "application/vnd.sqlite3")
	w.Header().Set("Content-Disposition", `attachment; filename="store.db"`)
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	lease.keep() // half of it would be no backup
	if _, err := io.Copy(w, file); err != nil {
		return true, lost(err)
	}
	return true, nil
}

func uncopied(err error) error {
	return access.Unavailable(fmt.Errorf("cannot copy the store: %w", err))
}
