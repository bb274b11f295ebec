package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestS13ATimeIsReadAsRFC3339SaysAndInNoOtherWay holds for every way in. The zero time stands for never, and nobody can send it; a time
// after the year 9999 in UTC cannot be shown.
func TestS13ATimeIsReadAsRFC3339SaysAndInNoOtherWay(t *testing.T) {
	for s, kind := range map[string]Kind{
		"":                          KindInvalid,
		"tomorrow":                  KindInvalid,
		"2026-01-31":                KindInvalid,
		"2026-01-31T12:00:00":       KindInvalid, // no offset
		"2026-01-31 12:00:00Z":      KindInvalid,
		"2026-01-31T12:00Z":         KindInvalid,
		"2026-01-31T2:00:00Z":       KindInvalid,
		"2026-01-31T12:00:00,5Z":    KindInvalid,
		"2026-01-31T12:00:00.Z":     KindInvalid,
		"2026-01-31T24:00:00Z":      KindInvalid,
		"2026-01-31T23:59:60Z":      KindInvalid, // a leap second
		"2026-02-29T12:00:00Z":      KindInvalid,
		"2026-01-31T12:00:00+24:00": KindInvalid,
		"2026-01-31T12:00:00+01:60": KindInvalid,
		"2026-01-31T12:00:00+0100":  KindInvalid,
		"２026-01-31T12:00:00Z":      KindInvalid,
		"2026-01-31T12:00:00Z\n":    KindInvalid,
		"10000-01-01T00:00:00Z":     KindInvalid,
		"9999-12-31T23:59:59-05:00": KindUnprocessable,
		"0000-01-01T00:00:00Z":      KindUnprocessable,
		"0001-01-01T00:00:00Z":      KindUnprocessable,
		"0001-01-01T00:00:00.9Z":    KindUnprocessable,
		"0001-01-01T05:00:00+05:00": KindUnprocessable,
		"0000-12-31T23:00:00-01:00": KindUnprocessable,
		"1969-12-31T23:59:59Z":      KindUnprocessable,
		"1970-01-01T00:00:00+01:00": KindUnprocessable,
	} {
		_, err := ParseTime(s)
		require.Equal(t, kind, KindOf(err), "%q: %v", s, err)
	}
	for s, want := range map[string]time.Time{
		"1970-01-01T00:00:00Z":        time.Unix(0, 0),
		"2026-01-31T12:00:00.5+01:00": time.Date(2026, 1, 31, 11, 0, 0, 5e8, time.UTC),
		"2026-01-31t12:00:00z":        time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		"2026-01-31T12:00:00-00:00":   time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		"9999-12-31T23:59:59Z":        time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"9999-12-31T23:59:59+05:00":   time.Date(9999, 12, 31, 18, 59, 59, 0, time.UTC),
	} {
		got, err := ParseTime(s)
		require.NoError(t, err, s)
		require.True(t, want.Equal(got), s)
	}
	_, err := ParseInstant("1955-11-05T06:15:00Z")
	require.NoError(t, err, "conditions compare any time")
}
