package schema_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/authzed/spicedb/pkg/development"
	"github.com/authzed/spicedb/pkg/validationfile"
	"github.com/authzed/spicedb/pkg/validationfile/blocks"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/grantway/grantway/schema"
)

// verdict is what an assertion expects.
type verdict string

const (
	allows verdict = "allows"
	denies verdict = "denies"
	// lacks is a denial that names a value which the caller did not send (C2).
	lacks verdict = "lacks a value"
)

// assertion is one line of a validation file. The comment behind it names the rules of the model that it serves, or the section
// whose table it is a cell of: `- chatbot:b#read@user:u # M1, S12: a client's row below the ceiling`.
type assertion struct {
	blocks.Assertion
	expects verdict
	file    string
	line    int
	rules   []string
	why     string
}

func (a assertion) String() string {
	return fmt.Sprintf("%s:%d: %s (%s: %s)", a.file, a.line, a.RelationshipWithContextString, strings.Join(a.rules, ", "), a.why)
}

// permission is what is asserted, as the schema spells it: type#permission.
func (a assertion) permission() string {
	return a.Relationship.Resource.ObjectType + "#" + a.Relationship.Resource.Relation
}

// validation is one file of validations/, in the format of SpiceDB's own validation files. Beside it, `facts` says in the words of the
// model which facts the relationships are folded from.
type validation struct {
	path       string
	file       *validationfile.ValidationFile
	facts      facts
	assertions []assertion
}

// schemaFile is where each validation file finds the schema when zed reads it.
const schemaFile = "../schema.zed"

// reason is the comment behind an assertion.
var reason = regexp.MustCompile(`^# ((?:[A-Z]\d+|[1-8](?:\.\d)?)(?:, (?:[A-Z]\d+|[1-8](?:\.\d)?))*): (.+)$`)

// validations reads every validation file.
func validations(t *testing.T) []validation {
	t.Helper()
	paths, err := filepath.Glob("validations/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var all []validation
	for _, path := range paths {
		all = append(all, readValidation(t, path))
	}
	return all
}

func readValidation(t *testing.T, path string) validation {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := validationfile.DecodeValidationFile(text)
	require.NoError(t, err, path)
	require.Equal(t, schemaFile, file.SchemaFile, "%s: schemaFile", path)
	file.SchemaFile, file.Schema.Schema = "", schema.Text

	var document struct {
		Facts      yaml.Node
		Assertions map[string]yaml.Node
	}
	require.NoError(t, yaml.Unmarshal(text, &document), path)
	v := validation{path: path, file: file, facts: readFacts(t, path, document.Facts)}
	for _, block := range []struct {
		key        string
		expects    verdict
		assertions []blocks.Assertion
	}{
		{"assertTrue", allows, file.Assertions.AssertTrue},
		{"assertFalse", denies, file.Assertions.AssertFalse},
		{"assertCaveated", lacks, file.Assertions.AssertCaveated},
	} {
		nodes := document.Assertions[block.key]
		require.Len(t, nodes.Content, len(block.assertions), "%s: %s", path, block.key)
		for i, node := range nodes.Content {
			match := reason.FindStringSubmatch(node.LineComment)
			require.NotNil(t, match, "%s:%d: no rule is named behind %q; write # M1: why", path, node.Line, node.Value)
			v.assertions = append(v.assertions, assertion{
				Assertion: block.assertions[i], expects: block.expects, file: path, line: node.Line,
				rules: strings.Split(match[1], ", "), why: match[2],
			})
		}
	}
	return v
}

// open loads the schema and the relationships of a validation file into SpiceDB's development engine.
func (v validation) open(t *testing.T) *development.DevContext {
	t.Helper()
	opened, devErrors, err := development.NewDevContextForValidationFile(context.Background(), v.file)
	require.NoError(t, err, v.path)
	for _, e := range devErrors.GetInputErrors() {
		t.Errorf("%s:%d: %s", v.path, e.GetLine(), e.GetMessage())
	}
	require.NotNil(t, opened, v.path)
	t.Cleanup(opened.DevContext.Dispose)
	return opened.DevContext
}

// each runs f for every validation file, as a test named after it.
func each(t *testing.T, f func(t *testing.T, v validation)) {
	t.Helper()
	for _, v := range validations(t) {
		t.Run(strings.TrimSuffix(filepath.Base(v.path), ".yaml"), func(t *testing.T) { f(t, v) })
	}
}

func TestEveryAssertionHolds(t *testing.T) {
	each(t, func(t *testing.T, v validation) {
		failures, err := development.RunAllAssertions(v.open(t), &v.file.Assertions)
		require.NoError(t, err)
		for _, failure := range failures {
			i := slices.IndexFunc(v.assertions, func(a assertion) bool { return a.line == int(failure.GetLine()) })
			t.Errorf("%s\n\t%s", v.assertions[i], failure.GetMessage())
		}
	})
}

func TestADenialForWantOfAValueNamesTheValue(t *testing.T) {
	each(t, func(t *testing.T, v validation) {
		dev := v.open(t)
		for _, a := range v.assertions {
			if a.expects != lacks {
				continue
			}
			result, err := development.RunCheck(dev, a.Relationship.Resource, a.Relationship.Subject, a.CaveatContext)
			require.NoError(t, err, "%s", a)
			require.NotEmpty(t, result.MissingCaveatFields, "%s", a)
			for _, field := range result.MissingCaveatFields {
				require.True(t, strings.HasPrefix(field, schema.ParamPrefix), "%s: %s is not for the gateway to fill", a, field)
			}
		}
	})
}
