package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/access"
)

func newShare(std streams) *cobra.Command {
	var r remote
	var until string
	cmd := &cobra.Command{
		Use:   "share CHATBOT PRINCIPAL LEVEL",
		Short: "Share a chatbot",
		Long: `Shares the chatbot with the principal at the level. If it is already shared with the principal, the level changes.

A principal is user:ID, email:ADDRESS, team:ID, organization:ID, role:ID, group:ID or everyone. A level is use_only, read_only or read_write.
If the principal needs approval, this requests the share and notifies the approvers.`,
		Example: `  grantway share helper user:bob use_only
  grantway share helper email:bob@example.com read_only --expires-at 2027-01-31T18:00:00Z`,
		Args: exactly("CHATBOT", "PRINCIPAL", "LEVEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			share, err := wantedShare(args, until)
			if err != nil {
				return misuse(cmd, err)
			}
			c, err := r.client()
			if err != nil {
				return misuse(cmd, err)
			}
			answer, err := c.Share(cmd.Context(), share)
			if err != nil {
				return r.advise(bareID(share.Chatbot, err))
			}
			return r.print(std.out, answer, "%s", shared(share, answer))
		},
	}
	r.addTo(cmd)
	cmd.Flags().StringVar(&until, "expires-at", "", "`TIME` at which the share ends, such as 2027-01-31T18:00:00Z")
	return cmd
}

func newUnshare(std streams) *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "unshare CHATBOT PRINCIPAL",
		Short: "Remove a share",
		Long: `Removes the principal's share of the chatbot. Access that the principal has in other ways stays.

A principal is user:ID, email:ADDRESS, team:ID, organization:ID, role:ID, group:ID or everyone.`,
		Example: `  grantway unshare helper user:bob`,
		Args:    exactly("CHATBOT", "PRINCIPAL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			share, err := namedShare(args)
			if err != nil {
				return misuse(cmd, err)
			}
			c, err := r.client()
			if err != nil {
				return misuse(cmd, err)
			}
			answer, err := c.Unshare(cmd.Context(), share.Chatbot, share.Principal)
			if err != nil {
				return r.advise(bareID(share.Chatbot, err))
			}
			return r.print(std.out, answer, "%s is no longer shared with %s", share.Chatbot, share.Principal)
		},
	}
	r.addTo(cmd)
	return cmd
}

// namedShare is the share that CHATBOT and PRINCIPAL name.
func namedShare(args []string) (access.Share, error) {
	chatbot, err := access.ParseID[access.ChatbotID](args[0])
	if err != nil {
		return access.Share{}, err
	}
	principal, err := access.ParsePrincipal(args[1])
	return access.Share{Chatbot: chatbot, Principal: principal}, err
}

func wantedShare(args []string, until string) (access.Share, error) {
	share, err := namedShare(args)
	if err != nil {
		return access.Share{}, err
	}
	if share.Level, err = access.ParseWord(args[2], access.Levels); err != nil {
		return access.Share{}, err
	}
	if until != "" {
		if share.ExpiresAt, err = access.ParseTime(until); err != nil {
			return access.Share{}, fmt.Errorf("--expires-at: %w", err)
		}
	}
	return share, nil
}

// shared tells what became of the share: it is in force, or waits for somebody's approval.
func shared(share access.Share, answer []byte) string {
	var got struct {
		State     string `json:"state"`
		ExpiresAt string `json:"expires_at"`
		Request   struct {
			ID access.RequestID `json:"id"`
		} `json:"request"`
	}
	if err := json.Unmarshal(answer, &got); err == nil && got.State == "pending" {
		return fmt.Sprintf("Request %s is waiting for approval by %s: share %s with %s at %s",
			got.Request.ID, deciders(share), share.Chatbot, share.Principal, share.Level)
	}
	said := fmt.Sprintf("%s is shared with %s at %s", share.Chatbot, share.Principal, share.Level)
	if got.ExpiresAt != "" {
		said += " until " + got.ExpiresAt
	}
	return said
}

// deciders is who can approve a request for the share (S4–S6).
func deciders(share access.Share) string {
	switch share.Principal.Kind {
	case access.PrincipalOrganization:
		return "an owner or admin of " + share.Principal.ID
	case access.PrincipalTeam:
		return fmt.Sprintf("an admin of team %s, or an owner or admin of its organization", share.Principal.ID)
	default: // everyone; no other principal is asked for
		return "an owner or admin of the organization of " + string(share.Chatbot)
	}
}

// bareID advises callers who wrote chatbot:ID, as in check, where the ID alone is wanted.
func bareID(id access.ChatbotID, err error) error {
	if bare, ok := strings.CutPrefix(string(id), "chatbot:"); ok && access.KindOf(err) == access.KindNotFound {
		return hinted(err, "CHATBOT is the ID alone: did you mean %s?", bare)
	}
	return err
}
