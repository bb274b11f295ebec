package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// change is one change of a share: the level it was to have, and when that was sent and answered; a change without an answer has none.
type change struct {
	level          string
	sent, answered time.Time
}

// diary is all that was sent about one share.
type diary struct {
	pair
	mu    sync.Mutex
	lines []change
}

// between is every level that a copy may show which was made between the two moments: the one that was answered last before it was asked for, and
// all that were sent later.
func (d *diary) between(asked, done time.Time) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	levels := []string{""}
	for _, l := range d.lines {
		switch {
		case l.sent.After(done):
		case !l.answered.IsZero() && l.answered.Before(asked):
			levels = []string{l.level}
		default:
			levels = append(levels, l.level)
		}
	}
	return levels
}

// changeShares sets each of the shares to one level after another, as the only one who does.
func changeShares(ctx context.Context, p *process, mine []*diary, rng *rand.Rand) {
	for ctx.Err() == nil {
		d := mine[rng.IntN(len(mine))]
		next := change{level: levels[rng.IntN(len(levels))], sent: time.Now()}
		method, body := "PUT", fmt.Sprintf(`{"access": %q}`, next.level)
		if next.level == "" {
			method, body = "DELETE", ""
		}
		status, _, err := p.call(ctx, method, d.path(), "application/json", body)
		gone := next.level == "" && status == http.StatusNotFound
		if err == nil && (status < 300 || gone) {
			next.answered = time.Now()
		}
		d.mu.Lock()
		d.lines = append(d.lines, next)
		d.mu.Unlock()
	}
}

// backup is a copy of the store, and between which moments it was made.
type backup struct {
	file        string
	asked, done time.Time
}

func takeBackup(p *process, file string) backup {
	p.t.Helper()
	b := backup{file: file, asked: time.Now()}
	data := p.must("GET", "/v1/backup", "")
	b.done = time.Now()
	require.NoError(p.t, os.WriteFile(file, data, 0o600))
	return b
}

// shows demands that the server decides as the copy was: of each share, what had been answered before it was asked for, or what was sent
// while it was made.
func (b backup) shows(p *process, diaries []*diary) {
	p.t.Helper()
	var all []pair
	for _, d := range diaries {
		all = append(all, d.pair)
	}
	for i, got := range p.decisions(all, telling) {
		require.Contains(p.t, diaries[i].between(b.asked, b.done), levelOf(p.t, all[i], got), "%v", all[i])
	}
}

// TestABackupTakenUnderChangesIsRestored copies the store of a server of which eight callers change the shares, and serves the copies: beside no
// engine, and an old one beside the engine of a later day, which has grants that the copy does not know and lacks some that it knows.
func TestABackupTakenUnderChangesIsRestored(t *testing.T) {
	seed := seedOf(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	p := start(t, data)
	var diaries []*diary
	for _, s := range found(p) {
		diaries = append(diaries, &diary{pair: s.pair})
	}
	ctx, stop := context.WithCancel(context.Background())
	var callers sync.WaitGroup
	for n := range 8 {
		rng := rand.New(rand.NewPCG(seed, uint64(n)))
		callers.Go(func() { changeShares(ctx, p, diaries[n*8:(n+1)*8], rng) })
	}
	var backups []backup
	for i := range 4 {
		time.Sleep(300 * time.Millisecond)
		backups = append(backups, takeBackup(p, filepath.Join(dir, fmt.Sprintf("backup-%d.db", i))))
	}
	time.Sleep(300 * time.Millisecond)
	stop()
	callers.Wait()
	changes := 0
	for _, d := range diaries {
		changes += len(d.lines)
	}
	left, err := os.ReadDir(filepath.Join(data, "imports"))
	require.NoError(t, err)
	require.Empty(t, left, "the copy on the server's disk is removed")
	p.kill()

	for _, x := range []struct {
		backup
		engine bool // the engine of the last day is beside it
	}{{backups[0], false}, {backups[3], false}, {backups[0], true}} {
		again := filepath.Join(t.TempDir(), "data")
		require.NoError(t, os.Mkdir(again, 0o700))
		copyFile(t, x.file, filepath.Join(again, "store.db"))
		copyFile(t, filepath.Join(data, "hash.key"), filepath.Join(again, "hash.key"))
		if x.engine {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				copyFile(t, filepath.Join(data, "engine.db"+suffix), filepath.Join(again, "engine.db"+suffix))
			}
		}
		q := start(t, again)
		x.shows(q, diaries)
		if x.engine {
			require.Contains(t, q.log.String(), "comparing and repairing it")
		}
		q.must("PUT", diaries[0].path(), `{"access": "read_write"}`)
		require.Equal(t, []bool{true, true, true}, q.decisions([]pair{diaries[0].pair}, telling)[0])
		q.kill()
	}
	t.Logf("%d changes by 8 callers; %d backups", changes, len(backups))
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if os.IsNotExist(err) && filepath.Ext(from) != ".db" {
		return // a log that SQLite did not leave
	}
	require.NoError(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}
