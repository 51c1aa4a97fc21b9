package desk

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
)

//go:embed pages
var pageFiles embed.FS

func parsePages(further fs.FS) (*template.Template, error) {
	parsed, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil || further == nil {
		return parsed, err
	}
	return parsed.ParseFS(further, "pages/*.html")
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeFileFS(w, r, pageFiles, "pages/desk.css")
}

// Frame is what every page shows.
type Frame struct{ Title, IdP, Look string }

// Frame is that of a page of this title.
func (d *Desk) Frame(title string) Frame { return Frame{Title: title, IdP: d.o.Title, Look: d.o.Look} }

type formPage struct {
	Frame

	Request, Username string
	Wrong             bool // the last try
	Again             bool // signed in, but the service wants a new proof
	MayCancel         bool
	Users             []User
}

type codePage struct {
	Frame

	Request, Code string
	Wrong         bool // the last try
	MayCancel     bool
}

type portalPage struct {
	Frame

	Who   *User
	Tile  string // where fc-sso's tile leads
	Users []User
}

type noticePage struct {
	Frame

	Text string
}

// formAction is where the forms of the sign-in may lead: Chrome holds the policy
// against the redirects that follow, too.
func (d *Desk) formAction() string {
	if d.o.Redirect {
		return "form-action 'self' http: https:"
	}
	return "form-action 'self'"
}

func (d *Desk) showForm(w http.ResponseWriter, status int, page formPage) {
	page.Frame, page.Users = d.Frame("Sign in"), d.o.Users
	d.Write(w, status, "form.html", d.formAction(), page)
}

func (d *Desk) showCode(w http.ResponseWriter, status int, name string, wish pending) {
	d.Write(w, status, "code.html", d.formAction(), codePage{
		Frame: d.Frame("Second step"), Request: name, Code: wish.code,
		Wrong: status == http.StatusUnauthorized, MayCancel: wish.Cancel != nil,
	})
}

// portal is where people of the company start their day.
func (d *Desk) portal(w http.ResponseWriter, r *http.Request) {
	page := portalPage{Frame: d.Frame("Apps"), Tile: d.o.Tile, Users: d.o.Users}
	if who, ok := d.Current(r); ok {
		page.Who = &who.User
	}
	d.Write(w, http.StatusOK, "portal.html", "form-action 'self'", page)
}

func (d *Desk) gone(w http.ResponseWriter) {
	d.Notice(w, http.StatusGone, "This sign-in is over", "It was answered already, or it waited too long. Start again at the service that you want to use.")
}

func (d *Desk) notFound(w http.ResponseWriter, _ *http.Request) {
	d.Notice(w, http.StatusNotFound, "No such page", "This identity provider has no page at this address.")
}

// Notice is a page that says one thing.
func (d *Desk) Notice(w http.ResponseWriter, status int, title, text string) {
	d.Write(w, status, "notice.html", "form-action 'none'", noticePage{d.Frame(title), text})
}

// Write renders first and answers then: no page is half an error. A page's data has
// a Frame. The policy is added to one that allows our style alone.
func (d *Desk) Write(w http.ResponseWriter, status int, name, policy string, data any) {
	var page bytes.Buffer
	if err := d.templates.ExecuteTemplate(&page, name, data); err != nil {
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
