// Package loopback reserves addresses on this machine for programs that are started, killed and restarted, so that nothing else listens there
// meanwhile.
package loopback

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Reserve gives a host:port at which nobody listens, and which no other caller is given until it is released, in this process or another:
// whoever is given a TCP port here holds the UDP port of that number. It is below the ports from which systems take those of outgoing
// connections (32768 on Linux, 49152 elsewhere), so that it is still free when what listened there comes back to it.
func Reserve() (address string, release func() error, err error) {
	for range 100 {
		address = net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(10_000)))
		held, err := net.ListenPacket("udp", address)
		if err != nil {
			continue
		}
		if l, err := net.Listen("tcp", address); err == nil {
			return address, held.Close, l.Close()
		}
		if err := held.Close(); err != nil {
			return "", nil, err
		}
	}
	return "", nil, errors.New("no port is free on 127.0.0.1")
}
