package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cast"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

const (
	flagConfig = "config"
	flagHelp   = "help"
	envPrefix  = "GRANTWAY"
)

// variable is the environment variable that means the same as the flag.
func variable(flag string) string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// applySettings gives the flags that are not on the command line their value from the environment, else from the config file. The file
// may hold the flags of every command, so that one file serves them all, and nothing else.
func applySettings(cmd *cobra.Command) error {
	file := viper.New()
	flags := cmd.Flags()
	path, err := flags.GetString(flagConfig)
	if err != nil {
		return err
	}
	if path == "" {
		path = os.Getenv(variable(flagConfig))
	}
	if path != "" {
		if err := readConfig(file, path, cmd.Root()); err != nil {
			return err
		}
	}

	flags.VisitAll(func(f *pflag.Flag) {
		if err != nil || f.Changed || f.Name == flagConfig || f.Name == flagHelp {
			return
		}
		if value, sent := os.LookupEnv(variable(f.Name)); value != "" || sent && f.Name == flagActor {
			err = set(flags, f, value, variable(f.Name))
			return
		}
		if !file.IsSet(f.Name) {
			return
		}
		value, castErr := cast.ToStringE(file.Get(f.Name))
		if castErr != nil {
			err = fmt.Errorf("%s: %s must be a single value", path, f.Name)
			return
		}
		err = set(flags, f, value, fmt.Sprintf("%s: %s", path, f.Name))
	})
	return err
}

// readConfig reads the YAML file and refuses keys that no command knows.
func readConfig(file *viper.Viper, path string, root *cobra.Command) error {
	file.SetConfigFile(path)
	file.SetConfigType("yaml")
	if err := file.ReadInConfig(); err != nil {
		var parse viper.ConfigParseError
		if errors.As(err, &parse) {
			return fmt.Errorf("%s: %w", path, parse.Unwrap())
		}
		return err
	}
	known := knownFlags(root)
	for _, key := range slices.Sorted(slices.Values(file.AllKeys())) {
		name, _, _ := strings.Cut(key, ".")
		if !slices.Contains(known, name) {
			return hinted(fmt.Errorf("%s: unknown key %q", path, name), "The keys are the names of the flags, without the dashes: see grantway COMMAND --help.")
		}
	}
	return nil
}

// knownFlags lists the flags of all commands, but --config and --help, which make no sense in a file.
func knownFlags(cmd *cobra.Command) []string {
	var names []string
	add := func(f *pflag.Flag) {
		if f.Name != flagConfig && f.Name != flagHelp {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(add)
	cmd.PersistentFlags().VisitAll(add)
	for _, child := range cmd.Commands() {
		names = append(names, knownFlags(child)...)
	}
	return names
}

func set(flags *pflag.FlagSet, f *pflag.Flag, value, source string) error {
	if err := flags.Set(f.Name, value); err != nil {
		return fmt.Errorf("%s: %q is not a value for --%s (%s)", source, value, f.Name, f.Value.Type())
	}
	return nil
}
