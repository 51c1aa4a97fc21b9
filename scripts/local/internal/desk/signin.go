package desk

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
	wishLifetime    = 15 * time.Minute

	maxForm = 64 << 10
)

// Session is a person signed in here.
type Session struct {
	User  User
	At    time.Time
	Phone bool   // a code was given after the password
	Index string // its name in messages: not the cookie
}

// Wish is a sign-in that a service asked for.
type Wish struct {
	Again   func(Session) bool // who is signed in is to prove it anew; nil: never
	Enough  func(Session) bool // the session is of a kind that was asked for; nil: any is
	Phone   bool               // a code would make it enough
	Answer  func(http.ResponseWriter, *http.Request, Session)
	Decline http.HandlerFunc // nobody can be signed in as asked
	Cancel  http.HandlerFunc // the person does not want to; nil: the form has no such button
}

// pending is a wish that waits for its person.
type pending struct {
	Wish

	proved  string // the session whose password was just given: a proof anew
	code    string // what the telephone shows, should one be asked for
	expires time.Time
}

// Ask remembers a wish and goes on to the sign-in page. By redirect, whatever the
// method: the browser then sends our cookie, which it keeps back from another
// site's POST.
func (d *Desk) Ask(w http.ResponseWriter, r *http.Request, wish Wish) {
	http.Redirect(w, r, "/signin?request="+d.remember(wish), http.StatusSeeOther)
}

func (d *Desk) remember(wish Wish) string {
	name, now := NewName(), d.o.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.wishes, func(_ string, old pending) bool { return now.After(old.expires) })
	d.wishes[name] = pending{Wish: wish, code: newCode(), expires: now.Add(wishLifetime)}
	return name
}

func (d *Desk) find(name string) (pending, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.wishes[name]
	return found, ok && d.o.Now().Before(found.expires)
}

// take makes sure that one wish has one answer.
func (d *Desk) take(name string) (pending, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.wishes[name]
	delete(d.wishes, name)
	return found, ok && d.o.Now().Before(found.expires)
}

// signinForm shows the password form, or answers at once when the person is
// signed in already and the wish does not insist on a new proof.
func (d *Desk) signinForm(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("request")
	if name == "" {
		d.showForm(w, http.StatusOK, formPage{})
		return
	}
	wish, ok := d.find(name)
	if !ok {
		d.gone(w)
		return
	}
	handle, who, ok := d.current(r)
	if !ok || wish.wantsAgain(handle, who) {
		d.showForm(w, http.StatusOK, formPage{Request: name, Again: ok, MayCancel: wish.Cancel != nil})
		return
	}
	if wish.Enough != nil && !wish.Enough(who) {
		d.stepUp(w, r, name, wish)
		return
	}
	if wish, ok = d.take(name); !ok {
		d.gone(w)
		return
	}
	wish.Answer(w, r, who)
}

func (p pending) wantsAgain(handle string, who Session) bool {
	return p.proved != handle && p.Again != nil && p.Again(who)
}

// signin checks the password and goes back to signinForm by redirect: a reload
// then sends no password.
func (d *Desk) signin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	name, username := r.PostFormValue("request"), strings.TrimSpace(r.PostFormValue("username"))
	user, ok := d.checkPassword(username, r.PostFormValue("password"))
	if !ok {
		d.o.Log.InfoContext(r.Context(), "wrong password", "idp", d.o.ID, "username", username)
		wish, _ := d.find(name)
		d.showForm(w, http.StatusUnauthorized, formPage{Request: name, Username: username, Wrong: true, MayCancel: wish.Cancel != nil})
		return
	}
	handle := d.open(w, r, user)
	if name == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	d.prove(name, handle)
	http.Redirect(w, r, "/signin?request="+url.QueryEscape(name), http.StatusSeeOther)
}

func (d *Desk) prove(name, handle string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if wish, ok := d.wishes[name]; ok {
		wish.proved = handle
		d.wishes[name] = wish
	}
}

// cancel is the person's no.
func (d *Desk) cancel(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	wish, ok := d.take(r.PostFormValue("request"))
	if !ok || wish.Cancel == nil {
		d.gone(w)
		return
	}
	wish.Cancel(w, r)
}

// checkPassword compares with every user, found or not, in equal time. The demo's
// passwords are no secrets; how one does it is.
func (d *Desk) checkPassword(username, password string) (User, bool) {
	var found User
	ok := false
	for _, u := range d.o.Users {
		same := subtle.ConstantTimeCompare([]byte(u.Password), []byte(password))
		if strings.EqualFold(u.Username, username) && same == 1 {
			found, ok = u, true
		}
	}
	return found, ok
}

// cookie carries the id: cookies of localhost know no ports, and every demo
// identity provider lives there.
func (d *Desk) cookie() string { return "idp-" + d.o.ID }

func (d *Desk) open(w http.ResponseWriter, r *http.Request, user User) string {
	handle, now := NewName(), d.o.Now()
	d.mu.Lock()
	maps.DeleteFunc(d.sessions, func(_ string, old Session) bool { return now.Sub(old.At) >= sessionLifetime })
	if old, err := r.Cookie(d.cookie()); err == nil {
		delete(d.sessions, old.Value)
	}
	d.sessions[handle] = Session{User: user, At: now, Index: NewName()}
	d.mu.Unlock()
	d.setCookie(w, handle, 0)
	return handle
}

func (d *Desk) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // plain http on this machine: no Secure
		Name: d.cookie(), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// Current is the session of a browser.
func (d *Desk) Current(r *http.Request) (Session, bool) {
	_, who, ok := d.current(r)
	return who, ok
}

func (d *Desk) current(r *http.Request) (handle string, who Session, ok bool) {
	c, err := r.Cookie(d.cookie())
	if err != nil {
		return "", Session{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	who, ok = d.sessions[c.Value]
	return c.Value, who, ok && d.o.Now().Sub(who.At) < sessionLifetime
}

// End signs a browser out here, and says who it was.
func (d *Desk) End(w http.ResponseWriter, r *http.Request) (Session, bool) {
	handle, who, ok := d.current(r)
	d.mu.Lock()
	delete(d.sessions, handle)
	d.mu.Unlock()
	d.setCookie(w, "", -1)
	return who, ok
}
