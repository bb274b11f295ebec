package spice

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/authzed/spicedb/pkg/caveats"
	caveattypes "github.com/authzed/spicedb/pkg/caveats/types"
	"github.com/authzed/spicedb/pkg/development"
	"github.com/authzed/spicedb/pkg/namespace"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	developerv1 "github.com/authzed/spicedb/pkg/proto/developer/v1"
	implv1 "github.com/authzed/spicedb/pkg/proto/impl/v1"
	"github.com/authzed/spicedb/pkg/schemadsl/compiler"
	"github.com/authzed/spicedb/pkg/schemadsl/input"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// compiledExtension is the built-in schema and an extension's, compiled.
type compiledExtension struct {
	file    *extensionFile
	text    string // both schemas
	offset  int    // how many lines of text come before the extension's
	builtin *compiler.CompiledSchema
	own     *compiler.CompiledSchema
}

// flag is a line that switches on a part of SpiceDB's schema language.
var flag = regexp.MustCompile(`^\s*use\s+(\w+)`)

// compile compiles the file's schema by itself and refuses what would touch the built-in one.
func (f *extensionFile) compile() (*compiledExtension, error) {
	for i, line := range strings.Split(f.schema.text, "\n") {
		if m := flag.FindStringSubmatch(line); m != nil {
			if m[1] == "expiration" {
				return nil, f.refuse(f.schema.line+i, "`use expiration` is not supported, because the engine's caches would outlive an expiry: "+
					"write a caveat with a parameter `now timestamp`, which the server fills")
			}
			return nil, f.refuse(f.schema.line+i, "`use %s` is not supported in a schema extension: it can use only the core of SpiceDB's schema language", m[1])
		}
	}
	prefix := strings.TrimRight(schema.Text, "\n") + "\n\n"
	c := &compiledExtension{file: f, text: prefix + f.schema.text, offset: strings.Count(prefix, "\n")}
	var err error
	if c.builtin, err = compileSchema(schema.Text); err != nil {
		return nil, &access.Error{Kind: access.KindInternal, Detail: "the built-in schema does not compile", Cause: err}
	}
	if c.own, err = compileSchema(f.schema.text); err != nil {
		return nil, f.schemaError(err)
	}
	return c, c.staysApart()
}

func compileSchema(text string) (*compiler.CompiledSchema, error) {
	return compiler.Compile(compiler.InputSchema{Source: input.Source("schema"), SchemaString: text}, compiler.AllowUnprefixedObjectType())
}

// schemaError places a compiler's error in the file.
func (f *extensionFile) schemaError(err error) error {
	var located compiler.WithContextError
	if !errors.As(err, &located) {
		return f.refuse(f.schema.line, "the schema does not compile: %s", err)
	}
	line, _, lineErr := located.SourceRange.Start().LineAndColumn()
	if lineErr != nil {
		return f.refuse(f.schema.line, "the schema does not compile: %s", located.BaseMessage)
	}
	return f.refuse(f.schema.line+line, "the schema does not compile: %s", located.BaseMessage)
}

// staysApart refuses a definition or caveat with a built-in name, parameters that only the gateway may fill, and caveats that cost too much.
func (c *compiledExtension) staysApart() error {
	taken := map[string]bool{}
	for _, d := range c.builtin.OrderedDefinitions {
		taken[d.GetName()] = true
	}
	for _, d := range c.own.ObjectDefinitions {
		if taken[d.GetName()] {
			return c.file.refuse(c.line(d.GetSourcePosition()), "%q is a built-in definition; choose another name", d.GetName())
		}
	}
	for _, d := range c.own.CaveatDefinitions {
		line := c.line(d.GetSourcePosition())
		if taken[d.GetName()] {
			return c.file.refuse(line, "%q is a built-in caveat; choose another name", d.GetName())
		}
		if err := c.checkCost(d); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(d.GetParameterTypes())) {
			if strings.HasPrefix(name, schema.ParamPrefix) {
				return c.file.refuse(line, "the parameter %q of caveat %q: names that begin with %s are reserved for the server: choose another",
					name, d.GetName(), schema.ParamPrefix)
			}
			spelled := caveats.ParameterTypeString(d.GetParameterTypes()[name])
			if given, ok := givenTypes[name]; ok && given != spelled {
				return c.file.refuse(line, "the server sends the parameter %q of caveat %q as a %s, not a %s",
					name, d.GetName(), given, spelled)
			}
		}
	}
	return nil
}

