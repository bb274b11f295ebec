package backend

import (
	"context"
	"path/filepath"

	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/spice/embedded"
	"github.com/grantway/grantway/internal/store"
)

// OpenStore opens the place's store, as its gateways do.
func (p *Place) OpenStore(ctx context.Context) (*store.DB, error) {
	if p.Datastore != "" {
		return store.Open(ctx, p.Datastore)
	}
	return store.Open(ctx, filepath.Join(p.Data, "store.db"))
}

// OpenEngine reaches the place's engine without a gateway, until it is closed.
func (p *Place) OpenEngine(ctx context.Context) (engine grpc.ClientConnInterface, closeEngine func() error, err error) {
	var config embedded.Config
	switch p.Mode {
	case Cluster:
		conn, err := p.Cluster.Dial(0)
		if err != nil {
			return nil, nil, err
		}
		return conn, conn.Close, nil
	case Postgres:
		config.URI, config.Database = p.Datastore, store.PostgreSQL
	case Embedded:
		config.Path = filepath.Join(p.Data, "engine.db")
	}
	started, err := embedded.Start(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	return started.Conn(), started.Close, nil
}
