package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// visit is who is here. A session that began at an identity provider without our
// asking arrives under a cookie of its own; here both are seen.
type visit struct {
	session session.Session
	arrived session.Session // of another person, who is not let in before somebody said so
	cookie  *http.Cookie    // to bring the browser's cookies up to date
}

// asks says that two people's sessions meet.
func (v visit) asks() bool { return !v.arrived.IsZero() }

func (v visit) keep(o respond.Outcome) respond.Outcome {
	if v.cookie == nil {
		return o
	}
	return o.WithCookie(v.cookie)
}

// visit refuses a session that somebody ended before its time, or whose person has left,
// unless another one has arrived: who comes with it is to know that it ended, and is not
// to be signed in again at once by an identity provider that still knows them.
func (p portal) visit(r *http.Request) (visit, error) {
	current, ended := p.find(r, session.SessionCookie)
	if ended != nil && !wasEnded(ended) {
		return visit{}, ended
	}
	here, err := p.beside(r, current)
	if err == nil && here.session.IsZero() && ended != nil {
		return visit{}, ended
	}
	return here, err
}

// wasEnded says of a refusal that there was a session, and that it is no more.
func wasEnded(err error) bool {
	return errors.Is(err, session.ErrEnded) || reason.Of(err) == reason.PersonLeft
}

// beside is the visit of whose session is here, if any, and of who has arrived beside it.
func (p portal) beside(r *http.Request, current session.Session) (visit, error) {
	switch session.CookieOf(r, session.ArrivalCookie) {
	case "":
		return visit{session: current}, nil
	case session.CookieOf(r, session.SessionCookie):
		return visit{session: current, cookie: session.Forget(session.ArrivalCookie)}, nil
	}
	arrived, err := p.find(r, session.ArrivalCookie)
	if err != nil && (!wasEnded(err) || current.IsZero() && reason.Of(err) == reason.PersonLeft) {
		return visit{}, err
	}
	return p.meet(r.Context(), current, arrived)
}

// meet decides between the session that was here and one that arrived. The loser
// is ended, so that it can't come back when the other one signs out.
func (p portal) meet(ctx context.Context, current, arrived session.Session) (visit, error) {
	forget := session.Forget(session.ArrivalCookie)
	switch {
	case arrived.IsZero():
		return visit{session: current, cookie: forget}, nil
	case current.IsZero():
		return visit{session: arrived, cookie: arrived.Cookie()}, nil
	case arrived.Began().Before(current.Began()):
		return visit{session: current, cookie: forget}, p.keeper.End(ctx, arrived)
	case current.SamePerson(arrived):
		return visit{session: arrived, cookie: arrived.Cookie()}, p.keeper.End(ctx, current)
	default:
		return visit{session: current, arrived: arrived}, nil
	}
}

// find is the session of a cookie, the zero value where there is none (any more).
func (p portal) find(r *http.Request, cookie string) (session.Session, error) {
	value := session.CookieOf(r, cookie)
	if value == "" {
		return session.Session{}, nil
	}
	found, err := p.keeper.Get(r.Context(), value)
	if reason.Of(err) == reason.SessionMissing && !errors.Is(err, session.ErrEnded) {
		return session.Session{}, nil
	}
	return found, err
}

// require is the visit of exactly one person who is signed in.
func (p portal) require(r *http.Request) (visit, error) {
	here, err := p.signedIn(r)
	if err == nil && here.asks() {
		return visit{}, reason.New(reason.SessionOtherPerson, "two people's sessions meet in this browser")
	}
	return here, err
}

func note(r *http.Request, s session.Session) {
	decision := audit.Of(r.Context())
	decision.Record, decision.Subject = s.Identity().IdentityProvider(), s.Identity().Subject()
}

// rules are those that decide for who is signed in, with the identity provider,
// if it still is one.
func rules(ctx context.Context, reading Reading, who validate.Identity) (federation.Revision, trust.Source, error) {
	idp := who.IdentityProvider()
	rev, err := reading.Part(ctx, idp)
	if err != nil {
		return federation.Revision{}, trust.Source{}, err
	}
	s, ok := rev.IdentityProvider(idp)
	switch {
	case !ok:
		return federation.Revision{}, trust.Source{}, reason.New(reason.IdPUnknown, "identity provider %q is not in the federation", idp)
	case s.Suspended:
		return federation.Revision{}, trust.Source{}, reason.New(reason.IdPSuspended, "identity provider %q is suspended", idp)
	case s.OIDC != nil && s.OIDC.Login == nil: // it had one when the session began; its rules are for workloads now
		return federation.Revision{}, trust.Source{}, reason.New(reason.IdPUnknown, "nobody signs in by identity provider %q any more", idp)
	}
	return rev, s, nil
}