// definitions are the built-in ones and the extension's own.
func (c *compiledExtension) definitions() []*core.NamespaceDefinition {
	return slices.Concat(c.builtin.ObjectDefinitions, c.own.ObjectDefinitions)
}

// line is the line in the file of a position in the extension's own schema.
func (c *compiledExtension) line(p *core.SourcePosition) int {
	return c.file.schema.line + int(p.GetZeroIndexedLineNumber())
}

// validate has SpiceDB judge both schemas and the relationships together.
func (f *extensionFile) validate(c *compiledExtension, rs []extensionRelationship) error {
	request := &developerv1.RequestContext{Schema: c.text}
	lines := make(map[string]int, len(rs))
	for _, r := range rs {
		request.Relationships = append(request.Relationships, r.parsed.ToCoreTuple())
		lines[r.text()] = r.line
	}
	dev, found, err := development.NewDevContext(context.Background(), request)
	if err != nil {
		return f.refuse(0, "SpiceDB rejects it: %s", err)
	}
	if dev != nil {
		defer dev.Dispose()
	}
	if errs := found.GetInputErrors(); len(errs) > 0 {
		e := errs[0]
		if e.GetSource() == developerv1.DeveloperError_RELATIONSHIP {
			return f.refuse(lines[e.GetContext()], "%s", e.GetMessage())
		}
		line := f.schema.line
		if n := int(e.GetLine()) - c.offset; n > 0 {
			line += n - 1
		}
		return f.refuse(line, "the schema is not valid: %s", e.GetMessage())
	}
	return nil
}

// checkArrows refuses an arrow to what no type has that it leads to: it would never give anything.
func (c *compiledExtension) checkArrows(g *graph) error {
	for _, d := range c.own.ObjectDefinitions {
		for _, r := range d.GetRelation() {
			for _, a := range arrows(r.GetUsersetRewrite()) {
				leads := g.relations[place{d.GetName(), a.over}].GetTypeInformation().GetAllowedDirectRelations()
				if !slices.ContainsFunc(leads, func(to *core.AllowedRelation) bool { return g.relations[place{to.GetNamespace(), a.to}] != nil }) {
					return c.file.refuse(c.line(r.GetSourcePosition()), "permission %q of %q: %s->%s leads nowhere, because no type that %s names has a relation or permission %q",
						r.GetName(), d.GetName(), a.over, a.to, a.over, a.to)
				}
			}
		}
	}
	return nil
}

// arrow is over->to.
type arrow struct{ over, to string }

// arrowOf is the child as an arrow, if it is one.
func arrowOf(child *core.SetOperation_Child) (arrow, bool) {
	if t := child.GetTupleToUserset(); t != nil {
		return arrow{t.GetTupleset().GetRelation(), t.GetComputedUserset().GetRelation()}, true
	}
	if t := child.GetFunctionedTupleToUserset(); t != nil {
		return arrow{t.GetTupleset().GetRelation(), t.GetComputedUserset().GetRelation()}, true
	}
	return arrow{}, false
}

// arrows lists those in an expression, what it takes away included.
func arrows(u *core.UsersetRewrite) (all []arrow) {
	for _, child := range slices.Concat(u.GetUnion().GetChild(), u.GetIntersection().GetChild(), u.GetExclusion().GetChild()) {
		if a, ok := arrowOf(child); ok {
			all = append(all, a)
		}
		all = append(all, arrows(child.GetUsersetRewrite())...)
	}
	return all
}

