package secret

import (
	"fmt"
	"regexp"
)

// minted is a secret of either kind, wherever it stands in a text.
var minted = regexp.MustCompile(fmt.Sprintf(`((?:%s|%s)[0-9A-Za-z]{%d}_)[0-9A-Za-z]{%d}`, prefixAccountKey, prefixChatbotKey, idChars, secretChars))

// Redact leaves of each secret in the text what tells whose it is, and not the secret: for what callers write where no secret belongs.
func Redact(text string) string { return minted.ReplaceAllString(text, "$1…") }
