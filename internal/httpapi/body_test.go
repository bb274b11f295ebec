package httpapi

import (
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// U+0000 and what is no UTF-8 are refused wherever a text may stand: not every database can store them.
func TestTextsThatCannotBeStored(t *testing.T) {
	text := &huma.Schema{Type: huma.TypeString}
	schema := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: text, Properties: map[string]*huma.Schema{
		"list": {Type: huma.TypeArray, Items: text}, "limits": {Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeNumber}},
	}}
	schema.PrecomputeMessages()
	for body, pointer := range map[string]string{
		`{"name":"a\u0000b"}`: "/name", `{"list":["a","\u0000"]}`: "/list/1", `{"limits":{"max_\u0000":1}}`: "/limits", `{"\u0000":"a"}`: "",
	} {
		value, err := parseJSON([]byte(body))
		require.NoError(t, err)
		var v validator
		v.check(schema, value)
		require.Len(t, v.faults, 1, body)
		require.Equal(t, pointer, v.faults[0].Pointer, body)
	}
	var v validator
	v.check(text, "a\xff")
	require.Error(t, v.err())
	v = validator{}
	v.check(text, "aé\u0001")
	require.NoError(t, v.err())
}

func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e3,{"b":null}],"c":"\ud83d\ude00"}`, `{"a":1,"a":2}`, "[[[[", `"\ud800"`, "\xff", "{}x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, err := parseJSON(raw)
		if err != nil {
			require.Equal(t, access.KindInvalid, access.KindOf(err))
		}
	})
}
