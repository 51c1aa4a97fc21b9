package idp

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Quirks are ways of real identity providers that a test switches on.
type Quirks struct {
	// FormOnly: metadata names no place that takes requests by redirect.
	FormOnly bool `json:"form_only"`
	// Elsewhere: requests are sent on to another host, where people sign in and from where
	// the answer comes; as Okta does to another Okta and Entra ID to an AD FS. Chrome
	// holds the form-action of the page that posted the request against that host too.
	Elsewhere bool `json:"elsewhere"`
}

// Admin is the identity provider's side door, for tests:
//
//	POST quirks  Quirks, as a whole
//	POST keys    {"do": "rotate"}  sign by a new key, of which nobody has heard
//	             {"do": "forget"}  publish no certificate but that of the key that signs
func (p *IdP) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /quirks", func(w http.ResponseWriter, r *http.Request) {
		var wanted Quirks
		answerWish(w, r, &wanted, func() error { return p.adopt(wanted) })
	})
	mux.HandleFunc("POST /keys", func(w http.ResponseWriter, r *http.Request) {
		var wish struct{ Do string }
		answerWish(w, r, &wish, func() error { return p.turn(wish.Do) })
	})
	return mux
}

func answerWish(w http.ResponseWriter, r *http.Request, wish any, fulfil func() error) {
	decoder := json.NewDecoder(io.LimitReader(r.Body, 1<<10))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(wish)
	if err == nil {
		err = fulfil()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (p *IdP) adopt(wanted Quirks) error {
	if wanted.Elsewhere && p.o.Elsewhere == "" {
		return fmt.Errorf("%s has no other host", p.o.ID)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quirks = wanted
	return nil
}

func (p *IdP) habits() Quirks {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.quirks
}

// entrance sends on what came to another host than the one where people sign in, with
// method, query and form (RFC 9110 15.4.8): the message is the same, and so is its
// Destination.
func (p *IdP) entrance(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p.habits().Elsewhere && p.o.Elsewhere != originOf(r) {
			http.Redirect(w, r, p.o.Elsewhere+r.URL.RequestURI(), http.StatusTemporaryRedirect) //nolint:gosec // to a host of our own
			return
		}
		next(w, r)
	}
}

func originOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// requireLocalName refuses what is no name below localhost, all of which are this
// machine for a browser (RFC 6761 6.3).
func requireLocalName(origin string) error {
	u, err := url.Parse(origin)
	if origin != "" && (err != nil || !strings.HasSuffix(u.Hostname(), ".localhost")) {
		return fmt.Errorf("%q is not a name of this machine", origin)
	}
	return nil
}