// name is what a person is called on pages: the e-mail address where the
// federation says which attribute has it, else the subject.
func name(s trust.Source, who validate.Identity) string {
	if attribute, ok := s.Attributes["email"]; ok {
		if values := who.Attribute(attribute); len(values) == 1 && values[0] != "" {
			return values[0]
		}
	}
	return who.Subject()
}

// askWho shows the question which of two sessions stays.
func (p portal) askWho(r *http.Request, reading Reading, here visit) (respond.Outcome, error) {
	purpose, err := here.question()
	if err != nil {
		return respond.Outcome{}, err
	}
	token, err := here.session.Masked(purpose, p.Random)
	if err != nil {
		return respond.Outcome{}, err
	}
	view := page.Arrival{Token: token}
	if view.Current, view.CurrentIdP, err = called(r.Context(), reading, here.session); err != nil {
		return respond.Outcome{}, err
	}
	if view.New, view.NewIdP, err = called(r.Context(), reading, here.arrived); err != nil {
		return respond.Outcome{}, err
	}
	return p.render(r, here, view)
}

// question names the question in which these two sessions meet: while a page asks
// about one arrival, another may take its place, whom the answer does not mean.
func (v visit) question() (string, error) {
	arrived, err := v.arrived.Token(purposeArrival)
	return purposeArrival + " " + arrived, err
}

// called names a person and their identity provider, also one that has left the
// federation since.
func called(ctx context.Context, reading Reading, s session.Session) (person, idp string, err error) {
	id := s.Identity().IdentityProvider()
	rev, err := reading.Part(ctx, id)
	if err != nil && reason.Of(err) != reason.IdPUnknown {
		return "", "", err
	}
	from, ok := rev.IdentityProvider(id)
	if !ok {
		return s.Identity().Subject(), id, nil
	}
	return name(from, s.Identity()), from.DisplayName, nil
}

// choose ends one of two sessions by the person's word.
func (p portal) choose(r *http.Request) (respond.Outcome, error) {
	form, err := p.readForm(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	here, err := p.signedIn(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	if !here.asks() { // answered already, in another tab or by a second click
		return here.keep(respond.SeeOther("/")), nil
	}
	purpose, err := here.question()
	if err != nil {
		return respond.Outcome{}, err
	}
	stale, err := here.own(r, purpose, form.Get("token"))
	if err != nil || stale { // another has arrived since, of whom they are to be asked
		return respond.SeeOther("/"), err
	}
	switch form.Get("keep") {
	case "current":
		return respond.SeeOther("/").WithCookie(session.Forget(session.ArrivalCookie)), p.keeper.End(r.Context(), here.arrived)
	case "new":
		return respond.SeeOther("/").WithCookie(here.arrived.Cookie()), p.keeper.End(r.Context(), here.session)
	default:
		return respond.Outcome{}, reason.New(reason.RequestMalformed, "keep is %q, not current or new", form.Get("keep"))
	}
}

// signOut ends the session here, or all sessions of the person; what was issued from them
// lives until its time. Whose session ended by itself is signed out here, which is as
// good; elsewhere they may not be, and are told to come again.
func (p portal) signOut(r *http.Request) (respond.Outcome, error) {
	form, err := p.readForm(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	end, outcome := p.keeper.End, respond.SeeOther("/?signedout").WithCookie(session.Forget(session.SessionCookie))
	everywhere := form.Get("everywhere") == "yes"
	if everywhere {
		end, outcome = p.keeper.EndAll, respond.SeeOther("/?signedout="+signedOutEverywhere).WithCookie(session.Forget(session.SessionCookie))
	}
	here, err := p.require(r)
	switch {
	case errors.Is(err, session.ErrEnded), !everywhere && reason.Of(err) == reason.SessionMissing:
		return outcome, nil
	case err != nil:
		return respond.Outcome{}, err
	}
	stale, err := here.own(r, purposeForm, form.Get("token"))
	if err != nil || stale {
		return here.keep(respond.SeeOther("/")), err
	}
	return outcome, end(r.Context(), here.session)
}

// signedOutEverywhere is how the page after it is told from that of a sign-out here.
const signedOutEverywhere = "everywhere"
