// Package desk is where a demo identity provider asks people who they are: the
// same password form, second factor, session and pages, whichever protocol stands
// behind it.
//
// In come browsers with a wish: a sign-in that a service asked for, in the words of
// its protocol. Out goes a session, handed to the wish. It refuses a wrong password,
// a wrong code, and a wish that is over.
//
// Not for production: the pages say so, and show everybody's password.
package desk

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"
)

// User is somebody who can sign in.
type User struct {
	Username, Password string
	Email, DisplayName string
	Groups             []string
	Roles              []string // ARNs of roles, for an identity provider that names them itself
}

// Options are what a desk needs.
type Options struct {
	ID       string // part of the cookie's name
	Title    string
	Look     string // corporate or partner: two companies look like two
	Tile     string // where the service's tile leads
	Users    []User
	Pages    fs.FS // further pages in pages/*.html; nil: none
	Redirect bool  // wishes are answered by a redirect, to which Chrome applies form-action
	Now      func() time.Time
	Log      *slog.Logger
}

// Desk keeps sessions and wishes. Its pages are served by Route.
type Desk struct {
	o         Options
	templates *template.Template

	mu       sync.Mutex
	sessions map[string]Session // by cookie
	wishes   map[string]pending // by their names in our URLs
}

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// New makes a desk at which nobody is signed in.
func New(o Options) (*Desk, error) {
	if !idForm.MatchString(o.ID) {
		return nil, fmt.Errorf("bad id %q", o.ID)
	}
	templates, err := parsePages(o.Pages)
	if err != nil {
		return nil, err
	}
	return &Desk{o: o, templates: templates, sessions: map[string]Session{}, wishes: map[string]pending{}}, nil
}

// Route adds the desk's pages.
func (d *Desk) Route(mux *http.ServeMux) {
	mux.HandleFunc("GET /signin", d.signinForm)
	mux.HandleFunc("POST /signin", d.signin)
	mux.HandleFunc("POST /factor", d.factor)
	mux.HandleFunc("POST /cancel", d.cancel)
	mux.HandleFunc("GET /static/desk.css", serveStyle)
	mux.HandleFunc("GET /{$}", d.portal)
	mux.HandleFunc("/", d.notFound)
}

// Users lists who can sign in, passwords included.
func (d *Desk) Users() []User { return slices.Clone(d.o.Users) }

// NewName is a name that nobody guesses: "_", so that XML takes it too, and 128 bits.
func NewName() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand since Go 1.24)
	return "_" + hex.EncodeToString(b)
}

// RequireLoopback refuses addresses of other machines.
func RequireLoopback(text string) error {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !IsLoopback(u.Hostname()) {
		return fmt.Errorf("%q is not an address on this machine", text)
	}
	return nil
}

// IsLoopback says whether a host is this machine, by its usual names.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
