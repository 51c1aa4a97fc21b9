package portal

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Beside what a start is made of, its address may say that the person is to be shown
// nothing, since when they wait, and how our own pages show it. Neither is carried through a sign-in.
const (
	passiveParam = "passive"
	passiveYes   = "1"
	langParam    = "lang"
	ticketParam  = "ticket"
	waitsParam   = "waits"
)

func besideStart() []string { return []string{passiveParam, langParam, ticketParam, waitsParam} }

// userStart is a sign-in as a RAM user that was begun.
type userStart struct {
	session.Start

	passive bool      // the person must be shown nothing
	waits   time.Time // since when they wait for their user to be made; zero: they do not
	to      issue.Destination
	reading Reading
	account federation.AccountPart
}

// relay is what Alibaba Cloud is given back, or the page of the console that it is to
// open.
func (s userStart) relay() string {
	if s.Request != "" {
		return s.Relay
	}
	return s.to.String()
}

// begin signs a person in as a RAM user of an account. The answer to a request goes
// straight on, for they pressed sign in at Alibaba Cloud; where nobody asked, it opens
// as a deep link does.
func (p portal) begin(r *http.Request) (respond.Outcome, error) {
	start, err := p.readStart(r, r.URL)
	if err != nil {
		return respond.Outcome{}, err
	}
	here, err := p.visit(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	switch {
	case start.passive && (here.session.IsZero() || here.asks()):
		return respond.Outcome{}, reason.New(reason.SessionMissing, "the request wants no question asked (IsPassive), and it is not known who is here")
	case here.session.IsZero():
		return p.signIn(r, start.reading, here, start.Path())
	case here.asks():
		return p.askWho(r, start.reading, here)
	}
	return p.become(r, here, start, p.goesOn(r, here, start))
}

// goesOn says that the person need not be asked whether they meant to come.
func (p portal) goesOn(r *http.Request, here visit, start userStart) bool {
	if r.Method != http.MethodGet || r.Header.Get("Sec-Purpose") != "" {
		return false
	}
	return start.Request != "" || p.ownWish(r) || here.session.Opens(r.URL, p.Now())
}

// chosen goes on for who said that they meant to.
func (p portal) chosen(r *http.Request) (respond.Outcome, error) {
	form, err := p.readForm(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	here, err := p.require(r)
	if err != nil {
		return respond.Outcome{}, towards(err, userWanted(form))
	}
	stale, err := here.own(r, purposeForm, form.Get("token"))
	if err != nil {
		return respond.Outcome{}, err
	}
	address, err := url.Parse(form.Get("start"))
	if err != nil {
		return respond.Outcome{}, reason.New(reason.RequestMalformed, "start: %w", err)
	}
	if plain := (&url.URL{Path: address.Path, RawQuery: address.RawQuery}); plain.String() != address.String() {
		return respond.Outcome{}, reason.New(reason.RequestMalformed, "start is %.200q, not an address of ours", address)
	}
	start, err := p.readStart(r, address)
	if err != nil {
		return respond.Outcome{}, err
	}
	return p.become(r, here, start, !stale)
}

// readStart reads the address of a start, and the account that it names.
func (p portal) readStart(r *http.Request, u *url.URL) (userStart, error) {
	fields, err := once(u.RawQuery)
	if err != nil {
		return userStart{}, err
	}
	start := userStart{passive: fields.Get(passiveParam) == passiveYes, waits: p.readWaits(fields.Get(waitsParam))}
	for _, beside := range besideStart() {
		fields.Del(beside)
	}
	if start.Start, err = session.ParseStart(&url.URL{Path: u.Path, RawQuery: fields.Encode()}); err != nil {
		return userStart{}, reason.New(reason.RequestMalformed, "%w", err)
	}
	if _, err = session.Target(start.Path()); err != nil {
		return userStart{}, err
	}
	audit.Of(r.Context()).AuthnRequest = start.Request
	if start.Fresh.After(p.Now().Add(time.Minute)) { // clocks of instances differ by less
		return userStart{}, reason.New(reason.RequestMalformed, "fresh is %s, which is to come", start.Fresh.UTC().Format(time.RFC3339))
	}
	if start.to, err = issue.ParseDestination(start.To); err != nil {
		return userStart{}, err
	}
	start.reading, start.account, err = p.userAccount(r, start.Account)
	return start, err
}

// become is the walk of who is signed in: their rules at this moment, the RAM user's
// owner, our response.
func (p portal) become(r *http.Request, here visit, start userStart, goesOn bool) (respond.Outcome, error) {
	note(r, here.session)
	rev, from, err := p.rules(r.Context(), start.reading, here.session)
	if err != nil {
		return respond.Outcome{}, p.elsewhere(r, here, start, err)
	}
	audit.Of(r.Context()).Revision = rev.ID()
	taking, err := mapping.TakeUser(rev, here.session.Identity(), p.circumstances(r, here), start.account.Account().ID())
	noteAudit(r, taking.Audit)
	switch {
	case reason.Of(err) == reason.StepUpNeeded:
		return p.renew(r, from, here, start, taking.StepUp, err)
	case err != nil:
		return respond.Outcome{}, p.elsewhere(r, here, start, err)
	case !renewed(here.session, start.Fresh):
		step := mapping.StepUp{User: taking.Grant.UPN(), Account: taking.Grant.Account(), Rule: taking.Grant.Rule()}
		return p.renew(r, from, here, start, step, reason.New(reason.StepUpNeeded, "the request wants the person to sign in anew (ForceAuthn)"))
	case !goesOn:
		return p.confirmUser(r, from, here, start, taking.Grant)
	}
	owner, err := p.own(r, from, here, taking.Grant)
	if err != nil {
		return respond.Outcome{}, p.elsewhere(r, here, start, err)
	}
	if made, err := p.userMade(r, from, here, start, taking.Grant, owner); err != nil {
		return respond.Outcome{}, err
	} else if !made {
		return p.wait(r, here, start, taking.Grant)
	}
	return p.answer(r, here, start, taking.Grant)
}

// renewed says that the session is of a sign-in that came after the request. What an
// identity provider says of its time is held to what it was asked for by signin, so that
// nobody goes round in circles.
func renewed(s session.Session, since time.Time) bool {
	return since.IsZero() || !s.Began().Before(since) && !s.Identity().AuthenticatedAt().Before(since.Add(-session.FreshFor))
}

// renew leads to another sign-in, if the person may be shown one. Where the request seems
// to come from the future, by another instance's clock or a stranger's wish, no sign-in is
// new enough yet: then a page stands before the next, which else would follow by itself.
func (p portal) renew(r *http.Request, from trust.Source, here visit, start userStart, step mapping.StepUp, why error) (respond.Outcome, error) {
	if start.passive {
		return respond.Outcome{}, why
	}
	if start.Request != "" && r.Method == http.MethodGet && !start.Fresh.After(p.Now()) {
		audit.Of(r.Context()).StepUp = step.Rule
		return here.keep(respond.SeeOther(stepUpLink(from, step, start.Path()))), nil
	}
	return p.again(r, from, here, taken{Taking: mapping.Taking{StepUp: step}}, start.Path())
}

// own makes the RAM user the person's, or finds that it is: two identity providers, or
// two people of one, may both be told that they are the same user.
func (p portal) own(r *http.Request, from trust.Source, here visit, grant mapping.UserGrant) (Owner, error) {
	person, err := mapping.Person(from, here.session.Identity())
	if err != nil {
		return Owner{}, err
	}
	account, user := grant.Account().ID().String(), grant.UPN().Name()
	owner, err := p.People.Claim(r.Context(), account, user, Owner{IdP: from.ID, Person: person, Since: p.Now()})
	if err != nil {
		return Owner{}, err
	}
	if owner.IdP != from.ID || owner.Person != person {
		return Owner{}, reason.New(reason.PrincipalTaken, "user %s of account %s belongs to %q of %s since %s, this is %q of %s by rule %q",
			user, account, owner.Person, owner.IdP, owner.Since.UTC().Format(time.RFC3339), person, from.ID, grant.Rule())
	}
	return owner, nil
}

// answer has the browser bring our response to Alibaba Cloud.
func (p portal) answer(r *http.Request, here visit, start userStart, grant mapping.UserGrant) (respond.Outcome, error) {
	authn := here.session.Identity().Authn(here.session.Began())
	form, err := p.Issuer.UserForm(r.Context(), grant, authn, start.Request, start.relay())
	if err != nil {
		return respond.Outcome{}, err
	}
	decision := audit.Of(r.Context())
	decision.Grant, decision.Rule, decision.Way = "acs:ram::"+start.Account+":user/"+grant.UPN().Name(), grant.Rule(), byBrowser
	return p.bring(r, here, form, grant.UPN().String())
}

func (p portal) confirmUser(r *http.Request, from trust.Source, here visit, start userStart, grant mapping.UserGrant) (respond.Outcome, error) {
	token, err := here.session.Masked(purposeForm, p.Random)
	if err != nil {
		return respond.Outcome{}, err
	}
	return p.render(r, here, page.Confirm{
		Account: grant.Account().Alias(), AccountID: start.Account, User: grant.UPN().String(), Start: start.Path(),
		Person: name(from, here.session.Identity()), To: start.to.String(), Token: token,
	})
}

// users are the rows of who the person is in which account, in order of their names.
func users(grants []mapping.UserGrant) []page.User {
	var all []page.User
	for _, g := range grants {
		id := g.Account().ID().String()
		all = append(all, page.User{
			Account: g.Account().Alias(), AccountID: id, Name: g.UPN().String(), Rule: g.Rule(), Link: session.Start{Account: id}.Path(),
		})
	}
	slices.SortFunc(all, func(a, b page.User) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.AccountID, b.AccountID))
	})
	return all
}
