package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/access"
)

func newConsole(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Let people in to the console",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConsoleLink(std))
	return cmd
}

func newConsoleLink(std streams) *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "link USER",
		Short: "Print a link that signs a user in once",
		Long: `Prints a link that opens the console as the user. It works once, within an hour, and replaces earlier links of the user.

It needs a full account key that is not confined to an organization, such as the first one.`,
		Example: `  grantway console link alice`,
		Args:    exactly("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			user, err := access.ParseID[access.UserID](args[0])
			if err != nil {
				return misuse(cmd, err)
			}
			c, err := r.client()
			if err != nil {
				return misuse(cmd, err)
			}
			link, answer, err := c.SignInLink(cmd.Context(), user)
			if err != nil {
				return r.advise(err)
			}
			return r.print(std.out, answer, "%s\nIt works once, until %s.", link.Link, link.ExpiresAt.UTC().Format(time.RFC3339))
		},
	}
	r.addTo(cmd)
	return cmd
}
