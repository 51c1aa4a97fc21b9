package idp

import (
	"embed"
	"net/http"
	"net/url"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

//go:embed pages
var pageFiles embed.FS

func serveScript(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeFileFS(w, r, pageFiles, "pages/post.js")
}

type postPage struct {
	desk.Frame

	Action, Host, RelayState string
	Response, Request        string // one of them
}

// showPost allows any form target: Chrome applies form-action to the redirects
// that follow, and the service sends people on to where they wanted to go.
func (p *IdP) showPost(w http.ResponseWriter, page postPage) {
	page.Frame = p.desk.Frame("Signing you in")
	if page.Request != "" {
		page.Frame = p.desk.Frame("Signing you out")
	}
	if u, err := url.Parse(page.Action); err == nil {
		page.Host = u.Host
	}
	p.desk.Write(w, http.StatusOK, "post.html", "script-src 'self'; form-action http: https:", page)
}
