package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/grantway/grantway/internal/access"
)

//go:embed templates/*.html
var templateFiles embed.FS

// view is what every page shows around its own Body.
type view struct {
	Title   string
	Section string // the entry of the navigation that is current
	Body    any

	// filled in by render
	Me      access.UserID
	Notice  *notice
	Refused *access.Error
	Form    url.Values // what was sent with the form that was refused
}

// views are the parsed templates, by page.
type views map[string]*template.Template

func (k *Console) parseViews() (*views, error) {
	shared := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"ui":         k.link,
		"asset":      k.assetPath,
		"when":       func(t time.Time) when { return whenAt(t, k.Now()) },
		"level":      levelName,
		"gives":      levelGives,
		"levels":     func() []access.Level { return access.Levels },
		"principal":  nameOf,
		"join":       func(list []string) string { return strings.Join(list, ", ") },
		"action":     actionName,
		"kind":       kindName,
		"visibility": visibilityName,
		"audience":   audienceName,
		"actions":    func() map[access.Type][]access.Action { return access.Actions },
		"uiList":     func(parts []string) string { return k.link(parts...) },
	})
	shared, err := shared.ParseFS(templateFiles, "templates/_*.html")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(templateFiles, "templates/[a-z]*.html")
	if err != nil {
		return nil, err
	}
	all := views{}
	for _, file := range files {
		t, err := shared.Clone()
		if err != nil {
			return nil, err
		}
		if _, err := t.ParseFS(templateFiles, file); err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")] = t
	}
	return &all, nil
}

// render answers with the page of that name. Where the form of the page was refused, the status is that of the refusal.
func (c *call) render(status int, name string, v view) error {
	t, ok := (*c.views)[name]
	if !ok {
		return fmt.Errorf("there is no page %q", name)
	}
	v.Me, v.Refused = c.actor.User, c.refused
	if c.refused != nil {
		status, v.Form = c.Status(c.refused.Kind), c.r.PostForm
	} else {
		v.Notice = c.takeNotice()
	}
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, "layout", v); err != nil {
		return fmt.Errorf("the page %q: %w", name, err)
	}
	c.answered = status
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.w.WriteHeader(status)
	_, err := c.w.Write(page.Bytes())
	return err
}

// Problem is what was wrong with the field, or "".
func (v view) Problem(field string) string {
	if v.Refused == nil {
		return ""
	}
	for _, f := range v.Refused.Fields {
		if f.Pointer == "/"+field {
			return f.Detail
		}
	}
	return ""
}

// Value is what was sent in the field with a form that was refused, else the value given.
func (v view) Value(field, otherwise string) string {
	if v.Form.Has(field) {
		return v.Form.Get(field)
	}
	return otherwise
}

// Ticked reports whether the box was ticked in a form that was refused, else what is given.
func (v view) Ticked(field, value string, otherwise bool) bool {
	if len(v.Form) > 0 {
		return slices.Contains(v.Form[field], value)
	}
	return otherwise
}

// Sentence begins a text with a capital letter and ends it with a full stop.
func (v view) Sentence(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.ContainsAny(text[len(text)-1:], ".?!") {
		text += "."
	}
	return text
}
