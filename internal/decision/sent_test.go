package decision

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the items of a call send alike is read once.
func TestWhatIsSentAgainIsReadOnce(t *testing.T) {
	var sent sentValues
	for range MaxEvaluations {
		require.Equal(t, "acme.com", sent.domain("zoe@acme.com"))
		require.Len(t, sent.link("a link"), 64)
	}
	require.Equal(t, 2, sent.reads)
}
