package zed

import (
	"context"
	"fmt"

	"github.com/authzed/spicedb/pkg/development"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	developer "github.com/authzed/spicedb/pkg/proto/developer/v1"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/authzed/spicedb/pkg/validationfile"

	"github.com/grantway/grantway/internal/spice"
)

// Validate reads a schema extension, loads it into an engine in memory, together with what holds in every installation, and runs its
// assertions and expected relations. It returns those that fail, a line each. The name is that of the file, for messages.
func Validate(ctx context.Context, name string, data []byte) (*spice.Extension, []string, error) {
	x, err := spice.ParseExtension(name, data)
	if err != nil {
		return nil, nil, err
	}
	file, err := validationfile.DecodeValidationFile(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	var relationships []*core.RelationTuple
	for _, r := range spice.FoldPlatform() {
		relationships = append(relationships, tuple.FromV1Relationship(r).ToCoreTuple())
	}
	// They are left as the file spells them, since its assertions are spelled like them.
	for _, r := range file.Relationships.Relationships {
		relationships = append(relationships, r.ToCoreTuple())
	}
	dev, wrong, err := development.NewDevContext(ctx, &developer.RequestContext{Schema: x.Schema(), Relationships: relationships})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if wrong != nil {
		return x, told(name, wrong.GetInputErrors()), nil
	}
	defer dev.Dispose()
	failed, err := development.RunAllAssertions(dev, &file.Assertions)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: assertions: %w", name, err)
	}
	_, unexpected, err := development.RunValidation(dev, &file.ExpectedRelations)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: validation: %w", name, err)
	}
	return x, append(told(name, failed), told(name, unexpected)...), nil
}

func told(name string, wrong []*developer.DeveloperError) []string {
	var lines []string
	for _, w := range wrong {
		lines = append(lines, fmt.Sprintf("%s:%d: %s", name, w.GetLine(), w.GetMessage()))
	}
	return lines
}
