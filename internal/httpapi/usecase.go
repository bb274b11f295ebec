package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
)

// useCase is an endpoint that reads an I, calls a use case and answers with an O in JSON.
type useCase[I, O any] struct {
	call    func(ctx context.Context, actor access.Actor, in *I) (*O, error)
	status  int
	answers map[int]reflect.Type // what it answers with, by status; nil where that is status and O alone

	binding *binding
	memory  *memory // of the answers to repeated POSTs; nil for other methods
}

// does answers 200 with what call gives.
func does[I, O any](call func(context.Context, access.Actor, *I) (*O, error)) *useCase[I, O] {
	return &useCase[I, O]{call: call, status: http.StatusOK}
}

// makes answers 201 with what call gives.
func makes[I, O any](call func(context.Context, access.Actor, *I) (*O, error)) *useCase[I, O] {
	return &useCase[I, O]{call: call, status: http.StatusCreated}
}

// either is what one of two calls gives: what was done, or what waits for somebody's decision.
type either[O, P any] struct {
	done    *O
	pending *P
}

func (e *either[O, P]) MarshalJSON() ([]byte, error) {
	if e.pending != nil {
		return json.Marshal(e.pending)
	}
	return json.Marshal(e.done)
}

// status stands before that of the use case.
func (e *either[O, P]) status() int {
	if e.pending != nil {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// doesOrAsks answers 200 with what call has done, or 202 with what waits for somebody's decision. It is for methods that need no
// Idempotency-Key.
func doesOrAsks[I, O, P any](call func(context.Context, access.Actor, *I) (*either[O, P], error)) *useCase[I, either[O, P]] {
	return &useCase[I, either[O, P]]{call: call, answers: map[int]reflect.Type{
		http.StatusOK: reflect.TypeFor[O](), http.StatusAccepted: reflect.TypeFor[P](),
	}}
}

func (u *useCase[I, O]) prepare(a *api, rt route, op *huma.Operation) (err error) {
	u.binding, err = newBinding(a.registry, reflect.TypeFor[I]())
	if err != nil {
		return err
	}
	if named := u.binding.names("path"); !slices.Equal(named, rt.parameters()) {
		return fmt.Errorf("its input reads %v from the path", named)
	}
	if rt.method == http.MethodPost {
		u.memory = a.memory
	}
	u.binding.describe(op)
	if u.binding.body != nil {
		op.RequestBody = &huma.RequestBody{Required: !u.binding.optional, Content: jsonContent(u.binding.schema)}
	}
	answers := u.answers
	if answers == nil {
		answers = map[int]reflect.Type{u.status: reflect.TypeFor[O]()}
	}
	for status, answer := range answers {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: jsonContent(a.registry.Schema(answer, true, "")),
		}
	}
	if u.memory != nil {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: idempotencyKey, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: ref(maxIdempotencyKey)},
			Description: "a repeated call with the same key and body returns the first answer, without its secret, if the caller could still make the call; with another body, a conflict",
		})
	}
	return nil
}

func (u *useCase[I, O]) serve(w http.ResponseWriter, r *http.Request, actor access.Actor) error {
	var in I
	raw, err := u.binding.read(r, &in)
	if err != nil {
		return err
	}
	do := func(actor access.Actor) (*O, error) { return u.call(r.Context(), actor, &in) }
	if u.memory != nil {
		if key, sent, err := keyOf(r.Header); err != nil {
			return err
		} else if sent {
			actor.Once = onceOf(r, key, raw)
			status, answer, err := remembered(r, u.memory, actor, u.status, do)
			if err != nil {
				return err
			}
			writeJSON(w, status, answer)
			return nil
		}
	}
	out, err := do(actor)
	if err != nil {
		return err
	}
	answer, err := json.Marshal(out)
	if err != nil {
		return err
	}
	status := u.status
	if s, ok := any(out).(interface{ status() int }); ok {
		status = s.status()
	}
	writeJSON(w, status, answer)
	return nil
}

// writeJSON answers with JSON.
func writeJSON(w http.ResponseWriter, status int, answer []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(answer) // a caller that is gone needs no answer
	_, _ = io.WriteString(w, "\n")
}
