package secret

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Our secrets, wherever they stand in a text and in whatever case: a prefix, the ID where there is one, and random characters, of which the first
// few are shown to people to tell keys apart. A part of a secret is one, too: who writes it into the record may have cut it off.
var (
	withID = regexp.MustCompile(fmt.Sprintf(`(?i)((?:%s|%s|%s|%s|%s)[0-9a-z]{%d}_)[0-9a-z]{%d,}`,
		prefixAccountKey, prefixChatbotKey, prefixInvitation, prefixSession, prefixSignInLink, idChars, 2*previewChars))
	link = regexp.MustCompile(fmt.Sprintf(`(?i)(%s)[0-9a-z]{%d,}`, prefixLink, 2*previewChars))
	// jwt is a signed token (RFC 7519): three parts in base64url, of which the first is a JSON object.
	jwt = regexp.MustCompile(`(?i)(eyJ)[0-9a-z_-]{10,}\.[0-9a-z_-]{10,}\.[0-9a-z_-]*`)
)

// concealed are the secrets of this process that have no form of ours.
var concealed struct {
	sync.RWMutex
	texts []string
}

// concealedFrom is how long a text is that Conceal takes: shorter ones could be words.
const concealedFrom = 16

// Conceal makes Redact take the text out too: a secret of the configuration, which its operator has made up. It holds until the process ends.
func Conceal(text string) {
	if len(text) < concealedFrom {
		return
	}
	concealed.Lock()
	defer concealed.Unlock()
	for _, known := range concealed.texts {
		if known == text {
			return
		}
	}
	concealed.texts = append(concealed.texts, text)
}

// Redact takes each secret out of the text and leaves what tells whose it is: for what callers write where no secret belongs. What is written in
// percent-encoding is looked through, too.
func Redact(text string) string {
	text = redact(text)
	for decoded, layers := text, 0; layers < 3 && strings.Contains(decoded, "%"); layers++ {
		decoded = percentDecoded(decoded)
		if redacted := redact(decoded); redacted != decoded {
			return strings.ToValidUTF8(redacted, "\uFFFD")
		}
	}
	return text
}

func redact(text string) string {
	if strings.Contains(text, "_") {
		text = link.ReplaceAllString(withID.ReplaceAllString(text, "$1…"), "$1…")
	}
	if strings.Contains(text, ".") {
		text = jwt.ReplaceAllString(text, "$1…")
	}
	concealed.RLock()
	defer concealed.RUnlock()
	for _, known := range concealed.texts {
		text = strings.ReplaceAll(text, known, "…")
	}
	return text
}

// percentDecoded decodes what is well encoded and leaves the rest.
func percentDecoded(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		text = after
		if len(after) >= 2 {
			if c, err := strconv.ParseUint(after[:2], 16, 8); err == nil {
				b.WriteByte(byte(c))
				text = after[2:]
				continue
			}
		}
		b.WriteByte('%')
	}
}
