package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/loopback"
)

// step is a command of the README and what it prints.
type step struct{ command, output string }

// What differs from one run to the next.
var (
	keyText   = regexp.MustCompile(`gw_[0-9A-Za-z]{12}_[0-9A-Za-z]{40,}`)
	idText    = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	tokenText = regexp.MustCompile(`"zedtoken":"[^"]*"`)
	// What a shell that is no terminal's says of a job that was killed, where it notices that before it waits for it.
	killedText = regexp.MustCompile(`(?m)^bash: line \d+:\s+\d+ Killed.*$`)
)

// The tour in the README works as it stands, but for the port, the key and the ID of a request: these are another one at each run.
func TestReadme(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("the tour uses " + tool)
		}
	}
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	dir := t.TempDir()
	steps := readmeSteps(string(text))
	require.Greater(t, len(steps), 20)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tickets.yaml"), []byte(readmeBlock(t, string(text), "## Adding types of your own", "yaml")), 0o600))
	self, err := exec.LookPath("grantway") // testscript puts this program there
	require.NoError(t, err)
	require.NoError(t, os.Symlink(self, filepath.Join(dir, "grantway")))

	port, release, err := loopback.Reserve()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, release()) })
	var script strings.Builder
	script.WriteString("trap 'kill -9 $(jobs -p) 2>/dev/null' EXIT\n") // a step that fails leaves no server
	for i, s := range steps {
		command := strings.ReplaceAll(s.command, "127.0.0.1:8080", port)
		command = keyText.ReplaceAllString(command, `$(grep -o 'gw_[0-9A-Za-z_]*' server.log | head -1)`)
		command = idText.ReplaceAllLiteralString(command, `$(curl -s http://`+port+`/v1/requests -H "Authorization: Bearer $GRANTWAY_KEY" | grep -Eo '`+idText.String()+`' | head -1)`)
		if strings.HasPrefix(command, "go build") {
			command = ":" // the program already exists
		}
		if strings.HasPrefix(command, "kill") {
			command += "; wait 2>/dev/null"
		}
		fmt.Fprintf(&script, "echo '=== %d'\n%s\n", i, command)
	}
	shell := exec.Command("bash", "-c", script.String())
	shell.Dir = dir
	shell.Env = append(os.Environ(), "GRANTWAY_LISTEN="+port, "GRANTWAY_SERVER=http://"+port, "NO_PROXY=*")
	shell.WaitDelay = time.Minute
	printed, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", printed)
	said := strings.ReplaceAll(string(printed), port, "127.0.0.1:8080")
	for i, s := range steps {
		_, after, found := strings.Cut(said, fmt.Sprintf("=== %d\n", i))
		require.True(t, found, "%s", printed)
		got, _, _ := strings.Cut(after, "=== ")
		require.Equal(t, normal(s.output), normal(got), "$ %s", s.command)
	}
}

func normal(output string) string {
	output = killedText.ReplaceAllString(keyText.ReplaceAllString(output, "KEY"), "")
	output = idText.ReplaceAllString(output, "ID")
	return strings.TrimSpace(tokenText.ReplaceAllString(output, "TOKEN"))
}

// readmeSteps are the commands in the README's console blocks: lines that begin with $, continued by lines that begin with >.
func readmeSteps(text string) []step {
	var steps []step
	inside := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = strings.HasPrefix(line, "```console")
		case !inside:
		case strings.HasPrefix(line, "$ "):
			steps = append(steps, step{command: strings.TrimSpace(line[2:])})
		case strings.HasPrefix(line, "> "):
			steps[len(steps)-1].command += "\n" + strings.TrimSpace(line[2:])
		default:
			steps[len(steps)-1].output += line
		}
	}
	return steps
}

// readmeBlock is the first block in the language after the heading.
func readmeBlock(t *testing.T, text, heading, language string) string {
	_, after, found := strings.Cut(text, heading+"\n")
	require.True(t, found)
	_, after, found = strings.Cut(after, "```"+language+"\n")
	require.True(t, found)
	block, _, _ := strings.Cut(after, "```")
	return block
}
