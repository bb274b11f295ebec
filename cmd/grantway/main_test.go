package main

import (
	"os"
	"testing"

	"github.com/grantway/grantway/internal/testenv/backend"
)

// serveInstead makes the test binary be the program, so that a test can kill the real process.
const serveInstead = "GRANTWAY_TEST_BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(serveInstead) != "" {
		main()
	}
	backend.Main(m)
}
