package console

import (
	"net/http"
	"path"
	"strings"
)

// page answers one request.
type page func(c *call) error

// route is one line of the table of pages.
type route struct {
	method, path string // the path under Path, with the parameters of http.ServeMux
	open         bool   // nobody need be signed in
	run          page
	form         page // of a POST: the page that holds its form, which is shown again where the change is refused; nil shows the error alone
}

// routeTable lists every page and every form.
func routeTable() []route {
	return []route{
		{method: "GET", path: "/{$}", run: (*call).home},
		{method: "GET", path: "/sign-in", open: true, run: (*call).signIn},
		{method: "GET", path: "/sign-in/link", open: true, run: (*call).signInLink},
		{method: "POST", path: "/sign-in/link", open: true, run: (*call).signInByLink, form: (*call).signInLink},
		{method: "POST", path: "/sign-out", run: (*call).signOut},

		{method: "GET", path: "/chatbots", run: (*call).chatbots},
		{method: "GET", path: "/chatbots/{chatbot}", run: (*call).share},
		{method: "POST", path: "/chatbots/{chatbot}/shares", run: (*call).putShare, form: (*call).share},
		{method: "POST", path: "/chatbots/{chatbot}/shares/remove", run: (*call).removeShare, form: (*call).share},
		{method: "POST", path: "/chatbots/{chatbot}/general-access", run: (*call).setGeneralAccess, form: (*call).share},
		{method: "POST", path: "/chatbots/{chatbot}/link/rotate", run: (*call).rotateLink, form: (*call).share},
		{method: "GET", path: "/chatbots/{chatbot}/permissions", run: (*call).permissions},
		{method: "POST", path: "/chatbots/{chatbot}/permissions", run: (*call).putRow, form: (*call).permissions},
		{method: "GET", path: "/chatbots/{chatbot}/gates", run: (*call).gates},
		{method: "POST", path: "/chatbots/{chatbot}/gates", run: (*call).putGates, form: (*call).gates},
		{method: "GET", path: "/chatbots/{chatbot}/keys", run: (*call).keys},
		{method: "POST", path: "/chatbots/{chatbot}/keys", run: (*call).createKey, form: (*call).keys},
		{method: "POST", path: "/chatbots/{chatbot}/keys/delete", run: (*call).deleteKey, form: (*call).keys},
		{method: "GET", path: "/chatbots/{chatbot}/access", run: (*call).access},
		{method: "GET", path: "/chatbots/{chatbot}/history", run: (*call).history},

		{method: "GET", path: "/try", run: (*call).try},

		{method: "GET", path: "/requests", run: (*call).requests},
		{method: "GET", path: "/requests/{request}", run: (*call).request},
		{method: "POST", path: "/requests/{request}/approve", run: (*call).approve, form: (*call).request},
		{method: "POST", path: "/requests/{request}/deny", run: (*call).deny, form: (*call).request},
		{method: "POST", path: "/requests/{request}/cancel", run: (*call).cancelRequest, form: (*call).request},

		{method: "GET", path: "/notifications", run: (*call).notifications},
		{method: "POST", path: "/notifications/{notification}/read", run: (*call).readNotification},

		{method: "GET", path: "/security", run: (*call).security},
		{method: "POST", path: "/security/sessions/{session}/end", run: (*call).endSession, form: (*call).security},
		{method: "POST", path: "/security/sessions/end-others", run: (*call).endOtherSessions, form: (*call).security},
	}
}

// routes joins the table to its handler. What is at no path of the table is a page, too.
func (k *Console) routes() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routeTable() {
		mux.Handle(rt.method+" "+Path+rt.path, k.handle(rt))
	}
	mux.HandleFunc("GET "+Path+"/assets/{hash}/{name}", k.serveAsset)
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) {
		k.secureHeaders(w.Header())
		http.Redirect(w, r, k.link(), http.StatusPermanentRedirect)
	})
	nowhere := k.handle(route{method: "GET", path: "", run: func(*call) error { return errNoPage }})
	mux.Handle("/", nowhere)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := r.URL.EscapedPath(); path.Clean(at) != strings.TrimSuffix(at, "/") {
			nowhere.ServeHTTP(w, r) // or else the mux would redirect, without the path of the public URL
			return
		}
		mux.ServeHTTP(w, r)
	})
}
