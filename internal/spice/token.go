package spice

import (
	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/spicedb/pkg/zedtoken"

	"github.com/grantway/grantway/internal/access"
)

// maxTokenBytes is the longest ZedToken that a caller can send; the engine's have fewer than 200.
const maxTokenBytes = 1024

// ParseToken reads a ZedToken as a caller sends it. The error is of kind Invalid. It does not check whether the engine issued it.
func ParseToken(s string) (Token, error) {
	if len(s) > maxTokenBytes {
		return "", access.Invalidf("C3", "a zedtoken can have at most %d bytes", maxTokenBytes)
	}
	decoded, err := zedtoken.Decode(&v1.ZedToken{Token: s})
	if err != nil || decoded.GetV1().GetRevision() == "" && decoded.GetDeprecatedV1Zookie().GetRevision() == 0 {
		return "", access.Invalidf("C3", "this zedtoken is not from an answer of this server")
	}
	return Token(s), nil
}
