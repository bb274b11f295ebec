// Package siege holds tests only: attacks on a real server while others use it (see main_test.go), run by scripts/siege.
package siege
