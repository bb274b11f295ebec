package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

type requestsBody struct {
	Box      string // decide or all
	Requests []access.Request
	List     listing
}

// requests is the inbox: ?box=decide lists what the person can decide, ?box=all what they asked for or may see, ended or not.
func (c *call) requests() error {
	q := c.r.URL.Query()
	b := requestsBody{Box: "decide"}
	f := sharing.RequestQuery{Decidable: true}
	if q.Get("box") == "all" {
		b.Box, f = "all", sharing.RequestQuery{}
	}
	found, next, err := c.Sharing.Requests(c.r.Context(), c.actor, f, sharing.Page{After: q.Get("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	b.Requests, b.List = found, c.listed(next)
	return c.render(http.StatusOK, "requests", view{Title: "Requests", Section: "requests", Body: b})
}

type requestBody struct {
	Request access.Request
	State   access.RequestState // as of now
	sharing.RequestRights
	Bot access.Chatbot // its zero value where the person may not see the chatbot
}

// request is one request: who asks for what, what that would make possible, and the decision.
func (c *call) request() error {
	ctx := c.r.Context()
	r, err := c.Sharing.Request(ctx, c.actor, access.RequestID(c.r.PathValue("request")))
	if err != nil {
		return err
	}
	b := requestBody{Request: r, State: r.StateAt(c.Now())}
	if b.State == access.RequestPending {
		if b.RequestRights, err = c.Sharing.RequestRights(ctx, c.actor, r.ID); err != nil {
			return err
		}
	}
	b.Bot, err = c.Sharing.Chatbot(ctx, c.actor, r.Chatbot)
	if k := access.KindOf(err); err != nil && k != access.KindNotFound && k != access.KindDenied {
		return err
	}
	return c.render(http.StatusOK, "request", view{Title: "Request to share " + string(r.Chatbot), Section: "requests", Body: b})
}

// approve gives the share that was asked for, until the asked or an earlier end, and goes on to the next request.
func (c *call) approve() error {
	level, err := access.ParseWord(c.r.PostFormValue("access"), access.Levels)
	if err != nil {
		return err
	}
	revision, err := strconv.ParseInt(c.r.PostFormValue("revision"), 10, 64)
	if err != nil {
		return access.Refuse(access.KindInvalid, "S8", "the form does not say which revision it approves")
	}
	a := sharing.Approval{Access: level, Revision: revision}
	if until := c.r.PostFormValue("expires_at"); until != "" {
		day, err := time.Parse(time.DateOnly, until)
		if err != nil {
			return atField(access.Unprocessablef("S13", "write a day as 2030-12-31"), "expires_at")
		}
		a.ExpiresAt = access.Some(day.AddDate(0, 0, 1))
	}
	if _, err := c.Sharing.ApproveRequest(c.r.Context(), c.actor, access.RequestID(c.r.PathValue("request")), a); err != nil {
		return err
	}
	return c.nextRequest("Approved.")
}

func (c *call) deny() error {
	_, err := c.Sharing.DenyRequest(c.r.Context(), c.actor, access.RequestID(c.r.PathValue("request")), c.r.PostFormValue("reason"))
	if err != nil {
		return err
	}
	return c.nextRequest("Denied.")
}

func (c *call) cancelRequest() error {
	if _, err := c.Sharing.CancelRequest(c.r.Context(), c.actor, access.RequestID(c.r.PathValue("request"))); err != nil {
		return err
	}
	c.notify(notice{Text: "Cancelled."})
	return c.redirect(c.link("requests") + "?box=all")
}

// nextRequest shows the next request that the person can decide, or the inbox if there is none.
func (c *call) nextRequest(done string) error {
	left, _, err := c.Sharing.Requests(c.r.Context(), c.actor, sharing.RequestQuery{Decidable: true}, sharing.Page{Limit: 1})
	if err != nil || len(left) == 0 {
		c.notify(notice{Text: done})
		return c.redirect(c.link("requests"))
	}
	c.notify(notice{Text: done + " This one is next."})
	return c.redirect(c.link("requests", string(left[0].ID)))
}
