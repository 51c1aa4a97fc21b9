package idp

import (
	"crypto/subtle"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	sessionLifetime = 8 * time.Hour
	pendingLifetime = 15 * time.Minute
)

// session is a person signed in at this identity provider.
type session struct {
	user  User
	at    time.Time
	phone bool   // a code was given after the password
	index string // SessionIndex of the assertions made from it
}

// pending is a sign-in that waits for its person: a request, or (with an empty
// request ID) a start at our own portal.
type pending struct {
	request authnRequest
	logout  string // ID of a logout request that waits for its answer; "": a sign-in
	proved  string // the session whose password was just given: satisfies ForceAuthn
	code    string // what the telephone shows, should one be asked for
	expires time.Time
}

func (p *IdP) remember(made pending) string {
	name, now := newName(), p.now()
	made.expires, made.code = now.Add(pendingLifetime), newCode()
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.pending, func(_ string, old pending) bool { return now.After(old.expires) })
	p.pending[name] = made
	return name
}

func (p *IdP) find(name string) (pending, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.pending[name]
	return found, ok && p.now().Before(found.expires)
}

func (p *IdP) forget(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, name)
}

// start begins a sign-in at the identity provider: nobody asked for it, so its
// response has no InResponseTo. RelayState goes along as it is.
func (p *IdP) start(w http.ResponseWriter, r *http.Request) {
	if !p.mayStart() {
		p.trouble(w, http.StatusForbidden, "Start at the service", "This identity provider signs people in only when the service asks for it.")
		return
	}
	sp, err := p.fetchSP(r.Context())
	if err != nil {
		p.trouble(w, http.StatusBadGateway, "The service cannot be reached", err.Error())
		return
	}
	request := authnRequest{issuer: sp.entityID, acs: sp.acs[0], relayState: r.URL.Query().Get("RelayState")}
	http.Redirect(w, r, "/signin?request="+p.remember(pending{request: request}), http.StatusSeeOther)
}

// signinForm shows the password form, or answers at once when the person is
// signed in already and the request does not insist on a new proof.
func (p *IdP) signinForm(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("request")
	if name == "" {
		p.showForm(w, http.StatusOK, formPage{})
		return
	}
	wish, ok := p.find(name)
	ok = ok && wish.logout == ""
	if !ok {
		p.gone(w)
		return
	}
	handle, who, ok := p.current(r)
	if !ok || (wish.request.forceAuthn && wish.proved != handle) {
		p.showForm(w, http.StatusOK, formPage{Request: name, Again: ok})
		return
	}
	if who.class(wish.request.contexts) == "" {
		p.stepUp(w, r, name, wish)
		return
	}
	p.forget(name) // one request, one answer
	p.answer(w, r, wish.request, who)
}

// signin checks the password and goes back to signinForm by redirect: a reload
// then sends no password.
func (p *IdP) signin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	name, username := r.PostFormValue("request"), strings.TrimSpace(r.PostFormValue("username"))
	user, ok := p.checkPassword(username, r.PostFormValue("password"))
	if !ok {
		p.log.InfoContext(r.Context(), "wrong password", "idp", p.o.ID, "username", username)
		p.showForm(w, http.StatusUnauthorized, formPage{Request: name, Username: username, Wrong: true})
		return
	}
	handle := p.open(w, r, user)
	if name == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p.prove(name, handle)
	http.Redirect(w, r, "/signin?request="+url.QueryEscape(name), http.StatusSeeOther)
}

func (p *IdP) prove(name, handle string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if wish, ok := p.pending[name]; ok {
		wish.proved = handle
		p.pending[name] = wish
	}
}

// checkPassword compares with every user, found or not, in equal time. The demo's
// passwords are no secrets; how one does it is.
func (p *IdP) checkPassword(username, password string) (User, bool) {
	var found User
	ok := false
	for _, u := range p.o.Users {
		same := subtle.ConstantTimeCompare([]byte(u.Password), []byte(password))
		if strings.EqualFold(u.Username, username) && same == 1 {
			found, ok = u, true
		}
	}
	return found, ok
}

// cookie carries the id: cookies of localhost know no ports, and every demo
// identity provider lives there.
func (p *IdP) cookie() string { return "idp-" + p.o.ID }

func (p *IdP) open(w http.ResponseWriter, r *http.Request, user User) string {
	handle, now := newName(), p.now()
	p.mu.Lock()
	maps.DeleteFunc(p.sessions, func(_ string, old session) bool { return now.Sub(old.at) >= sessionLifetime })
	if old, err := r.Cookie(p.cookie()); err == nil {
		delete(p.sessions, old.Value)
	}
	p.sessions[handle] = session{user: user, at: now, index: newName()}
	p.mu.Unlock()
	p.setCookie(w, handle, 0)
	return handle
}

func (p *IdP) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // plain http on this machine: no Secure
		Name: p.cookie(), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (p *IdP) current(r *http.Request) (handle string, who session, ok bool) {
	c, err := r.Cookie(p.cookie())
	if err != nil {
		return "", session{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok = p.sessions[c.Value]
	return c.Value, who, ok && p.now().Sub(who.at) < sessionLifetime
}

// answer sends the browser to the service provider with a form that posts itself.
func (p *IdP) answer(w http.ResponseWriter, r *http.Request, request authnRequest, who session) {
	text, err := p.response(answer{
		user:       who.user,
		audience:   request.issuer,
		acs:        request.acs,
		inResponse: request.id,
		now:        p.now(),
		signin:     who.at,
		session:    who.index,
		class:      who.class(request.contexts),
	})
	if err != nil {
		p.trouble(w, http.StatusInternalServerError, "The answer could not be made", err.Error())
		return
	}
	p.log.InfoContext(r.Context(), "answered", "idp", p.o.ID, "username", who.user.Username, "in_response_to", request.id)
	p.showPost(w, postPage{Action: request.acs, Response: text, RelayState: request.relayState})
}
