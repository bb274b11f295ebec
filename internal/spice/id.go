package spice

import "strings"

// SpiceDB's grammar for object IDs is [a-zA-Z0-9/_|\-=+]{1,1024}. An ID of the model is any UTF-8 of up to 256 bytes (I1), so every other
// byte is written as = and two hexadecimal digits: at most 768 bytes. The slash is escaped too, which leaves it free to join the parts
// of IDs that only the engine sees, such as a chatbot's gates.

const upperHex = "0123456789ABCDEF"

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '+'
}

// Encode translates an ID of the model to SpiceDB's grammar. Decode reverses it, and no two IDs have the same encoding.
func Encode(id string) string {
	escapes := 0
	for i := range len(id) {
		if !plain(id[i]) {
			escapes++
		}
	}
	if escapes == 0 {
		return id
	}
	var b strings.Builder
	b.Grow(len(id) + 2*escapes)
	for i := range len(id) {
		if c := id[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'=', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

// Decode translates an ID of SpiceDB's grammar to the ID of the model that it stands for. What is no escape stands for itself, so that
// IDs written by hand, as in a schema extension, need no escaping where SpiceDB's grammar can spell them.
func Decode(encoded string) string {
	if !strings.Contains(encoded, "=") {
		return encoded
	}
	var b strings.Builder
	for i := 0; i < len(encoded); i++ {
		if encoded[i] == '=' && i+2 < len(encoded) {
			hi, lo := strings.IndexByte(upperHex, encoded[i+1]), strings.IndexByte(upperHex, encoded[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(encoded[i])
	}
	return b.String()
}
