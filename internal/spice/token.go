package spice

import (
	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/spicedb/pkg/zedtoken"

	"github.com/grantway/grantway/internal/access"
)

// ParseToken reads a ZedToken as a caller sends it. The error is of kind Invalid. Whether the engine ever gave it is not for this to say.
func ParseToken(s string) (Token, error) {
	decoded, err := zedtoken.Decode(&v1.ZedToken{Token: s})
	if err != nil || decoded.GetV1().GetRevision() == "" && decoded.GetDeprecatedV1Zookie().GetRevision() == 0 {
		return "", access.Invalidf("C3", "the zedtoken is none that a change was answered with")
	}
	return Token(s), nil
}
