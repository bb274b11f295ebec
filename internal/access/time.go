package access

import "time"

// firstYear is the first of which a caller names a time. Nothing here happens earlier, and the zero time, which stands for never, must not be
// taken for a time that somebody has sent: what ended long ago would last for ever.
const firstYear = 1970

// maxTimeBytes is the longest time that is read: one has 35 bytes with nanoseconds.
const maxTimeBytes = 64

// ParseTime reads an RFC 3339 time as callers send it. The error is of kind Invalid.
func ParseTime(s string) (time.Time, error) {
	if len(s) > maxTimeBytes {
		return time.Time{}, Invalidf("", "a time has at most %d bytes, such as 2026-01-31T12:00:00Z", maxTimeBytes)
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, Invalidf("", "%q is not an RFC 3339 time, such as 2026-01-31T12:00:00Z", s)
	}
	return t, CheckTime(t)
}

// CheckTime refuses a time that no caller means. The error is of kind Invalid.
func CheckTime(t time.Time) error {
	if t.UTC().Year() < firstYear {
		return Invalidf("", "%s lies before %d", t.Format(time.RFC3339), firstYear)
	}
	return nil
}
