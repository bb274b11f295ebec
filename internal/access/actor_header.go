package access

import (
	"strings"
)

// ActorHeader names the user that a full key acts for (B2). Its value is what EncodeActor gives.
const ActorHeader = "Grantway-Actor"

const upperHex = "0123456789ABCDEF"

// EncodeActor is the user's ID as ActorHeader carries it: visible ASCII but % stands for itself, and every other byte is % and two upper-case
// hexadecimal digits, as in jos%C3%A9. No two IDs are sent alike, and none in two ways.
func EncodeActor(user UserID) string {
	var b strings.Builder
	for i := range len(user) {
		if c := user[i]; sentAsItIs(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(string([]byte{'%', upperHex[c>>4], upperHex[c&15]}))
		}
	}
	return b.String()
}

// sentAsItIs reports whether the byte of an ID stands for itself in ActorHeader.
func sentAsItIs(c byte) bool { return '!' <= c && c <= '~' && c != '%' }

// DecodeActor reads what EncodeActor gives, and nothing else. The error is of kind Denied: a header that names nobody does not count as missing (B2).
func DecodeActor(sent string) (UserID, error) {
	if len(sent) > 3*MaxIDBytes {
		return "", Deniedf("B2", "%s is longer than a user's ID can be", ActorHeader)
	}
	id := make([]byte, 0, len(sent))
	for i := 0; i < len(sent); i++ {
		c := sent[i]
		if c == '%' && i+2 < len(sent) {
			high, low := strings.IndexByte(upperHex, sent[i+1]), strings.IndexByte(upperHex, sent[i+2])
			if high >= 0 && low >= 0 && !sentAsItIs(byte(high<<4|low)) { // two digits make a byte
				id = append(id, byte(high<<4|low)) // as above
				i += 2
				continue
			}
		}
		if !sentAsItIs(c) {
			return "", Deniedf("B2", "%s must hold the ID of one user, percent-encoded: %%25 for %%, upper-case hexadecimal "+
				"for spaces and for bytes outside ASCII (jos%%C3%%A9), and no other escapes", ActorHeader)
		}
		id = append(id, c)
	}
	user, err := ParseID[UserID](string(id))
	if err != nil {
		return "", Deniedf("B2", "%s must hold the ID of a user", ActorHeader)
	}
	return user, nil
}
