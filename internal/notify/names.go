package notify

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/grantway/grantway/internal/access"
)

// maxNameRunes is the maximum length of a name in a message. People choose names freely, and a longer one could say more than the message.
const maxNameRunes = 80

// plain makes names recognizable as names: one line each, without invisible characters, not too long, and without anything that a mail program would
// turn into a link (S11). The templates put them in quotes.
func plain(l access.Letter) access.Letter {
	for _, name := range []*string{&l.By, &l.Chatbot, &l.With, &l.Organization} {
		*name = plainName(*name)
	}
	shares := make([]access.LetterShare, len(l.Shares))
	for i, s := range l.Shares {
		shares[i] = access.LetterShare{Chatbot: plainName(s.Chatbot), Level: s.Level}
	}
	l.Shares = shares
	return l
}

func plainName(name string) string {
	seen := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r) || r == unicode.ReplacementChar:
			return -1
		case strings.ContainsRune(quotes, r): // otherwise a name could end its quotation
			return '\''
		case strings.ContainsRune(dots, r):
			return '.'
		}
		return r
	}, name)
	runes := []rune(strings.Join(strings.Fields(seen), " "))
	if len(runes) > maxNameRunes {
		runes = append(runes[:maxNameRunes-1], '…')
	}
	return unlinked(string(runes))
}

const (
	// quotes are the characters that could look like the quotation marks around a name.
	quotes = "\"“”„‟«»‹›‘’‚‛〝〞〟＂"
	// dots are the characters that browsers read as the dot of a host name (UTS 46).
	dots = "。．｡․"
)

var (
	scheme = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*):(//|\\\\)|\b(mailto|tel|sms|javascript|data|file|skype|callto):`)
	quad   = regexp.MustCompile(`\d+(\.\d+){3}`)
)

// unlinked rewrites text that mail programs would turn into links, so that people can still read it: [.] for a dot within a word, [:] after the
// scheme of an address. Numbers such as 2.5 stay.
func unlinked(name string) string {
	name = scheme.ReplaceAllStringFunc(name, func(s string) string { return strings.Replace(s, ":", "[:]", 1) })
	name = quad.ReplaceAllStringFunc(name, func(s string) string { return strings.ReplaceAll(s, ".", "[.]") })
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if r == '.' && i > 0 && i+1 < len(runes) && joins(runes[i-1], runes[i+1]) {
			b.WriteString("[.]")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// joins reports whether a dot between the two could be one of a host's name.
func joins(before, after rune) bool {
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return word(after) && !unicode.IsSpace(before) && !(unicode.IsDigit(before) && unicode.IsDigit(after))
}
