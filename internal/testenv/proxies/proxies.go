// Package proxies runs real proxies in front of a server, with the configurations of deploy/proxies, changing only addresses and certificates.
//
// scripts/proxies installs nginx. If it is missing, its tests are skipped, unless GRANTWAY_TEST_PROXIES is set, as scripts/test does. Tests of
// another proxy run where it is installed.
package proxies

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/loopback"
)

// Variable makes a missing nginx a failure.
const Variable = "GRANTWAY_TEST_PROXIES"

// Address is from where nginx calls the server: not from where it is called itself. Caddy calls it from Loopback.
const (
	Address  = "127.0.0.3"
	Loopback = "127.0.0.1"
)

// Reserve is where a proxy is to listen.
func Reserve(t testing.TB) (address string) {
	t.Helper()
	address, release, err := loopback.Reserve()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, release()) })
	return address
}

// program finds a program that scripts/proxies installs.
func program(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	if name == "nginx" && os.Getenv(Variable) != "" {
		t.Fatalf("there is no %s: run scripts/proxies", name)
	}
	t.Skipf("this needs %s: run scripts/proxies", name)
	return ""
}

// Edit changes a configuration.
type Edit func(conf string) string

// Replace puts one text in the place of another, which must be there.
func Replace(t testing.TB, old, replacement string) Edit {
	return func(conf string) string {
		t.Helper()
		require.Contains(t, conf, old)
		return strings.ReplaceAll(conf, old, replacement)
	}
}

// Without leaves out the lines that hold the text.
func Without(t testing.TB, text string) Edit {
	return func(conf string) string {
		t.Helper()
		require.Contains(t, conf, text)
		return regexp.MustCompile(`(?m)^.*`+regexp.QuoteMeta(text)+`.*\n`).ReplaceAllString(conf, "")
	}
}

// Nginx runs nginx at the address, before the server at upstream (host:port), with deploy/proxies/nginx.conf as the edits leave it,
// in which {dir} is a directory of its own.
func Nginx(t testing.TB, address, upstream string, edits ...Edit) {
	t.Helper()
	nginx := program(t, "nginx")
	conf := deployed(t, "nginx.conf")
	for _, edit := range append([]Edit{
		Replace(t, "listen 443 ssl", "listen "+address), Without(t, "ssl_certificate"), Replace(t, "server 127.0.0.1:8080", "server "+upstream),
	}, edits...) {
		conf = edit(conf)
	}
	dir := t.TempDir()
	conf = strings.ReplaceAll(conf, "{dir}", dir)
	main := ""
	if os.Geteuid() == 0 {
		main = "user root;\n" // or nobody, who cannot work in the directory
	}
	main += "daemon off; worker_processes 1; error_log " + dir + "/error.log info; pid " + dir + "/pid; events {}\nhttp { access_log off; proxy_bind " + Address + ";\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += kind + "_temp_path " + dir + "/" + kind + ";\n"
	}
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(main+conf+"}\n"), 0o600))
	run(t, address, exec.Command(nginx, "-c", file, "-e", dir+"/error.log"))
}

// Caddy runs Caddy like Nginx.
func Caddy(t testing.TB, address, upstream string) {
	t.Helper()
	caddy := program(t, "caddy")
	conf := "{\n\tadmin off\n\tauto_https off\n}\n" + deployed(t, "Caddyfile")
	for _, edit := range []Edit{
		Replace(t, "pdp.example.com {", "http://"+address+" {"),
		Replace(t, "reverse_proxy 127.0.0.1:8080", "reverse_proxy "+upstream),
	} {
		conf = edit(conf)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "Caddyfile")
	require.NoError(t, os.WriteFile(file, []byte(conf), 0o600))
	cmd := exec.Command(caddy, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	run(t, address, cmd)
}

// deployed is a file of deploy/proxies.
func deployed(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "proxies", name))
	require.NoError(t, err)
	return string(text)
}

// run starts a proxy, waits until it listens, and stops it when the test ends.
func run(t testing.TB, address string, cmd *exec.Cmd) {
	t.Helper()
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("%s: %s", cmd.Path, said.String())
		}
	})
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", cmd.Path, said.String())
		default:
		}
		require.True(t, time.Now().Before(late), "%s does not listen at %s", cmd.Path, address)
	}
}
