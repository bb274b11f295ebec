package server_test

import (
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/spice/embedded"
)

// Somebody has given the engine's file a definition of their own, and relationships under it, which hold the schema that the server needs off. The server
// says with which command the file is made anew from the store, and starts after it.
func TestAnEngineWithAForeignSchemaIsMadeAnew(t *testing.T) {
	c := config(t)
	running(t, c, func(h http.Handler) { helper(t, h) })
	engine, err := embedded.Start(t.Context(), embedded.Config{Path: filepath.Join(c.Data, "engine.db")})
	require.NoError(t, err)
	schemas := v1.NewSchemaServiceClient(engine.Conn())
	now, err := schemas.ReadSchema(t.Context(), &v1.ReadSchemaRequest{})
	require.NoError(t, err)
	_, err = schemas.WriteSchema(t.Context(), &v1.WriteSchemaRequest{Schema: now.GetSchemaText() + "\ndefinition foreign {\n  relation holder: user\n}\n"})
	require.NoError(t, err)
	object := func(typ string) *v1.ObjectReference { return &v1.ObjectReference{ObjectType: typ, ObjectId: "x"} }
	_, err = v1.NewPermissionsServiceClient(engine.Conn()).WriteRelationships(t.Context(), &v1.WriteRelationshipsRequest{Updates: []*v1.RelationshipUpdate{{
		Operation:    v1.RelationshipUpdate_OPERATION_TOUCH,
		Relationship: &v1.Relationship{Resource: object("foreign"), Relation: "holder", Subject: &v1.SubjectReference{Object: object("user")}},
	}}})
	require.NoError(t, err)
	require.NoError(t, engine.Close())

	_, err = server.Open(t.Context(), c)
	var fault *server.StartError
	require.True(t, errors.As(err, &fault), "%v", err)
	command := regexp.MustCompile(`\((mkdir .*)\)`).FindStringSubmatch(fault.Advice)
	require.NotNil(t, command, fault.Advice)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", command[1]).CombinedOutput() // it is what a person would type
	require.NoError(t, err, "%s", out)
	running(t, c, func(h http.Handler) {
		_, answer := do(t, h, http.MethodPost, "/access/v1/evaluation", mayAliceInteract)
		require.JSONEq(t, `{"decision":true}`, answer)
	})
}
