package server

import (
	"context"
	"errors"
	"os"

	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/spice/zed"
)

// Difference lists what Migrate would change in the engine's schema, a line each. The store is brought up to date by being opened.
func Difference(ctx context.Context, c Config) ([]string, error) {
	if _, err := os.Stat(c.Data); err != nil && c.DatastoreURI == "" {
		return nil, dataFault(c.Data, err)
	}
	return withBackend(ctx, c, func(b *backend, x *spice.Extension) ([]string, error) {
		return b.difference(ctx, x)
	})
}

// Migrate brings the store and the engine's schema up to date with this program, without serving, and lists what it changed in the schema.
func Migrate(ctx context.Context, c Config) ([]string, error) {
	return withBackend(ctx, c, func(b *backend, x *spice.Extension) ([]string, error) {
		lines, err := b.difference(ctx, x)
		if err != nil {
			return nil, err
		}
		_, err = b.prepare(ctx, x, c.Log)
		return lines, err
	})
}

func withBackend(ctx context.Context, c Config, fn func(*backend, *spice.Extension) ([]string, error)) ([]string, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	x, err := readExtension(c.SchemaExtension)
	if err != nil {
		return nil, err
	}
	b, err := openBackend(ctx, c)
	if err != nil {
		return nil, err
	}
	lines, err := fn(b, x)
	return lines, errors.Join(c.remoteFault(err), b.close())
}

func (b *backend) difference(ctx context.Context, x *spice.Extension) ([]string, error) {
	have, err := b.engine.Schema(ctx)
	if err != nil {
		return nil, err
	}
	return zed.Compare(have, x.Schema())
}
