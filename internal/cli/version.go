package cli

import (
	"encoding/json"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the program was made of.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	SpiceDB  string `json:"spicedb"`
}

func newVersion(std streams) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of Grantway, Go and SpiceDB",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if output == outputJSON {
				return json.NewEncoder(std.out).Encode(b)
			}
			revision := ""
			if b.Revision != "" {
				revision = " of commit " + b.Revision
			}
			_, err := fmt.Fprintf(std.out, "grantway %s%s, with SpiceDB %s, built by %s\n", b.Version, revision, b.SpiceDB, b.Go)
			return err
		},
	}
	cmd.Flags().StringVar(&output, "output", outputText, "output `FORMAT`: text or json")
	return cmd
}

func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build{Version: "unknown"}
	}
	b := build{Version: info.Main.Version, Go: info.GoVersion}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	for _, d := range info.Deps {
		if d.Path == "github.com/authzed/spicedb" {
			b.SpiceDB = d.Version
		}
	}
	return b
}
