package schema_test

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/schema"
)

var comment = regexp.MustCompile(`//.*|(?s:/\*.*?\*/)`)

// TestTheSchemaHasItsVersion fails where the schema changes and its version does not. Comments and layout tell nothing. The version rises once
// between two releases; see what Version says about Oldest before that. Then put the new digest here.
func TestTheSchemaHasItsVersion(t *testing.T) {
	words := strings.Join(strings.Fields(comment.ReplaceAllString(schema.Text, "")), " ")
	sum := sha256.Sum256([]byte(words))
	got := hex.EncodeToString(sum[:8])
	require.Equal(t, map[int]string{schema.Version: got}, map[int]string{2: "fb780f7260dd86b6"})
	require.LessOrEqual(t, schema.Oldest, schema.Version)
	require.Positive(t, schema.Oldest)
}
