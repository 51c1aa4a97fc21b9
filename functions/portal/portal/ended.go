package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
)

// endedError is the refusal of who is signed in no more in the middle of a click, and
// where they go on after signing in again. A form's answer cannot lead there by itself:
// browsers apply form-action to redirects too, and what was sent is done by another click
// alone.
type endedError struct {
	error

	view page.Ended
}

func (e endedError) Unwrap() error { return e.error }

// towards says of a refusal by which a session's end is shown where the click led.
func towards(err error, view page.Ended) error {
	if ended, ok := errors.AsType[endedError](err); ok {
		return endedError{ended.error, view}
	}
	return err
}

// ended is the page for such a refusal, and for that of a visit whose session somebody
// ended: that leads back here.
func ended(r *http.Request, err error) (page.Ended, bool) {
	if ended, ok := errors.AsType[endedError](err); ok {
		return ended.view, true
	}
	if !errors.Is(err, session.ErrEnded) {
		return page.Ended{}, false
	}
	target, wrong := session.Target(addressHere(r.URL))
	if wrong != nil || r.Method != http.MethodGet {
		target = "/"
	}
	view := page.Ended{Link: target}
	view.Account, view.Role, _ = linked(target)
	return view, true
}

// addressHere is an address of ours without what is not carried through a sign-in.
func addressHere(u *url.URL) string {
	if !strings.HasPrefix(u.Path, "/idp/") {
		return plainLink(u)
	}
	query := u.Query()
	for _, beside := range besideStart() {
		query.Del(beside)
	}
	return (&url.URL{Path: u.Path, RawQuery: query.Encode()}).RequestURI()
}

// roleWanted is where a form with a role leads: to its console, or to the list.
func roleWanted(form url.Values, console bool) page.Ended {
	role, err := ram.ParseRoleARN(form.Get("role"))
	if err != nil {
		return page.Ended{Link: "/"}
	}
	view := page.Ended{AccountID: role.Account().String(), Role: role.Name(), Link: "/"}
	if to, err := issue.ParseDestination(form.Get("to")); console && err == nil {
		view.Link = linkTo(view.AccountID, role, to)
	}
	return view
}

// userWanted is where the form of a user leads.
func userWanted(form url.Values) page.Ended {
	if target, err := session.Target(form.Get("start")); err == nil {
		return page.Ended{Link: target}
	}
	return page.Ended{Link: "/"}
}

// own refuses a form without a token of ours. Where it has that of another session, it is
// of a page that was left open, by who signed in again since: a foreign page's form never
// comes so far. They need not be shown a fault, but what they asked for is not done: on a
// page of this session they may ask again.
func (v visit) own(r *http.Request, purpose, token string) (stale bool, err error) {
	err = v.session.CheckToken(purpose, token)
	if !errors.Is(err, session.ErrOtherSession) {
		return false, err
	}
	audit.Of(r.Context()).Form = "of another session"
	return true, nil
}

// signedIn is the visit of exactly one person who is signed in, and says of who is not
// that their session ended.
func (p portal) signedIn(r *http.Request) (visit, error) {
	here, err := p.visit(r)
	if err == nil && here.session.IsZero() {
		err = reason.New(reason.SessionMissing, "nobody is signed in")
	}
	switch {
	case reason.Of(err) == reason.SessionMissing:
		return visit{}, endedError{err, page.Ended{Link: "/"}}
	case err != nil:
		return visit{}, err
	}
	note(r, here.session)
	return here, nil
}
