package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestS13ATimeLongPastIsNotNever holds for every way in: the zero time stands for never, and nobody can send it.
func TestS13ATimeLongPastIsNotNever(t *testing.T) {
	for _, s := range []string{
		"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.9Z", "0001-01-01T05:00:00+05:00", "0000-12-31T23:00:00-01:00", "1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+01:00", "", "tomorrow", "2026-01-31",
	} {
		_, err := ParseTime(s)
		require.Equal(t, KindInvalid, KindOf(err), s)
	}
	for _, s := range []string{"1970-01-01T00:00:00Z", "2026-01-31T12:00:00.5+01:00", "9999-12-31T23:59:59Z"} {
		_, err := ParseTime(s)
		require.NoError(t, err, s)
	}
	require.Error(t, CheckTime(time.Time{}))
}
