package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/client"
)

// asked is what the flags of check and explain add to the question.
type asked struct {
	email, ip, link, token string
	properties             []string
}

func newCheck(std streams) *cobra.Command {
	return asking(std, &cobra.Command{
		Use:   "check",
		Short: "Check whether a subject can do something",
		Long:  `Asks a server whether the subject can do the action on the resource, and prints "allowed" or "denied".`,
	}, func(ctx context.Context, c *client.Client, q client.Question) (reply, error) {
		d, answer, err := c.Check(ctx, q)
		return reply{d.Allowed, verdict(d), answer}, err
	})
}

// reply is what a question came to: in words, and as the server put it.
type reply struct {
	allowed bool
	words   string
	answer  []byte
}

// asking completes a command that asks a server one question.
func asking(std streams, cmd *cobra.Command, ask func(context.Context, *client.Client, client.Question) (reply, error)) *cobra.Command {
	var r remote
	var a asked
	name := cmd.Use
	cmd.Use += " SUBJECT ACTION RESOURCE"
	cmd.Long += "\n\nA subject is user:ID, visitor:ID or api_key:SECRET. The exit status is 0 for allowed, 1 for denied and 2 for an error."
	cmd.Example = "  grantway " + name + " user:alice interact chatbot:helper\n" +
		"  grantway " + name + " user:alice use feature:helper/file_upload --property file_size_mb=12"
	cmd.Args = exactly("SUBJECT", "ACTION", "RESOURCE")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q, err := question(args, a)
		if err != nil {
			return misuse(cmd, err)
		}
		c, err := r.client()
		if err != nil {
			return misuse(cmd, err)
		}
		got, err := ask(cmd.Context(), c, q)
		if err != nil {
			return r.advise(err)
		}
		if err := r.print(std.out, got.answer, "%s", got.words); err != nil {
			return err
		}
		if !got.allowed {
			return errDenied
		}
		return nil
	}
	r.addTo(cmd)
	a.addTo(cmd)
	return cmd
}

func (a *asked) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&a.email, "email", "", "email `ADDRESS` of the subject, if the directory has none")
	flags.StringVar(&a.ip, "ip", "", "IP `ADDRESS` of the subject")
	flags.StringVar(&a.link, "link", "", "public `LINK` presented by the subject")
	flags.StringArrayVar(&a.properties, "property", nil, "property of the action, as `NAME=VALUE`; can be repeated")
	flags.StringVar(&a.token, "zedtoken", "", "decide at least as freshly as the change with this `TOKEN`")
}

// question is what the arguments and flags of check and explain ask.
func question(args []string, a asked) (client.Question, error) {
	subject, err := access.ParseObject(args[0])
	if err != nil {
		return client.Question{}, err
	}
	resource, err := access.ParseObject(args[2])
	if err != nil {
		return client.Question{}, err
	}
	q := client.Question{
		Subject: client.EntityOf(subject), Action: client.Action{Name: args[1]}, Resource: client.EntityOf(resource),
		Context: map[string]any{},
	}
	if a.email != "" {
		q.Subject.Properties = map[string]any{"email": a.email}
	}
	for name, value := range map[string]string{"ip": a.ip, "link": a.link, "zedtoken": a.token} {
		if value != "" {
			q.Context[name] = value
		}
	}
	for _, p := range a.properties {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return client.Question{}, fmt.Errorf("--property must be NAME=VALUE, not %q", p)
		}
		if q.Action.Properties == nil {
			q.Action.Properties = map[string]any{}
		}
		q.Action.Properties[name] = propertyValue(value)
	}
	return q, nil
}

// propertyValue reads numbers, true, false, lists and objects as JSON does, and all else as text.
func propertyValue(s string) any {
	if !json.Valid([]byte(s)) {
		return s
	}
	return json.RawMessage(s)
}

// verdict is a decision in words, with what the server says about it: its reason, or otherwise any other detail.
func verdict(d client.Decision) string {
	word := "denied"
	if d.Allowed {
		word = "allowed"
	}
	if reason, ok := d.Context["reason"].(string); ok {
		return word + ": " + reason
	}
	var said []string
	for _, name := range slices.Sorted(maps.Keys(d.Context)) {
		if text, err := json.Marshal(d.Context[name]); err == nil {
			said = append(said, name+": "+string(text))
		}
	}
	if len(said) == 0 {
		return word
	}
	return word + " (" + strings.Join(said, "; ") + ")"
}
