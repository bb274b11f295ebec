package server

import (
	"fmt"
	"os"

	"github.com/grantway/grantway/internal/spice"
)

// readExtension reads the schema extension. Without a path there is none.
func readExtension(path string) (*spice.Extension, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the schema extension: %w", err)
	}
	x, err := spice.ParseExtension(path, data)
	if err != nil {
		return nil, &StartError{Problem: detail(err), Cause: err, Advice: "Run grantway schema validate " + path + " to check it."}
	}
	return x, nil
}
