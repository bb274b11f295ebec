package console

import (
	"net/http"
	"net/url"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// pageSize is how many entries a list shows.
const pageSize = 50

// listing is where a list goes on.
type listing struct {
	First bool   // this is the beginning
	Start string // the address of the beginning
	Next  string // the address of what follows, or "" at the end
}

// listed gives the list that the request shows, whose next part begins after the key.
func (c *call) listed(next string) listing {
	q := c.r.URL.Query()
	l := listing{First: q.Get("after") == ""}
	at := func(after string) string {
		with := url.Values{}
		for name, values := range q {
			with[name] = values
		}
		with.Del("after")
		if after != "" {
			with.Set("after", after)
		}
		if len(with) == 0 {
			return c.base + c.r.URL.EscapedPath()
		}
		return c.base + c.r.URL.EscapedPath() + "?" + with.Encode()
	}
	l.Start = at("")
	if next != "" {
		l.Next = at(next)
	}
	return l
}

type chatbotsBody struct {
	Mine         bool
	Organization string
	Chatbots     []access.Chatbot
	List         listing
}

// chatbots lists the chatbots that the person may see. ?mine=1 and ?organization= narrow it.
func (c *call) chatbots() error {
	q := c.r.URL.Query()
	b := chatbotsBody{Mine: q.Get("mine") != "", Organization: q.Get("organization")}
	f := sharing.ChatbotQuery{Organization: access.OrganizationID(b.Organization)}
	if b.Mine {
		f.Owner = c.actor.User
	}
	found, next, err := c.Sharing.Chatbots(c.r.Context(), c.actor, f, sharing.Page{After: q.Get("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	b.Chatbots, b.List = found, c.listed(next)
	return c.render(http.StatusOK, "chatbots", view{Title: "Chatbots", Section: "chatbots", Body: b})
}

// chatbot is what every tab of one chatbot shows.
type chatbotBody struct {
	Bot     access.Chatbot
	Tab     string
	Manages bool // the person has manage_access on it
}

// chatbot reads the chatbot of the path, and whether the person manages its access.
func (c *call) chatbot(tab string) (b chatbotBody, err error) {
	id, err := access.ParseID[access.ChatbotID](c.r.PathValue("chatbot"))
	if err != nil {
		return b, errNoPage
	}
	b.Tab = tab
	if b.Bot, err = c.Sharing.Chatbot(c.r.Context(), c.actor, id); err != nil {
		return b, err
	}
	switch err = c.Sharing.MayReview(c.r.Context(), c.actor, id); access.KindOf(err) {
	case access.KindDenied:
		return b, nil
	default:
		b.Manages = err == nil
		return b, err
	}
}
