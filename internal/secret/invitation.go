package secret

import (
	"strconv"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// prefixInvitation says of a token what it is.
const prefixInvitation = "gwinv_"

// NewInvitationID makes the ID of an invitation.
func NewInvitationID() access.InvitationID { return access.InvitationID(random(idChars)) }

// InvitationTokens are the tokens of an invitation under each of the keys, the current one first. They are the same again whenever they are
// asked for, and each revision has its own.
func (h *Hasher) InvitationTokens(id access.InvitationID, revision int64) []string {
	tokens := h.Derive("invitation", string(id), strconv.FormatInt(revision, 10))
	for i, t := range tokens {
		tokens[i] = prefixInvitation + string(id) + "_" + t
	}
	return tokens
}

// ParseInvitationToken gives the ID of the invitation that a token would be of, and false for what is no token. It does not say whether the
// token is right.
func ParseInvitationToken(token string) (access.InvitationID, bool) {
	rest, ok := strings.CutPrefix(token, prefixInvitation)
	id, digits, cut := strings.Cut(rest, "_")
	if !ok || !cut || len(id) != idChars || len(digits) != secretChars || strings.Trim(id+digits, alphabet) != "" {
		return "", false
	}
	return access.InvitationID(id), true
}
