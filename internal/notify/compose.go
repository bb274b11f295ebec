package notify

import (
	"bytes"
	"embed"
	htmltemplate "html/template"
	"net/mail"
	"net/url"
	"strings"
	texttemplate "text/template"

	gomail "github.com/wneessen/go-mail"

	"github.com/grantway/grantway/internal/access"
)

// templates contains, for each kind of message, NAME.txt with the subject and the text, and NAME.html with the same in HTML. Their layouts add the
// common parts.
//
//go:embed templates
var templates embed.FS

// message is the templates of one kind.
type message struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

// invitation is the name of the templates of the only message without a notification.
const invitation = "invitation"

// messages are the templates by name: the kind of the notification, or invitation.
var messages = parseTemplates()

func parseTemplates() map[string]message {
	functions := map[string]any{"gives": gives, "allows": allows, "article": article}
	all := map[string]message{}
	names := []string{invitation}
	for _, kind := range access.NotificationKinds {
		names = append(names, string(kind))
	}
	for _, name := range names {
		text := texttemplate.New(name).Funcs(functions)
		html := htmltemplate.New(name).Funcs(functions)
		all[name] = message{
			text: texttemplate.Must(text.ParseFS(templates, "templates/layout.txt", "templates/"+name+".txt")),
			html: htmltemplate.Must(html.ParseFS(templates, "templates/layout.html", "templates/"+name+".html")),
		}
	}
	return all
}

// gives describes what people can do with a share of the level.
func gives(l access.Level) string {
	switch l {
	case access.UseOnly:
		return "use it"
	case access.ReadOnly:
		return "use it, and read its settings and conversations"
	case access.ReadWrite:
		return "use it, read its settings and conversations, change it and share it"
	}
	return "reach it"
}

// allows is gives in a few words.
func allows(l access.Level) string { return strings.ReplaceAll(string(l), "_", " ") }

// article is the role with its article.
func article(r access.OrgRole) string {
	if strings.ContainsRune("aeiou", rune(r[0])) {
		return "an " + string(r)
	}
	return "a " + string(r)
}

// view is the data of the templates.
type view struct {
	access.Letter
	URL string
}

// Principal names the principal of the share or request; "" for the receiver alone.
func (v view) Principal() string {
	switch v.WithKind {
	case access.PrincipalEveryone:
		return "everyone"
	case access.PrincipalTeam, access.PrincipalOrganization, access.PrincipalRole, access.PrincipalGroup:
		return "the " + string(v.WithKind) + " “" + v.With + "”"
	case access.PrincipalUser, access.PrincipalEmail:
		return "“" + v.With + "”"
	}
	return ""
}

// compose writes the message.
func (s *Sender) compose(l access.Letter) (*gomail.Msg, error) {
	v := view{Letter: plain(l), URL: s.PublicURL}
	name := string(l.Kind)
	if name == "" {
		name = invitation
	}
	t := messages[name]
	var subject, text, html bytes.Buffer
	if err := t.text.ExecuteTemplate(&subject, "subject", v); err != nil {
		return nil, err
	}
	if err := t.text.ExecuteTemplate(&text, "layout.txt", v); err != nil {
		return nil, err
	}
	if err := t.html.ExecuteTemplate(&html, "layout.html", v); err != nil {
		return nil, err
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(&s.From)
	m.ToMailAddress(&mail.Address{Address: string(l.To)})
	m.Subject(subject.String())
	m.SetMessageIDWithValue(string(l.ID) + "@" + s.domain())
	m.SetDateWithValue(l.CreatedAt)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // no absence notices in reply (RFC 3834)
	m.SetBodyString(gomail.TypeTextPlain, text.String())
	m.AddAlternativeString(gomail.TypeTextHTML, html.String())
	return m, nil
}

// domain is the domain of Message-IDs: the sender's.
func (s *Sender) domain() string {
	if at := strings.LastIndexByte(s.From.Address, '@'); at >= 0 {
		return s.From.Address[at+1:]
	}
	u, err := url.Parse(s.PublicURL)
	if err != nil {
		return "localhost"
	}
	return u.Hostname()
}
