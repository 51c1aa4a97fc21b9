package portal

import (
	"net/http"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/respond"
)

// byBrowser is the one way into the console on which the browser carries a proof of the
// role; else it carries an address that opens the console once.
const byBrowser = "response"

// enter goes on into the console, in the way that the role's account declares. Who has
// our response may take it to STS as well, so it goes through the browser only where it
// says no more than the rule: else credentials are made here, and the browser gets what
// they open.
func (p portal) enter(r *http.Request, here visit, taking taken, to issue.Destination) (respond.Outcome, error) {
	taking, err := p.within(r, taking)
	if err != nil {
		return respond.Outcome{}, err
	}
	outcome, err := p.way(r, here, taking, to)
	if err == nil {
		p.remember(r, here.session, taking.Grant.Role())
	}
	return outcome, err
}

func (p portal) way(r *http.Request, here visit, taking taken, to issue.Destination) (respond.Outcome, error) {
	if grant := taking.Grant; grant.Account().Issue() == federation.Federated && grant.IsWhole() {
		return p.post(r, here, grant, to)
	}
	return p.redirect(r, here, taking, to)
}

// within is the grant within what RAM was last seen to let its role last.
func (p portal) within(r *http.Request, taking taken) (taken, error) {
	within, err := p.allowed(r.Context(), []mapping.Grant{taking.Grant})
	if err != nil {
		return taken{}, err
	}
	taking.Grant = within[0]
	return taking, nil
}

// post has the browser bring our response to Alibaba Cloud, which makes a console
// session of it without a call of ours.
func (p portal) post(r *http.Request, here visit, grant mapping.Grant, to issue.Destination) (respond.Outcome, error) {
	form, err := p.Issuer.RoleForm(r.Context(), grant, here.session.Identity().Authn(here.session.Began()), to)
	if err != nil {
		return respond.Outcome{}, err
	}
	noteGrant(r, grant, grant.Length(), byBrowser)
	return p.bring(r, here, form, roleCalled(grant))
}

// bring is the page on which the browser brings our response.
func (p portal) bring(r *http.Request, here visit, form issue.Form, as string) (respond.Outcome, error) {
	fields := []page.Field{{Name: "SAMLResponse", Value: form.SAMLResponse.Reveal()}}
	if form.RelayState != "" {
		fields = append(fields, page.Field{Name: "RelayState", Value: form.RelayState})
	}
	return p.render(r, here, page.Entry{Action: form.Action, As: as, Fields: fields})
}

// redirect goes on with credentials that were made here. The address signs in whoever
// has it, once and for half a minute: it goes out as a redirect alone.
func (p portal) redirect(r *http.Request, here visit, taking taken, to issue.Destination) (respond.Outcome, error) {
	made, err := p.made(r, here, taking)
	if err != nil {
		return respond.Outcome{}, err
	}
	grant := taking.Grant
	address, err := p.Issuer.ConsoleURL(r.Context(), made.Credentials, grant.Account().Site(), to, p.URL+deepLink(grant.Account(), grant.Role(), issue.Destination{}))
	if err != nil {
		return respond.Outcome{}, err
	}
	return here.keep(respond.SeeOther(address)), nil
}

// made are credentials of the granted role: for their owner, or to open the console with.
func (p portal) made(r *http.Request, here visit, taking taken) (issue.Issued, error) {
	made, err := p.Issuer.Issue(r.Context(), taking.Grant, taking.proof, here.session.Identity().Authn(here.session.Began()))
	if err == nil {
		noteGrant(r, taking.Grant, made.Length, string(taking.Grant.Account().Issue()))
	}
	return made, err
}

func noteGrant(r *http.Request, grant mapping.Grant, length mapping.Length, way string) {
	decision := audit.Of(r.Context())
	decision.Grant, decision.Length, decision.Way = grant.Role().String(), length.String(), way
}

// roleCalled is what a person is told of a role.
func roleCalled(grant mapping.Grant) string {
	account := grant.Account()
	if account.Alias() == "" {
		return grant.Role().Name() + " (" + account.ID().String() + ")"
	}
	return grant.Role().Name() + " (" + account.Alias() + ", " + account.ID().String() + ")"
}
