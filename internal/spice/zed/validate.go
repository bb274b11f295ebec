package zed

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/authzed/spicedb/pkg/development"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	developer "github.com/authzed/spicedb/pkg/proto/developer/v1"
	"github.com/authzed/spicedb/pkg/spiceerrors"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/authzed/spicedb/pkg/validationfile/blocks"
	"go.yaml.in/yaml/v3"

	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// Validate reads a schema extension, loads it into an engine in memory, together with what holds in every installation, and runs its
// assertions and expected relations at the time now. It returns those that fail, a line each. The name is that of the file, for messages.
func Validate(ctx context.Context, name string, data []byte, now time.Time) (*spice.Extension, []string, error) {
	x, err := spice.ParseExtension(name, data)
	if err != nil {
		return nil, nil, err
	}
	expected, err := expectedRelations(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: validation: %w", name, err)
	}
	var relationships []*core.RelationTuple
	for _, r := range spice.FoldPlatform() {
		relationships = append(relationships, tuple.FromV1Relationship(r).ToCoreTuple())
	}
	for _, u := range x.Changes() {
		relationships = append(relationships, tuple.FromV1Relationship(u.GetRelationship()).ToCoreTuple())
	}
	dev, wrong, err := development.NewDevContext(ctx, &developer.RequestContext{Schema: x.Schema(), Relationships: relationships})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if wrong != nil {
		return x, told(name, wrong.GetInputErrors()), nil
	}
	defer dev.Dispose()
	failed, err := development.RunAllAssertions(dev, assertions(x, now))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: assertions: %w", name, err)
	}
	_, unexpected, err := development.RunValidation(dev, expected)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: validation: %w", name, err)
	}
	return x, append(told(name, failed), told(name, unexpected)...), nil
}

// assertions are those of the extension as SpiceDB runs them, with what the server gives to conditions. What an assertion names itself stands.
func assertions(x *spice.Extension, now time.Time) *blocks.Assertions {
	var all blocks.Assertions
	lists := map[spice.Outcome]*[]blocks.Assertion{
		spice.AssertTrue: &all.AssertTrue, spice.AssertCaveated: &all.AssertCaveated, spice.AssertFalse: &all.AssertFalse,
	}
	at := now.UTC().Format(time.RFC3339Nano)
	for _, a := range x.Assertions() {
		values := map[string]any{schema.ParamTime: at, spice.ParamNow: at, spice.ParamResourceID: spice.Decode(a.Question.Resource.ObjectID)}
		if a.Question.Subject.ObjectID != spice.Wildcard {
			values[spice.ParamSubjectID] = spice.Decode(a.Question.Subject.ObjectID)
		}
		maps.Copy(values, a.Context)
		list := lists[a.Outcome]
		*list = append(*list, blocks.Assertion{
			RelationshipWithContextString: a.Text, Relationship: a.Question, CaveatContext: values,
			SourcePosition: spiceerrors.SourcePosition{LineNumber: a.Line, ColumnPosition: 1},
		})
	}
	return &all
}

// expectedRelations reads the validation of the file, and puts its IDs into the form in which the relationships are loaded.
func expectedRelations(data []byte) (*blocks.ParsedExpectedRelations, error) {
	var file struct {
		Validation blocks.ParsedExpectedRelations `yaml:"validation"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	canonical := func(o *tuple.ObjectAndRelation) {
		if o.ObjectID != spice.Wildcard {
			o.ObjectID = spice.Encode(spice.Decode(o.ObjectID))
		}
	}
	spelled := blocks.ValidationMap{}
	for on, subjects := range file.Validation.ValidationMap {
		canonical(&on.ObjectAndRelation)
		for i := range subjects {
			if s := subjects[i].SubjectWithExceptions; s != nil {
				canonical(&s.Subject.Subject)
				for j := range s.Exceptions {
					canonical(&s.Exceptions[j].Subject)
				}
			}
			for j := range subjects[i].Resources {
				canonical(&subjects[i].Resources[j])
			}
		}
		spelled[on] = subjects
	}
	file.Validation.ValidationMap = spelled
	return &file.Validation, nil
}

func told(name string, wrong []*developer.DeveloperError) []string {
	var lines []string
	for _, w := range wrong {
		lines = append(lines, fmt.Sprintf("%s:%d: %s", name, w.GetLine(), w.GetMessage()))
	}
	return lines
}
