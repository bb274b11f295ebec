package cli_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/grantway/grantway/internal/cli"
	"github.com/grantway/grantway/internal/testenv/loopback"
)

// TestMain lets the scripts call this very program as grantway.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"grantway": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			context.AfterFunc(ctx, stop)
			os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// The scripts in testdata/script are the command line as people use it, against real servers.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "freeport": freePort, "ready": ready, "paste": paste, "firstkey": firstKey, "truncate": truncate,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_PROXY", "*")
			return nil
		},
	})
}

// exits STATUS COMMAND… runs the command and demands its exit status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v: %v", args[1:], err)
		}
		status = exit.ExitCode()
	}
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("%v: exit status %d, not %s", args[1:], status, args[0])
	}
}

// freeport NAME… sets each variable to the address of a port that nobody listens at.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		address, release, err := loopback.Reserve()
		ts.Check(err)
		ts.Defer(func() { ts.Check(release()) })
		ts.Setenv(name, address)
	}
}

// ready ADDRESS waits until the server there is ready.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	for began := time.Now(); time.Since(began) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + args[0] + "/readyz")
		if err != nil {
			continue
		}
		ts.Check(resp.Body.Close())
		if resp.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("no server gets ready at %s", args[0])
}

// paste FILE runs, in a shell in another directory, the commands that the file holds in lines with an indent, and shows what they print.
func paste(ts *testscript.TestScript, _ bool, args []string) {
	elsewhere := filepath.Join(ts.Getenv("WORK"), "elsewhere")
	ts.Check(os.MkdirAll(elsewhere, 0o777))
	var said strings.Builder
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	for lines.Scan() {
		command, indented := strings.CutPrefix(lines.Text(), "  ")
		if !indented {
			continue
		}
		shell := exec.Command("sh", "-c", command)
		shell.Dir = elsewhere
		shell.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + elsewhere}
		output, err := shell.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", command, err)
		}
		said.Write(output)
	}
	ts.Check(os.WriteFile(ts.MkAbs("pasted"), []byte(said.String()), 0o666))
}

// firstkey NAME FILE sets the variable to the first account key in what a server printed.
func firstKey(ts *testscript.TestScript, _ bool, args []string) {
	for word := range strings.FieldsSeq(ts.ReadFile(args[1])) {
		if strings.HasPrefix(word, "gw_") {
			ts.Setenv(args[0], word)
			return
		}
	}
	ts.Fatalf("there is no key in %s", args[1])
}

// truncate FILE SIZE cuts the file.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}
