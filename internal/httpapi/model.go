package httpapi

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	markdown "github.com/yuin/goldmark/text"

	"github.com/grantway/grantway/schema"
)

// ModelPath is where the access model is explained. Each rule is a fragment of it: /docs/model#M2.
const ModelPath = "/docs/model"

// modelPolicy lets the page use its own style sheet, and nothing else.
const modelPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

//go:embed model.html
var modelHTML string

// heading is a line of the page's list of contents.
type heading struct {
	ID, Title string
	Level     int
}

// renderModel makes the page once: the text of package schema with an anchor for each rule, behind a list of contents.
var renderModel = sync.OnceValues(func() ([]byte, error) {
	source := []byte(schema.Model)
	md := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	document := md.Parser().Parse(markdown.NewReader(source))
	var contents []heading
	err := ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		h, ok := n.(*ast.Heading)
		if !ok || !entering || h.Level == 1 {
			return ast.WalkContinue, nil
		}
		contents = append(contents, anchor(h, source))
		return ast.WalkSkipChildren, nil
	})
	if err != nil {
		return nil, err
	}
	var body, page bytes.Buffer
	if err := md.Renderer().Render(&body, source, document); err != nil {
		return nil, err
	}
	err = template.Must(template.New("model").Parse(modelHTML)).Execute(&page, map[string]any{
		"Contents": contents, "Body": template.HTML(body.String()), //nolint:gosec // the text is this program's own
	})
	return page.Bytes(), err
})

// anchor names a heading by its rule or section, and makes it a link to itself.
func anchor(h *ast.Heading, source []byte) heading {
	title := string(h.Lines().Value(source))
	if id := schema.Anchor(title); id != "" {
		h.SetAttributeString("id", []byte(id))
	}
	id, _ := h.AttributeString("id")
	made := heading{ID: string(id.([]byte)), Title: strings.ReplaceAll(title, "`", ""), Level: h.Level}
	link := ast.NewLink()
	link.Destination = []byte("#" + made.ID)
	for child := h.FirstChild(); child != nil; child = h.FirstChild() {
		link.AppendChild(link, child)
	}
	h.AppendChild(h, link)
	return made
}

// modelPage serves the access model.
func modelPage() http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		page, err := renderModel()
		if err != nil {
			panic(err) // the text is embedded, and a test renders it
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", modelPolicy)
		_, _ = w.Write(page) // a caller that is gone needs no answer
	}
}
