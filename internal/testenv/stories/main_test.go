package stories_test

import (
	"testing"

	"github.com/grantway/grantway/internal/testenv/backend"
)

func TestMain(m *testing.M) { backend.Main(m) }
