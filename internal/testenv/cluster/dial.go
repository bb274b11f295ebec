package cluster

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/grpcutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// Dial makes a connection to one node.
func (c *Cluster) Dial(i int) (*grpc.ClientConn, error) { return c.dial(c.nodes[i]) }

func (c *Cluster) dial(n *node) (*grpc.ClientConn, error) {
	tls, err := grpcutil.WithCustomCerts(grpcutil.VerifyCA, c.CA())
	if err != nil {
		return nil, err
	}
	return grpc.NewClient(n.api, tls, grpcutil.WithBearerToken(c.token))
}

// serves reports whether the node says that it can answer.
func (c *Cluster) serves(ctx context.Context, n *node) bool {
	conn, err := c.dial(n)
	if err != nil {
		return false
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: v1.PermissionsService_ServiceDesc.ServiceName})
	return err == nil && answer.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING
}

// Empty takes all relationships and the schema out of the cluster, so that it is like a new one. Nobody may write to it meanwhile.
func (c *Cluster) Empty(ctx context.Context) error {
	conn, err := c.Dial(0)
	if err != nil {
		return err
	}
	defer conn.Close()
	schemas, permissions := v1.NewSchemaServiceClient(conn), v1.NewPermissionsServiceClient(conn)
	held, err := schemas.ReflectSchema(ctx, &v1.ReflectSchemaRequest{Consistency: newest})
	if status.Code(err) == codes.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the schema cannot be read: %w", err)
	}
	for _, d := range held.GetDefinitions() {
		if _, err := permissions.DeleteRelationships(ctx, &v1.DeleteRelationshipsRequest{
			RelationshipFilter: &v1.RelationshipFilter{ResourceType: d.GetName()},
		}); err != nil {
			return fmt.Errorf("the relationships of %s cannot be deleted: %w", d.GetName(), err)
		}
	}
	_, err = schemas.WriteSchema(ctx, &v1.WriteSchemaRequest{})
	return err
}

var newest = &v1.Consistency{Requirement: &v1.Consistency_FullyConsistent{FullyConsistent: true}}
