package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/authzed-go/v1"
	"github.com/authzed/grpcutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// asker answers questions, one or many in one call.
type asker interface {
	one(ctx context.Context, q question, full bool) (bool, error)
	many(ctx context.Context, qs []question, full bool) ([]bool, error)
}

// direct asks SpiceDB with its own client.
type direct struct{ client *authzed.Client }

func newDirect(p *place) (*direct, error) {
	c, err := authzed.NewClient(p.engine, grpc.WithTransportCredentials(insecure.NewCredentials()), grpcutil.WithInsecureBearerToken(engineToken))
	return &direct{c}, err
}

func consistency(full bool) *v1.Consistency {
	if full {
		return &v1.Consistency{Requirement: &v1.Consistency_FullyConsistent{FullyConsistent: true}}
	}
	return &v1.Consistency{Requirement: &v1.Consistency_MinimizeLatency{MinimizeLatency: true}}
}

// parts is a question as SpiceDB takes it, with the time for the expiry of shares, which whoever asks has to send.
func (q question) parts() (resource *v1.ObjectReference, subject *v1.SubjectReference, values *structpb.Struct) {
	return &v1.ObjectReference{ObjectType: string(access.TypeChatbot), ObjectId: spice.Encode(q.bot)},
		&v1.SubjectReference{Object: &v1.ObjectReference{ObjectType: string(access.TypeUser), ObjectId: spice.Encode(q.user)}},
		&structpb.Struct{Fields: map[string]*structpb.Value{schema.ParamTime: structpb.NewStringValue(time.Now().UTC().Format(time.RFC3339Nano))}}
}

func (d *direct) one(ctx context.Context, q question, full bool) (bool, error) {
	resource, subject, values := q.parts()
	resp, err := d.client.CheckPermission(ctx, &v1.CheckPermissionRequest{
		Consistency: consistency(full), Resource: resource, Permission: q.action, Subject: subject, Context: values,
	})
	return resp.GetPermissionship() == v1.CheckPermissionResponse_PERMISSIONSHIP_HAS_PERMISSION, err
}

func (d *direct) many(ctx context.Context, qs []question, full bool) ([]bool, error) {
	req := &v1.CheckBulkPermissionsRequest{Consistency: consistency(full)}
	_, _, values := qs[0].parts() // one moment for all, as the gateway has it: SpiceDB joins what has the same values
	for _, q := range qs {
		resource, subject, _ := q.parts()
		req.Items = append(req.Items, &v1.CheckBulkPermissionsRequestItem{Resource: resource, Permission: q.action, Subject: subject, Context: values})
	}
	resp, err := d.client.CheckBulkPermissions(ctx, req)
	if err != nil {
		return nil, err
	}
	var answers []bool
	for _, pair := range resp.GetPairs() {
		answers = append(answers, pair.GetItem().GetPermissionship() == v1.CheckPermissionResponse_PERMISSIONSHIP_HAS_PERMISSION)
	}
	return answers, nil
}

// gateway asks Grantway over connections that stay open.
type gateway struct {
	url, key string
	http     *http.Client
}

// newGateway makes a key like that of any product's backend.
func newGateway(ctx context.Context, p *place) (*gateway, error) {
	g := &gateway{url: p.gateway, key: rootKey, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}}
	var made struct{ Secret string }
	err := g.post(ctx, "/v1/keys", map[string]string{"name": "bench", "access": "read_only"}, &made)
	g.key = made.Secret
	return g, err
}

type entity struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type evaluation struct {
	Subject  entity            `json:"subject"`
	Action   map[string]string `json:"action"`
	Resource entity            `json:"resource"`
	Context  map[string]string `json:"context,omitempty"`
}

func (q question) evaluation(full bool) evaluation {
	e := evaluation{Subject: entity{"user", q.user}, Action: map[string]string{"name": q.action}, Resource: entity{"chatbot", q.bot}}
	if full {
		e.Context = map[string]string{"consistency": "full"}
	}
	return e
}

func (g *gateway) one(ctx context.Context, q question, full bool) (bool, error) {
	var answer struct{ Decision bool }
	err := g.post(ctx, "/access/v1/evaluation", q.evaluation(full), &answer)
	return answer.Decision, err
}

func (g *gateway) many(ctx context.Context, qs []question, full bool) ([]bool, error) {
	var body struct {
		Evaluations []evaluation `json:"evaluations"`
	}
	for _, q := range qs {
		body.Evaluations = append(body.Evaluations, q.evaluation(full))
	}
	var answer struct{ Evaluations []struct{ Decision bool } }
	if err := g.post(ctx, "/access/v1/evaluations", body, &answer); err != nil {
		return nil, err
	}
	var answers []bool
	for _, a := range answer.Evaluations {
		answers = append(answers, a.Decision)
	}
	return answers, nil
}

func (g *gateway) post(ctx context.Context, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+g.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := g.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	return json.Unmarshal(text, answer)
}
