package access

import (
	"regexp"
	"strings"
	"time"
)

// Years of the times that callers name, in UTC. Nothing here happens before the first, and the zero time, which stands for never, must not be taken
// for a time that somebody has sent. RFC 3339 cannot spell a time after the last, so that such a time could be stored and not be shown.
const (
	firstYear = 1970
	lastYear  = 9999
)

// maxTimeBytes is the longest time that is read: one has 35 bytes with nanoseconds.
const maxTimeBytes = 64

// rfc3339 is the grammar of RFC 3339, section 5.6, but for the ranges of what has other lengths in other months. Letters may be in either case.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:(\d\d)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$`)

// ParseTime reads an RFC 3339 time as callers send it. The error is of kind Invalid where it is none, and of kind Unprocessable (S13) where it lies outside
// the years 1970 to 9999 in UTC.
func ParseTime(s string) (time.Time, error) {
	t, err := ParseInstant(s)
	if err == nil && t.UTC().Year() < firstYear {
		err = outOfYears(s)
	}
	return t, err
}

// ParseInstant is ParseTime without the first year: conditions compare any time, such as a date of birth.
func ParseInstant(s string) (time.Time, error) {
	if len(s) > maxTimeBytes {
		return time.Time{}, Invalidf("", "a time can have at most %d bytes, such as 2026-01-31T12:00:00Z", maxTimeBytes)
	}
	parts := rfc3339.FindStringSubmatch(s)
	if parts == nil {
		return time.Time{}, Invalidf("", "%q is not an RFC 3339 time with an offset, such as 2026-01-31T12:00:00Z", s)
	}
	t, err := time.Parse(time.RFC3339, strings.ToUpper(s))
	switch {
	case err == nil && (t.UTC().Year() < 1 || t.UTC().Year() > lastYear):
		return time.Time{}, outOfYears(s)
	case err == nil:
		return t, nil
	case parts[1] == "60":
		return time.Time{}, Invalidf("", "%q is a leap second, which is not accepted: write the second before or after it", s)
	}
	return time.Time{}, Invalidf("", "%q is not a time of the calendar, such as 2026-01-31T12:00:00Z", s)
}

func outOfYears(s string) error {
	return Unprocessablef("S13", "%s is outside the years %d to %d in UTC", s, firstYear, lastYear)
}
