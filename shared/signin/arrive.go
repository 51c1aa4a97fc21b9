package signin

import (
	"net/http"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Arrive ends the walk of who signed in: they must not have left, what the sign-in was
// begun for must be proved, then there is a session, its cookie, and the way on. token is what the
// session is to keep of the sign-in, if anything.
func (h Host) Arrive(r *http.Request, record trust.Record, pending session.Pending, who validate.Identity, token session.Token) (respond.Outcome, error) {
	audit.Of(r.Context()).Subject = who.Subject()
	if err := RequireHere(r.Context(), h.People, record, who); err != nil {
		return respond.Outcome{}, err
	}
	if err := h.requireAsked(pending, who, token); err != nil {
		return respond.Outcome{}, err
	}
	begun, err := h.Keeper.Begin(r.Context(), who)
	if err != nil {
		return respond.Outcome{}, err
	}
	if err := h.Keeper.Keep(r.Context(), begun, token); err != nil {
		return respond.Outcome{}, err
	}
	return leadOn(r, begun, pending)
}

// leadOn gives the session's cookie and leads to what it was begun for.
//
// A sign-in that nobody here wished for, unsolicited or fetched by a foreign page's
// link to our login, must not replace another person's session unasked: that page
// may have signed the browser in as somebody else at the identity provider first.
// But a browser does not always show us the SameSite=Lax cookie of that session. So
// such a session comes under a name of its own, and the portal, which sees both,
// takes it or asks.
func leadOn(r *http.Request, begun session.Session, pending session.Pending) (respond.Outcome, error) {
	cookie := begun.Cookie()
	if !pending.Direct && mayReplace(r) {
		cookie = begun.ArrivalCookie()
	}
	target, err := session.Target(pending.To)
	if err != nil {
		return respond.Outcome{}, err
	}
	if pending.Direct && target != "/" {
		target, err = begun.Ticketed(target)
	}
	return respond.SeeOther(target).WithCookie(cookie), err
}

// mayReplace says whether the browser has a session, or may: our cookies are hidden
// where a page of another site posted this, as SAML's answers come, and every
// browser names the page's origin with a post. OpenID Connect's answers come by a
// redirect of the whole window, where they are shown; but a foreign page may have
// us in a frame or as a picture, where they are not.
func mayReplace(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	inside := dest != "" && dest != "document"
	return inside || r.Header.Get("Origin") != "" || session.CookieOf(r, session.SessionCookie) != ""
}
