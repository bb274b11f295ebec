package siege_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// disk is a data volume of 100 MiB that imports fill.
var disk = attack{
	name:   "A6",
	does:   "nobody sends 3 dry-run imports without an end, and mallory, who may import, a fourth one, onto a volume of 100 MiB",
	volume: 100 << 20,
	wage: func(ctx context.Context, s *siege) {
		go s.watchVolume(ctx)
		among(ctx, 4, func(ctx context.Context, i int) {
			credentials, what := s.nobody, "an import of nobody's"
			if i == 0 {
				credentials, what = s.mallory, "an import of mallory's"
			}
			c := s.server.from(attackersFrom[i%len(attackersFrom)], credentials)
			defer c.http.CloseIdleConnections()
			rows := &endless{ctx: ctx}
			status, answer, err := c.call(ctx, "POST", "/v1/imports?format=csv&dry_run=true", rows)
			if err == nil && status == http.StatusOK {
				what += " ended: " + string(answer[max(0, len(answer)-200):])
			}
			s.tallies(ctx, what, status, err)
			pause(ctx, 50*time.Millisecond)
		})
	},
	judge: func(s *siege) {
		filler := filepath.Join(filepath.Dir(s.server.data), "filler")
		if err := fillVolume(filler); !errors.Is(err, syscall.ENOSPC) {
			s.miss("the volume could not be filled: %v", err)
		}
		if !s.becomesReady(false) {
			s.miss("/readyz says that the server is ready while its volume is full")
		}
		if err := os.Remove(filler); err != nil {
			s.miss("%v", err)
		}
		if !s.becomesReady(true) {
			s.miss("/readyz does not say that the server is ready once there is room again")
		}
	},
}

// endless is rows of a CSV file that does not end before the context does.
type endless struct {
	ctx  context.Context
	rest []byte
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.ctx.Err() != nil {
		return 0, io.ErrUnexpectedEOF
	}
	if e.n == 0 {
		e.rest = []byte("organization,user,role,email,name\n")
	}
	for len(e.rest) == 0 || e.n == 0 {
		e.n++
		e.rest = fmt.Appendf(e.rest, "evil,person-%d,member,person-%d@evil.test,%s\n", e.n, e.n, fill("name ", 50_000))
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// watchVolume notes how little room there was.
func (s *siege) watchVolume(ctx context.Context) {
	least := uint64(s.volume)
	for ctx.Err() == nil {
		var at syscall.Statfs_t
		if err := syscall.Statfs(filepath.Dir(s.server.data), &at); err == nil {
			least = min(least, at.Bavail*uint64(at.Bsize))
		}
		pause(ctx, 20*time.Millisecond)
	}
	s.note("%d MiB of the volume were left at least", least>>20)
}

func fillVolume(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for block := make([]byte, 1<<16); ; {
		if _, err := f.Write(block); err != nil {
			return err
		}
	}
}

// becomesReady waits for 30 seconds at most.
func (s *siege) becomesReady(want bool) bool {
	for late := time.Now().Add(30 * time.Second); time.Now().Before(late); time.Sleep(100 * time.Millisecond) {
		status, _, err := s.root.call(s.Context(), "GET", "/readyz", nil)
		if err == nil && (status == http.StatusOK) == want {
			return true
		}
	}
	return false
}
