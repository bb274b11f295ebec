package schema_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/authzed/spicedb/pkg/development"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// compiled is every name that schema.zed defines.
type compiled struct {
	types, caveats, parameters []string
	relations, permissions     []string // type#name
}

func compile(t *testing.T) compiled {
	t.Helper()
	text, devError, err := development.CompileSchema(schema.Text)
	require.NoError(t, err)
	require.Nil(t, devError)
	var c compiled
	for _, definition := range text.ObjectDefinitions {
		c.types = append(c.types, definition.GetName())
		for _, relation := range definition.GetRelation() {
			if name := definition.GetName() + "#" + relation.GetName(); isPermission(relation) {
				c.permissions = append(c.permissions, name)
			} else {
				c.relations = append(c.relations, name)
			}
		}
	}
	for _, caveat := range text.CaveatDefinitions {
		c.caveats = append(c.caveats, caveat.GetName())
		c.parameters = append(c.parameters, slices.Collect(maps.Keys(caveat.GetParameterTypes()))...)
	}
	return c
}

func isPermission(r *core.Relation) bool { return r.GetUsersetRewrite() != nil }

// local cuts the type off names of the form type#name.
func local(names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, name[strings.IndexByte(name, '#')+1:])
	}
	return out
}

// constant is one string constant of a package, with its declared type or "".
type constant struct{ name, typ, value string }

// constants reads the string constants that the Go files of a directory declare, so that none can be forgotten.
func constants(t *testing.T, directory string) []constant {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(directory, "*.go"))
	require.NoError(t, err)
	var all []constant
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			if group, ok := declaration.(*ast.GenDecl); ok && group.Tok == token.CONST {
				all = append(all, constantsOf(t, group)...)
			}
		}
	}
	require.NotEmpty(t, all, directory)
	return all
}

func constantsOf(t *testing.T, group *ast.GenDecl) []constant {
	t.Helper()
	var all []constant
	for _, spec := range group.Specs {
		values := spec.(*ast.ValueSpec)
		typ := ""
		if ident, ok := values.Type.(*ast.Ident); ok {
			typ = ident.Name
		}
		for i, name := range values.Names {
			if i >= len(values.Values) {
				continue
			}
			if literal, ok := values.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				value, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				all = append(all, constant{name.Name, typ, value})
			}
		}
	}
	return all
}

// kind is what there can be in a schema, by the beginning of the names of the constants for it.
type kind struct {
	prefix string
	names  []string
}

func (c compiled) kinds() []kind {
	filled := func(parameter string) bool { return strings.HasPrefix(parameter, schema.ParamPrefix) }
	stored := func(parameter string) bool { return !filled(parameter) }
	return []kind{
		{"Type", c.types},
		{"Rel", local(c.relations)},
		{"Perm", local(c.permissions)},
		{"Caveat", c.caveats},
		{"Param", slices.DeleteFunc(slices.Clone(c.parameters), stored)},
		{"Stored", slices.DeleteFunc(slices.Clone(c.parameters), filled)},
	}
}

func TestEveryNameOfTheSchemaPackageIsInTheSchema(t *testing.T) {
	kinds := compile(t).kinds()
	for _, constant := range constants(t, ".") {
		if slices.Contains([]string{"ParamPrefix", "RulePattern"}, constant.name) { // they are patterns of names
			continue
		}
		i := slices.IndexFunc(kinds, func(k kind) bool { return strings.HasPrefix(constant.name, k.prefix) })
		if i < 0 {
			t.Errorf("the constant %s is named like nothing that a schema has", constant.name)
		} else if !slices.Contains(kinds[i].names, constant.value) {
			t.Errorf("%s = %q is not in schema.zed", constant.name, constant.value)
		}
	}
}

func TestEveryNameOfTheSchemaHasAConstant(t *testing.T) {
	declared := constants(t, ".")
	// Package access names the model's types, and the platform roles, which are relations too.
	for _, constant := range constants(t, "../internal/access") {
		switch constant.typ {
		case "Type":
			declared = append(declared, constant)
		case "PlatformRole":
			constant.name = "Rel" + constant.name
			declared = append(declared, constant)
		}
	}
	for _, k := range compile(t).kinds() {
		if k.prefix == "Perm" {
			continue // only those that relationships name need one; TestEveryPermissionIsAnActionOrAHelper has the rest
		}
		for _, name := range k.names {
			if !slices.ContainsFunc(declared, func(c constant) bool { return strings.HasPrefix(c.name, k.prefix) && c.value == name }) {
				t.Errorf("%s of schema.zed has no Go constant %s…", name, k.prefix)
			}
		}
	}
}

func TestEveryWordOfTheModelIsInTheSchema(t *testing.T) {
	c := compile(t)
	for _, constant := range constants(t, "../internal/access") {
		switch constant.typ {
		case "Type":
			require.Contains(t, c.types, constant.value, constant.name)
		case "Action":
			require.Contains(t, local(c.permissions), constant.value, constant.name)
		case "PlatformRole":
			require.Contains(t, c.relations, string(access.TypePlatform)+"#"+constant.value, constant.name)
		}
	}
	for typ, actions := range access.Actions {
		for _, action := range actions {
			require.Contains(t, c.permissions, string(typ)+"#"+string(action))
		}
	}
}

// helpers are permissions that no caller asks for: what other permissions and relationships are made of, and what tells whether a
// chatbot may be known to exist (C6).
var helpers = []string{
	"platform#everyone", "platform#external", "platform#logged_in",
	"organization#insider", "organization#oversee",
	"chatbot#admitted", "chatbot#may_read", "chatbot#may_update", "chatbot#may_test", "chatbot#may_deploy", "chatbot#may_manage_access",
	"chatbot#may_delete", "chatbot#see",
	"matrix#admitted", "matrix#may_read", "matrix#may_update", "matrix#may_test", "matrix#may_deploy", "matrix#may_manage_access",
	"matrix#may_delete",
	"gatehouse#admitted", "gate#passes",
}

func TestEveryPermissionIsAnActionOrAHelper(t *testing.T) {
	c := compile(t)
	asked := slices.Clone(helpers)
	for typ, actions := range access.Actions {
		for _, action := range actions {
			asked = append(asked, string(typ)+"#"+string(action))
		}
	}
	require.ElementsMatch(t, c.permissions, asked)
}
