// Package console is the web pages under /ui, for the people who grant, approve and look.
//
// It owns HTML, the style sheet, the scripts and the cookie of a session. It decides nothing: each page calls the use cases of package sharing and the
// questions of package decision with the person who is signed in as the actor, so that a page shows and does exactly what that person may. What the
// person may not know answers like what does not exist (C6).
//
// A request flows through one table of routes (routes.go): find the session, take a place, run the page's function, and render a template, or redirect
// after a change. A GET changes nothing. A change is a POST of a form from this server's own pages; it answers 303 with a notice that the next page
// shows. Every page works without scripts.
package console
