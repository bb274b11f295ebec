package notify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// TestS11NamesHoldNoAddressesOfPages: what a mail program would make a link of is written so that it does not.
func TestS11NamesHoldNoAddressesOfPages(t *testing.T) {
	for name, want := range map[string]string{
		"Your account is locked - visit http://evil.example/login": "Your account is locked - visit http[:]//evil[.]example/login",
		"HTTPS:\\\\evil.example":                                   "HTTPS[:]\\\\evil[.]example",
		"www.evil.example":                                         "www[.]evil[.]example",
		"evil.example":                                             "evil[.]example",
		"see evil.example.":                                        "see evil[.]example.",
		"evil。example":                                             "evil[.]example",
		"evil․example":                                             "evil[.]example",
		"http://1.2.3.4/x":                                         "http[:]//1[.]2[.]3[.]4/x",
		"1.2.3.4":                                                  "1[.]2[.]3[.]4",
		"mailto:eve@evil.example":                                  "mailto[:]eve@evil[.]example",
		"tel:+491234":                                              "tel[:]+491234",
		"xn--evl-ela.example:8080":                                 "xn--evl-ela[.]example:8080",
		"ev\u200bil.exam\u00adple":                                 "evil[.]example",
		"”, open evil.example, “":                                  "', open evil[.]example, '",
		"two\r\nlines\u2028three":                                  "two lines three",
		"\u202egnp.exe":                                            "gnp[.]exe",
		"GPT-4.1 helper, v2.0 (1.2.3)":                             "GPT-4.1 helper, v2.0 (1.2.3)",
		"Dr. Müller & Söhne: Fragen?":                              "Dr. Müller & Söhne: Fragen?",
		"ヘルプ・デスク 24/7":                                             "ヘルプ・デスク 24/7",
	} {
		require.Equal(t, want, plainName(name), "%q", name)
	}
	long := []rune(plainName(strings.Repeat("long ", 100)))
	require.Len(t, long, maxNameRunes)

	l := plain(access.Letter{By: "a.example", Chatbot: "b.example", With: "c.example", Organization: "d.example", Shares: []access.LetterShare{{Chatbot: "e.example"}}})
	require.Equal(t, []string{"a[.]example", "b[.]example", "c[.]example", "d[.]example", "e[.]example"}, []string{l.By, l.Chatbot, l.With, l.Organization, l.Shares[0].Chatbot})
}
