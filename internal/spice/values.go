package spice

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// MaxValueBytes is how much the values for conditions may weigh in one question, in the protocol's encoding: SpiceDB's own default limit.
const MaxValueBytes = 4096

// ValuesFit reports whether the engine takes the values in one question: that they are of JSON's own types and not too many.
func ValuesFit(values map[string]any) bool {
	s, err := structpb.NewStruct(values)
	return err == nil && proto.Size(s) <= MaxValueBytes
}
