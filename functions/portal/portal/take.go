package portal

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// open is a deep link: https://sso.acme.com/go/acme-prod/admin. It goes straight
// on from a bookmark, from our own pages and from a sign-in that was begun for
// it; a link from elsewhere needs a click, so that no page opens a console
// behind a person's back.
func (p portal) open(r *http.Request) (respond.Outcome, error) {
	destination, err := issue.ParseDestination(r.URL.Query().Get("to"))
	if err != nil {
		return respond.Outcome{}, err
	}
	here, err := p.visit(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	reading, err := p.Trust(r.Context())
	if err != nil {
		return respond.Outcome{}, err
	}
	switch {
	case here.session.IsZero():
		return p.signIn(r, reading, here, plainLink(r.URL))
	case here.asks():
		return p.askWho(r, reading, here)
	}
	note(r, here.session)
	rev, from, err := p.rules(r.Context(), reading, here.session)
	if err != nil {
		return respond.Outcome{}, err
	}
	role, err := roleOf(rev, r.PathValue("account"), r.PathValue("role"))
	if err != nil {
		return respond.Outcome{}, err
	}
	taking, err := p.take(r, rev, here, role)
	if reason.Of(err) == reason.StepUpNeeded {
		return p.again(r, from, here, taking, plainLink(r.URL))
	}
	if err != nil {
		return respond.Outcome{}, err
	}
	if p.ownWish(r) || r.Method == http.MethodGet && here.session.Opens(r.URL, p.Now()) {
		return p.enter(r, here, taking, destination)
	}
	return p.confirm(r, from, here, taking.Grant, destination)
}

// ownWish says whether this is a person's own navigation: not a foreign page's
// link, not a browser that looks ahead, and not a program that only looks. Who asks for
// the page that asks in another language has not answered it yet. A browser without
// Sec-Fetch-Site is believed about the page that it comes from: a foreign page can hide
// its address, but not put ours there.
func (p portal) ownWish(r *http.Request) bool {
	if r.Method != http.MethodGet || r.Header.Get("Sec-Purpose") != "" || r.URL.Query().Has(langParam) {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "none", "same-origin":
		return true
	case "":
		return strings.HasPrefix(r.Header.Get("Referer"), p.URL+"/")
	default:
		return false
	}
}

// plainLink is a deep link with all that it is made of: what others hung on it
// would only make it too long to be carried through a sign-in.
func plainLink(u *url.URL) string {
	query := url.Values{}
	if to := u.Query().Get("to"); to != "" {
		query.Set("to", to)
	}
	link := url.URL{Path: u.Path, RawQuery: query.Encode()}
	return link.RequestURI()
}

// roleOf reads a deep link's account, by alias or number, and role. An account
// that no rule for these people names, or the federation does not have, is a role
// that they are not given: who asks learns no more.
func roleOf(rev federation.Revision, account, role string) (ram.RoleARN, error) {
	a, ok := rev.AccountNamed(account)
	if !ok {
		return ram.RoleARN{}, reason.New(reason.RoleNotGranted, "account %q is in none of the rules", account)
	}
	arn, err := ram.ParseRoleARN("acs:ram::" + a.ID().String() + ":role/" + role)
	if err != nil {
		return ram.RoleARN{}, reason.New(reason.RoleNotGranted, "%q is no role: %w", role, err)
	}
	return arn, nil
}

// taken is what came of a person's wish for one role, with the proof that STS is to be
// shown, where the role's account wants that.
type taken struct {
	mapping.Taking

	proof issue.Proof
}

// take asks the rules of this moment, whatever the page said when it was made.
func (p portal) take(r *http.Request, rev federation.Revision, here visit, role ram.RoleARN) (taken, error) {
	audit.Of(r.Context()).Revision = rev.ID()
	taking, err := mapping.Take(rev, here.session.Identity(), p.circumstances(r, here), role)
	noteAudit(r, taking.Audit)
	if err != nil || !showsToken(taking.Grant, here.session.Identity()) {
		return taken{Taking: taking}, err
	}
	return p.withToken(r, here, taking)
}

func (p portal) confirm(r *http.Request, from trust.Source, here visit, grant mapping.Grant, to issue.Destination) (respond.Outcome, error) {
	token, err := here.session.Masked(purposeForm, p.Random)
	if err != nil {
		return respond.Outcome{}, err
	}
	return p.render(r, here, page.Confirm{
		Account: grant.Account().Alias(), AccountID: grant.Role().Account().String(),
		Role: grant.Role().Name(), ARN: grant.Role().String(), Person: name(from, here.session.Identity()), To: to.String(), Token: token,
		Console: p.Issuer.SigninOrigin(grant.Account().Site()),
	})
}

// console takes a role from the list or the question, and opens its console.
func (p portal) console(r *http.Request) (respond.Outcome, error) {
	o, err := p.order(r)
	if err != nil && reason.Of(err) != reason.StepUpNeeded {
		return respond.Outcome{}, towards(err, roleWanted(o.form, true))
	}
	to, wrong := issue.ParseDestination(o.form.Get("to"))
	if wrong != nil {
		return respond.Outcome{}, wrong
	}
	if err != nil {
		return p.again(r, o.from, o.here, o.taking, deepLink(o.taking.StepUp.Account, o.taking.StepUp.Role, to))
	}
	if o.stale {
		return p.confirm(r, o.from, o.here, o.taking.Grant, to)
	}
	return p.enter(r, o.here, o.taking, to)
}

// credentials takes a role from the list and shows its STS token to its owner.
func (p portal) credentials(r *http.Request) (respond.Outcome, error) {
	o, err := p.order(r)
	switch {
	case o.stale:
		return o.here.keep(respond.SeeOther("/")), nil
	case reason.Of(err) == reason.StepUpNeeded:
		return p.again(r, o.from, o.here, o.taking, "/")
	case err != nil:
		return respond.Outcome{}, towards(err, roleWanted(o.form, false))
	}
	given, err := p.within(r, o.taking)
	if err != nil {
		return respond.Outcome{}, err
	}
	made, err := p.made(r, o.here, given)
	if err != nil {
		return respond.Outcome{}, err
	}
	grant := given.Grant
	p.remember(r, o.here.session, grant.Role())
	return p.render(r, o.here, page.Credentials{
		Account: grant.Account().Alias(), AccountID: grant.Role().Account().String(),
		Role: grant.Role().Name(), ARN: grant.Role().String(), Rule: grant.Rule(), SessionName: grant.SessionName(),
		Expires: made.Expiration, Length: length(made.Length), Snippets: page.Snippets(page.Key{
			ID: made.AccessKeyID, Secret: made.AccessKeySecret.Reveal(), Token: made.SecurityToken.Reveal(), Expires: made.Expiration,
			Profile: grant.Account().Name() + "-" + grant.Role().Name(), Region: region(grant.Account().Site()),
		}),
	})
}

// order is a form with a role, and what came of it.
type order struct {
	here   visit
	from   trust.Source
	taking taken
	form   url.Values
	stale  bool // of a page of another session: nothing is to be done for it
}

// order is the walk that every form with a role takes: our page, this session,
// a rule.
func (p portal) order(r *http.Request) (order, error) {
	form, err := p.readForm(r)
	if err != nil {
		return order{}, err
	}
	here, err := p.require(r)
	if err != nil {
		return order{form: form}, err
	}
	stale, err := here.own(r, purposeForm, form.Get("token"))
	if err != nil {
		return order{}, err
	}
	role, err := ram.ParseRoleARN(form.Get("role"))
	if err != nil {
		return order{}, reason.New(reason.RequestMalformed, "role: %w", err)
	}
	reading, err := p.Trust(r.Context())
	if err != nil {
		return order{}, err
	}
	rev, from, err := p.rules(r.Context(), reading, here.session)
	if err != nil {
		return order{}, err
	}
	taking, err := p.take(r, rev, here, role)
	return order{here, from, taking, form, stale}, err
}

// deepLink is the address that leads to a role for as long as there is one, and
// to a page of its console.
func deepLink(account federation.Account, role ram.RoleARN, to issue.Destination) string {
	return linkTo(account.Name(), role, to)
}

func linkTo(account string, role ram.RoleARN, to issue.Destination) string {
	link := "/go/" + url.PathEscape(account) + "/" + url.PathEscape(role.Name())
	if to.String() == "" {
		return link
	}
	return link + "?" + url.Values{"to": {to.String()}}.Encode()
}

// region is what the CLI wants to be told though the token holds everywhere.
func region(site federation.Site) string {
	if site == federation.International {
		return "ap-southeast-1"
	}
	return "cn-hangzhou"
}
