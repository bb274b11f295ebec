package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// deployments are the files that say how the program is run elsewhere.
func deployments(t *testing.T) []string {
	files := []string{"../../docker-compose.yml"}
	require.NoError(t, filepath.WalkDir("../../deploy", func(path string, d os.DirEntry, err error) error {
		if ext := filepath.Ext(path); err == nil && !d.IsDir() && (ext == ".yml" || ext == ".yaml") {
			files = append(files, path)
		}
		return err
	}))
	return files
}

// TestDeploymentsNameFlagsThatExist looks every command, flag and variable up that docker-compose.yml and the manifests for Kubernetes give the program.
func TestDeploymentsNameFlagsThatExist(t *testing.T) {
	root := newRoot(streams{})
	variables := map[string]bool{}
	for _, name := range knownFlags(root) {
		variables[variable(name)] = true
	}
	commands, named := 0, 0
	for _, file := range deployments(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for d := yaml.NewDecoder(strings.NewReader(string(text))); ; {
			var document any
			if err := d.Decode(&document); err != nil {
				require.ErrorContains(t, err, "EOF", file)
				break
			}
			visit(document, func(container map[string]any) {
				args := texts(container["command"])
				if args == nil {
					args = texts(container["args"])
				}
				if image, _ := container["image"].(string); len(args) > 0 && (image == "grantway" || container["build"] != nil) {
					checkArgs(t, root, file, args)
					commands++
				}
				if test := texts(container["test"]); len(test) > 1 && strings.HasSuffix(test[1], "grantway") {
					checkArgs(t, root, file, test[2:])
					commands++
				}
			})
			visitTexts(document, func(text string) {
				name, _, _ := strings.Cut(text, "=")
				if strings.HasPrefix(name, envPrefix+"_") && !strings.ContainsAny(name, " ,") {
					require.True(t, variables[name], "%s: no flag is called like the variable %s", file, name)
					named++
				}
			})
		}
	}
	require.GreaterOrEqual(t, commands, 7, "the commands were not found")
	require.GreaterOrEqual(t, named, 20, "the variables were not found")
}

// checkArgs parses the arguments as the program would.
func checkArgs(t *testing.T, root *cobra.Command, file string, args []string) {
	t.Helper()
	cmd, rest, err := root.Find(args)
	require.NoError(t, err, file)
	require.NotEqual(t, root, cmd, "%s: %v names no command", file, args)
	require.NoError(t, cmd.ParseFlags(rest), "%s: %v", file, args)
}

func texts(v any) (all []string) {
	list, _ := v.([]any)
	for _, item := range list {
		text, _ := item.(string)
		all = append(all, text)
	}
	return all
}

// visit calls fn with every map in the value.
func visit(v any, fn func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		fn(v)
		for _, inner := range v {
			visit(inner, fn)
		}
	case []any:
		for _, inner := range v {
			visit(inner, fn)
		}
	}
}

// visitTexts calls fn with every text in the value, the names of maps included.
func visitTexts(v any, fn func(string)) {
	switch v := v.(type) {
	case string:
		fn(v)
	case map[string]any:
		for name, inner := range v {
			fn(name)
			visitTexts(inner, fn)
		}
	case []any:
		for _, inner := range v {
			visitTexts(inner, fn)
		}
	}
}
