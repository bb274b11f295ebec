package access

import "time"

// firstYear is the first of which a caller names a time. Nothing here happens earlier, and the zero time, which stands for never, must not be
// taken for a time that somebody has sent: what ended long ago would last for ever.
const firstYear = 1970

// ParseTime reads an RFC 3339 time as callers send it. The error is of kind Invalid.
func ParseTime(s string) (time.Time, error) {
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
