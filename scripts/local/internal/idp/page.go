package idp

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed pages
var pageFiles embed.FS

type pages struct {
	templates *template.Template
	static    http.HandlerFunc
}

func parsePages() (pages, error) {
	parsed, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return pages{}, err
	}
	return pages{parsed, serveStatic}, nil
}

func serveStatic(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch r.URL.Path {
	case "/static/idp.css":
		http.ServeFileFS(w, r, pageFiles, "pages/idp.css")
	case "/static/post.js":
		http.ServeFileFS(w, r, pageFiles, "pages/post.js")
	default:
		http.NotFound(w, r)
	}
}

// frame is what every page shows.
type frame struct {
	Title, IdP string
	Look       string // corporate or partner: two companies look like two
}

type formPage struct {
	frame
	Request, Username string
	Wrong             bool // the last try
	Again             bool // signed in, but the service wants a new proof
	Users             []User
}

type codePage struct {
	frame
	Request, Code string
	Wrong         bool // the last try
}

type postPage struct {
	frame
	Action, Host, RelayState string
	Response, Request        string // one of them
}

type portalPage struct {
	frame
	Who   *User
	Tile  string // where fc-sso's tile leads
	Users []User
}

type troublePage struct {
	frame
	Text string
}

func (p *IdP) frame(title string) frame {
	look := "corporate"
	if p.o.Style == Partner {
		look = "partner"
	}
	return frame{Title: title, IdP: p.o.Title, Look: look}
}

func (p *IdP) showForm(w http.ResponseWriter, status int, page formPage) {
	page.frame, page.Users = p.frame("Sign in"), p.o.Users
	p.write(w, status, "form.html", "form-action 'self'", page)
}

func (p *IdP) showCode(w http.ResponseWriter, status int, request, code string, wrong bool) {
	p.write(w, status, "code.html", "form-action 'self'", codePage{p.frame("Second step"), request, code, wrong})
}

// showPost allows any form target: Chrome applies form-action to the redirects
// that follow, and the service sends people on to where they wanted to go.
func (p *IdP) showPost(w http.ResponseWriter, page postPage) {
	if page.Request == "" {
		page.frame = p.frame("Signing you in")
	}
	if u, err := url.Parse(page.Action); err == nil {
		page.Host = u.Host
	}
	p.write(w, http.StatusOK, "post.html", "script-src 'self'; form-action http: https:", page)
}

// portal is where people of the company start their day.
func (p *IdP) portal(w http.ResponseWriter, r *http.Request) {
	page := portalPage{frame: p.frame("Apps"), Tile: p.o.SPLoginURL, Users: p.o.Users}
	if p.mayStart() {
		page.Tile = "/start"
	}
	if _, who, ok := p.current(r); ok {
		page.Who = &who.user
	}
	p.write(w, http.StatusOK, "portal.html", "form-action 'self'", page)
}

func (p *IdP) gone(w http.ResponseWriter) {
	p.trouble(w, http.StatusGone, "This sign-in is over", "It was answered already, or it waited too long. Start again at the service that you want to use.")
}

func (p *IdP) notFound(w http.ResponseWriter, _ *http.Request) {
	p.trouble(w, http.StatusNotFound, "No such page", "This identity provider has no page at this address.")
}

func (p *IdP) trouble(w http.ResponseWriter, status int, title, text string) {
	p.write(w, status, "trouble.html", "form-action 'none'", troublePage{p.frame(title), text})
}

// write renders first and answers then: no page is half an error.
func (p *IdP) write(w http.ResponseWriter, status int, name, policy string, data any) {
	var page bytes.Buffer
	if err := p.pages.templates.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "+policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the client went away: nobody to tell
}
