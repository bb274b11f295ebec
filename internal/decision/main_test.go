package decision_test

import (
	"testing"

	testbackend "github.com/grantway/grantway/internal/testenv/backend"
)

func TestMain(m *testing.M) { testbackend.Main(m) }
