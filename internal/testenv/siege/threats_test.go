package siege_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The names in the threat model: tests with their packages, files and directories, and attacks.
var (
	namedTest   = regexp.MustCompile("`([a-z]+)\\.((?:Test|Fuzz)\\w+)`")
	namedFile   = regexp.MustCompile("`((?:internal|schema|cmd)/[\\w./-]+|\\w+_test\\.go)`")
	namedAttack = regexp.MustCompile(`\bA\d\b`)
	definedTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// TestTheThreatModelNamesWhatExists finds each test, file and attack that .github/SECURITY.md names.
func TestTheThreatModelNamesWhatExists(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	text, err := os.ReadFile(filepath.Join(root, ".github", "SECURITY.md"))
	require.NoError(t, err)
	_, threats, found := strings.Cut(string(text), "## Threats")
	require.True(t, found)
	tests := definedTests(t, root)
	named := namedTest.FindAllStringSubmatch(threats, -1)
	require.Greater(t, len(named), 50)
	for _, n := range named {
		require.Contains(t, tests[n[1]], n[2], "SECURITY.md names %s", n[0])
	}
	for _, n := range namedFile.FindAllStringSubmatch(threats, -1) {
		_, err := os.Stat(filepath.Join(root, n[1]))
		require.NoError(t, err, "SECURITY.md names %s", n[0])
	}
	for _, name := range namedAttack.FindAllString(threats, -1) {
		require.True(t, slices.ContainsFunc(attacks, func(a attack) bool { return a.name == name }), "SECURITY.md names %s", name)
	}
	for _, a := range attacks {
		require.Contains(t, threats, a.name, "SECURITY.md does not say what the attack shows")
	}
}

// definedTests are the tests of each directory, by its name.
func definedTests(t *testing.T, root string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, top := range []string{"internal", "cmd", "schema"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, top), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			dir := filepath.Base(filepath.Dir(path))
			for _, m := range definedTest.FindAllSubmatch(source, -1) {
				all[dir] = append(all[dir], string(m[1]))
			}
			return err
		}))
	}
	return all
}