// tables makes what the decision service needs to know of each of the extension's types.
func (c *compiledExtension) tables() (map[access.Type]extensionType, error) {
	types := make(map[access.Type]extensionType, len(c.own.ObjectDefinitions))
	for _, d := range c.own.ObjectDefinitions {
		t := extensionType{permissions: map[string]string{}, relations: map[string][]string{}}
		for _, r := range d.GetRelation() {
			if namespace.GetRelationKind(r) == implv1.RelationMetadata_PERMISSION {
				t.permissions[r.GetName()] = r.GetName()
				t.relations[r.GetName()] = restsOn(d, r)
			}
		}
		t.actions = slices.Sorted(maps.Keys(t.permissions))
		met := c.caveatsMet(d.GetName())
		t.limits = met[schema.CaveatWithinLimits]
		var err error
		if t.parameters, err = c.parameters(d, met); err != nil {
			return nil, err
		}
		types[access.Type(d.GetName())] = t
	}
	return types, nil
}

// restsOn lists the relations that Extension.Relations gives of the permission.
func restsOn(d *core.NamespaceDefinition, permission *core.Relation) []string {
	relations, seen := map[string]bool{}, map[string]bool{}
	var visit func(r *core.Relation)
	var rewrite func(u *core.UsersetRewrite)
	visit = func(r *core.Relation) {
		if seen[r.GetName()] {
			return
		}
		seen[r.GetName()] = true
		if namespace.GetRelationKind(r) != implv1.RelationMetadata_PERMISSION {
			relations[r.GetName()] = true
			return
		}
		rewrite(r.GetUsersetRewrite())
	}
	rewrite = func(u *core.UsersetRewrite) {
		children := slices.Concat(u.GetUnion().GetChild(), u.GetIntersection().GetChild())
		if base := u.GetExclusion().GetChild(); len(base) > 0 {
			children = base[:1]
		}
		for _, child := range children {
			if nested := child.GetUsersetRewrite(); nested != nil {
				rewrite(nested)
			}
			for _, r := range d.GetRelation() {
				if r.GetName() == child.GetComputedUserset().GetRelation() {
					visit(r)
				}
			}
		}
	}
	visit(permission)
	return slices.Sorted(maps.Keys(relations))
}

// caveatsMet names the caveats of the definition and of every definition that its relations lead to, the built-in ones included.
func (c *compiledExtension) caveatsMet(definition string) map[string]bool {
	all := map[string]*core.NamespaceDefinition{}
	for _, d := range c.definitions() {
		all[d.GetName()] = d
	}
	met, seen, next := map[string]bool{}, map[string]bool{}, []string{definition}
	for len(next) > 0 {
		name := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[name] {
			continue
		}
		seen[name] = true
		for _, r := range all[name].GetRelation() {
			for _, allowed := range r.GetTypeInformation().GetAllowedDirectRelations() {
				if caveat := allowed.GetRequiredCaveat().GetCaveatName(); caveat != "" {
					met[caveat] = true
				}
				next = append(next, allowed.GetNamespace())
			}
		}
	}
	return met
}

// parameters lists those of the extension's caveats among met. One name has one type in all that one definition leads to, since a
// request carries one value for it.
func (c *compiledExtension) parameters(of *core.NamespaceDefinition, met map[string]bool) ([]Parameter, error) {
	found := map[string]Parameter{}
	for _, caveat := range c.own.CaveatDefinitions {
		if !met[caveat.GetName()] {
			continue
		}
		for name, ref := range caveat.GetParameterTypes() {
			kind, err := caveattypes.DecodeParameterType(caveattypes.Default.TypeSet, ref)
			if err != nil {
				return nil, c.file.refuse(c.line(caveat.GetSourcePosition()), "the parameter %q of caveat %q: %s", name, caveat.GetName(), err)
			}
			p := Parameter{Name: name, Type: caveats.ParameterTypeString(ref), kind: *kind}
			if other, ok := found[name]; ok && other.Type != p.Type {
				return nil, c.file.refuse(c.line(caveat.GetSourcePosition()),
					"the parameter %q is a %s in one caveat and a %s in another, and %q leads to both: give them different names",
					name, other.Type, p.Type, of.GetName())
			}
			found[name] = p
		}
	}
	list := slices.Collect(maps.Values(found))
	slices.SortFunc(list, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
