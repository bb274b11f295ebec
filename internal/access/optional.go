package access

import (
	"encoding/json"
	"time"
)

// Optional is a field of a PUT: left out, it keeps its value; null unsets it.
type Optional[T any] struct {
	Set   bool // the field was in the body
	Null  bool // and was null
	Value T
}

// Some is a field that was sent with a value.
func Some[T any](v T) Optional[T] { return Optional[T]{Set: true, Value: v} }

// UnmarshalJSON records that the field was sent. A time is read by ParseTime.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	o.Set = true
	if string(data) == "null" {
		o.Null = true
		return nil
	}
	at, isTime := any(&o.Value).(*time.Time)
	if !isTime {
		return json.Unmarshal(data, &o.Value)
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	var err error
	*at, err = ParseTime(text)
	return err
}

// Or is the value that was sent, unset where it was null, or old where it was left out.
func (o Optional[T]) Or(old, unset T) T {
	switch {
	case !o.Set:
		return old
	case o.Null:
		return unset
	}
	return o.Value
}
