package loopback_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/loopback"
)

func TestAReservedAddressIsGivenOnceUntilItIsReleased(t *testing.T) {
	address, release, err := loopback.Reserve()
	require.NoError(t, err)
	socket, err := net.Listen("tcp", address)
	require.NoError(t, err, "whoever reserved it can listen there")
	require.NoError(t, socket.Close())
	_, err = net.ListenPacket("udp", address)
	require.Error(t, err, "nobody else reserves it")
	require.NoError(t, release())
	again, err := net.ListenPacket("udp", address)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}
