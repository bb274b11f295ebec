package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/client"
)

// defaultServer is where serve listens by default.
const defaultServer = "http://127.0.0.1:8080"

// remote is the flags of the commands that talk to a server.
type remote struct {
	server, key, actor, output string
}

func (r *remote) addTo(cmd *cobra.Command) {
	r.addServerTo(cmd)
	cmd.Flags().Var((*actorFlag)(&r.actor), flagActor, "act for this `USER` (needs a full key)")
}

// addServerTo adds those of a command that acts for nobody.
func (r *remote) addServerTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&r.server, "server", defaultServer, "`URL` of the server")
	flags.StringVar(&r.key, "key", "", "account `KEY`; prefer the variable, because other users can see flags")
	flags.StringVar(&r.output, "output", outputText, "output `FORMAT`: text or json")
}

// flagActor is the flag whose empty value is an error, in a variable too: a script whose user is missing must not act as the key itself.
const flagActor = "actor"

// actorFlag holds the ID of a user.
type actorFlag string

func (a *actorFlag) String() string { return string(*a) }

func (a *actorFlag) Type() string { return "user ID" }

// Set refuses what is not the ID of a user.
func (a *actorFlag) Set(value string) error {
	user, err := access.ParseID[access.UserID](value)
	*a = actorFlag(user)
	return err
}

const (
	outputText = "text"
	outputJSON = "json"
)

// client is the server that the flags name.
func (r *remote) client() (*client.Client, error) {
	if r.output != outputText && r.output != outputJSON {
		return nil, fmt.Errorf("--output must be text or json, not %q", r.output)
	}
	return client.New(r.server, r.key, r.actor)
}

// print writes the answer as the server gave it, or the sentence.
func (r *remote) print(w io.Writer, answer []byte, sentence string, args ...any) error {
	if r.output == outputJSON {
		_, err := fmt.Fprintf(w, "%s\n", trimNewline(answer))
		return err
	}
	_, err := fmt.Fprintf(w, sentence+"\n", args...)
	return err
}

func trimNewline(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == '\n' {
		b = b[:len(b)-1]
	}
	return b
}

// advise adds to an error of a call what to do next.
func (r *remote) advise(err error) error {
	var unreachable *client.UnreachableError
	var unexpected *client.UnexpectedError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &unreachable):
		return hinted(err, "Start a server with grantway serve, or say where it runs with GRANTWAY_SERVER or --server.")
	case errors.As(err, &unexpected):
		return hinted(err, "Check that GRANTWAY_SERVER or --server is the URL of a Grantway server.")
	}
	var known *access.Error
	if !errors.As(err, &known) {
		return err
	}
	switch known.Kind {
	case access.KindUnauthenticated:
		if r.key == "" {
			return hinted(err, "Set GRANTWAY_KEY to an account key. The first start of grantway serve prints one.")
		}
		return hinted(err, "Set GRANTWAY_KEY to a valid key of %s, and --actor, if any, to an active user.", r.server)
	case access.KindDenied, access.KindNotFound:
		switch {
		case known.Rule == "B4":
			return hinted(err, "Call from one of these ranges, or with an unconfined key, without --actor.")
		case known.Rule == "B1" && r.actor != "":
			return hinted(err, "Leave out --actor, and set GRANTWAY_KEY to a key that allows this.")
		case known.Rule == "B1":
			return hinted(err, "Set GRANTWAY_KEY to a key that allows this.")
		}
		if r.actor != "" {
			return hinted(err, "The call was made for user %s. Another --actor may have this permission.", r.actor)
		}
		if known.Kind == access.KindNotFound {
			return err
		}
		return hinted(err, "The key in GRANTWAY_KEY does not permit this. Use a key of the organization, or an unconfined key.")
	case access.KindUnavailable, access.KindExhausted:
		return hinted(err, "It is safe to repeat the command.")
	}
	return err
}
