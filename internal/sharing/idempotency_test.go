package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func TestACallThatWasCarriedOutIsNotCarriedOutAgainWhateverBecameOfItsAnswer(t *testing.T) {
	e := acme(t)
	once := as("mia")
	once.Once = access.Once{Route: "POST /v1/chatbots/helper/transfer", Key: "k1", BodyDigest: "d"}

	e.refused(e.transfer(once, "helper", "carl"), access.KindUnprocessable, "A1")
	_, _, found, err := e.Remembered(e.ctx, once)
	require.NoError(t, err)
	require.False(t, found, "what was refused can be tried again")

	require.NoError(t, e.transfer(once, "helper", "olga"))
	e.close() // before the answer could be kept
	e.open()
	_, _, _, err = e.Remembered(e.ctx, once)
	e.refused(err, access.KindConflict, "")
	require.Contains(t, err.Error(), "succeeded, but its answer was lost")

	require.NoError(t, e.Remember(e.ctx, once, 200, []byte(`{}`)))
	status, answer, found, err := e.Remembered(e.ctx, once)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, 200, status)
	require.JSONEq(t, `{}`, string(answer))
	once.Once.BodyDigest = "another"
	_, _, _, err = e.Remembered(e.ctx, once)
	e.refused(err, access.KindConflict, "")
}
