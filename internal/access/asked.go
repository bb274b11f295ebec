package access

import (
	"context"
	"time"
)

// asked is the key of the moment in a context.
type asked struct{}

// Asked returns the context of a call that was asked at the moment, which is one of this process's own clock at which all of the question had arrived. Every
// fact that the call demands to be of the newest state is of that moment or a later one (C3).
func Asked(ctx context.Context, at time.Time) context.Context {
	return context.WithValue(ctx, asked{}, at)
}

// AskedAt is when the call was asked, and now where the context does not say.
func AskedAt(ctx context.Context) time.Time {
	if at, ok := ctx.Value(asked{}).(time.Time); ok {
		return at
	}
	return time.Now()
}
