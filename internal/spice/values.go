package spice

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// MaxValueBytes is how much the values for conditions may weigh in one question, in the protocol's encoding: SpiceDB's own default limit.
const MaxValueBytes = 4096

// ValuesFit reports whether the engine takes the values in one question: that they are of JSON's own types and not too many.
func ValuesFit(values map[string]any) bool {
	if Heavy(values) { // told before a copy is made of them
		return false
	}
	s, err := structpb.NewStruct(values)
	return err == nil && proto.Size(s) <= MaxValueBytes
}

// Heavy reports whether a value is more than the engine takes in one question, whatever its type. It looks at no more of the value than that.
func Heavy(value any) bool { return weigh(value, MaxValueBytes) < 0 }

// weigh takes the bytes of the texts and names in a value off the rest, and one for each value, and gives up where nothing is left. In the protocol's
// encoding each weighs at least as much.
func weigh(value any, rest int) int {
	rest--
	switch value := value.(type) {
	case string:
		rest -= len(value)
	case []any:
		for _, item := range value {
			if rest = weigh(item, rest); rest < 0 {
				break
			}
		}
	case map[string]any:
		for name, member := range value {
			if rest = weigh(member, rest-len(name)); rest < 0 {
				break
			}
		}
	}
	return rest
}
