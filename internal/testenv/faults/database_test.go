package faults_test

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// database is a PostgreSQL of its own, which writes as it does in production: what it has committed is on the disk.
type database struct {
	testing.TB
	script, dir string
	uri         string // of the server, whose port stays the same
}

// startDatabase starts a new server in the directory.
func startDatabase(t testing.TB, dir string) *database {
	t.Helper()
	script, err := filepath.Abs("../../../scripts/postgres")
	require.NoError(t, err)
	d := &database{TB: t, script: script, dir: dir}
	t.Setenv("GRANTWAY_POSTGRES_OPTIONS", "fsync=on full_page_writes=on synchronous_commit=on log_checkpoints=off")
	d.uri, err = d.run("start")
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = d.run("stop") })
	return d
}

func (d *database) run(action string) (said string, err error) {
	var problem bytes.Buffer
	cmd := exec.Command(d.script, action, d.dir)
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		d.Logf("scripts/postgres %s: %v: %s", action, err, problem.String())
	}
	return strings.TrimSpace(string(out)), err
}

// crash ends the server and all its processes at once, as a power cut would end them.
func (d *database) crash() {
	d.Helper()
	postmaster := d.postmaster()
	processes := append(children(d, postmaster), postmaster)
	_ = syscall.Kill(postmaster, syscall.SIGSTOP) // or it would start others
	for _, pid := range append(processes, children(d, postmaster)...) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // some have ended meanwhile
	}
	d.awaitEnd(postmaster)
}

// abort makes the server give up whatever it does, like pg_ctl stop -m immediate.
func (d *database) abort() {
	d.Helper()
	postmaster := d.postmaster()
	_ = syscall.Kill(postmaster, syscall.SIGQUIT)
	d.awaitEnd(postmaster)
}

func (d *database) awaitEnd(pid int) {
	d.Helper()
	require.Eventually(d, func() bool {
		fields := stat(pid)
		return len(fields) == 0 || fields[0] == "Z" // nobody has asked yet how it ended
	}, restartWithin, 10*time.Millisecond)
}

// restart starts the server again, which recovers from its log. Until the system has forgotten the old process, the new one is not started.
func (d *database) restart() {
	d.Helper()
	server, err := url.Parse(d.uri)
	require.NoError(d, err)
	require.Eventually(d, func() bool {
		uri, err := d.run("start")
		if err != nil {
			return false
		}
		require.Equal(d, d.uri, uri)
		conn, err := net.Dial("tcp", server.Host)
		return err == nil && conn.Close() == nil
	}, restartWithin, restartPause)
}

// postmaster is the process that is the parent of the others.
func (d *database) postmaster() int {
	d.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, "data", "postmaster.pid"))
	require.NoError(d, err)
	first, _, _ := strings.Cut(string(data), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(d, err)
	return pid
}

// children are the processes that the process has started.
func children(t testing.TB, parent int) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, path := range all {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		require.NoError(t, err)
		if fields := stat(pid); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// stat is what the system says of a process: its state, its parent, and more. It is nothing of one that has ended.
func stat(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}
