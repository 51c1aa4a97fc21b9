package cloud

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

type pages struct {
	templates *template.Template
	css       []byte
}

func parsePages() (pages, error) {
	parsed, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return pages{}, err
	}
	css, err := pageFiles.ReadFile("pages/console.css")
	return pages{parsed, css}, err
}

func (p pages) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(p.css) // the client went away: nobody to tell
}

// write renders first and answers then: no page is half an error.
func (p pages) write(w http.ResponseWriter, status int, name string, data any) {
	var page bytes.Buffer
	if err := p.templates.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	// Signing out posts to us and is redirected to LoginUrl: Chrome applies
	// form-action to the redirect as well.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self' http: https:; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

type consolePage struct {
	Alias, Account, ARN        string
	Role, Session              string // of an assumed role
	User                       string // of a RAM user: its name and domain
	Name                       string // whichever of the two it is
	Opened                     string // host and path that the real console would have opened
	UntilUTC, UntilLocal, Left string
}

type troublePage struct {
	Title, Text, Code string
	SignIn            string // where to sign in again; empty = nowhere
}

func (s *console) show(w http.ResponseWriter, r *http.Request) {
	found, live := s.current(r)
	if !live {
		s.trouble(w, http.StatusUnauthorized, troublePage{
			Title:  "You are not signed in to the console",
			Text:   "Your console session has ended, or was never there.",
			SignIn: found.loginURL,
		})
		return
	}
	page := consolePage{
		Alias: s.cloud.alias(found.who.account), Account: found.who.account,
		Opened:     r.URL.Query().Get("service"),
		UntilUTC:   found.end.UTC().Format("2006-01-02 15:04:05 UTC"),
		UntilLocal: found.end.Local().Format("15:04"),
		Left:       left(found.end.Sub(s.cloud.now())),
	}
	page.identify(found.who, s.cloud.defaultDomain(found.who.account))
	s.pages.write(w, http.StatusOK, "console.html", page)
}

func (p *consolePage) identify(who caller, domain string) {
	p.Name = who.arn[strings.LastIndex(who.arn, "/")+1:]
	if who.kind != kindUser {
		p.Role, p.Session, p.ARN = p.Name, who.session, sessionARN(who.arn, who.session, true)
		return
	}
	p.Name += "@" + domain
	p.User, p.ARN = p.Name, who.arn
}

// left says a duration in hours and minutes.
func left(d time.Duration) string {
	minutes := int(d.Round(time.Minute).Minutes())
	if minutes < 60 {
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}

func (s *console) front(w http.ResponseWriter, r *http.Request) {
	if _, live := s.current(r); live {
		http.Redirect(w, r, s.origin+"/console?service=home.console.aliyun.com/", http.StatusFound)
		return
	}
	s.trouble(w, http.StatusOK, troublePage{Title: "Alibaba Cloud console", Text: "Nobody is signed in. Start at your company's sign-in page and choose a role there."})
}

func (s *console) notFound(w http.ResponseWriter, _ *http.Request) {
	s.trouble(w, http.StatusNotFound, troublePage{Title: "No such page", Text: "This host emulates the sign-in service and one console page."})
}

func (s *console) trouble(w http.ResponseWriter, status int, page troublePage) {
	s.pages.write(w, status, "trouble.html", page)
}
