package portal

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// start is the first page: the roles of who is signed in, else the ways to sign
// in.
func (p portal) start(r *http.Request) (respond.Outcome, error) {
	here, err := p.visit(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	query := r.URL.Query()
	if here.session.IsZero() && query.Has("signedout") {
		return p.render(r, here, page.SignedOut{Everywhere: query.Get("signedout") == signedOutEverywhere})
	}
	reading, err := p.Trust(r.Context())
	if err != nil {
		return respond.Outcome{}, err
	}
	switch {
	case here.session.IsZero():
		return p.signIn(r, reading, here, query.Get("to"))
	case here.asks():
		return p.askWho(r, reading, here)
	default:
		return p.list(r, reading, here)
	}
}

// signIn leads to the identity provider, or asks which.
func (p portal) signIn(r *http.Request, reading Reading, here visit, to string) (respond.Outcome, error) {
	target, err := session.Target(to)
	if err != nil {
		return respond.Outcome{}, err
	}
	sources, err := waysIn(r.Context(), reading, target)
	if err != nil {
		return respond.Outcome{}, err
	}
	email := strings.TrimSpace(r.URL.Query().Get("email"))
	if s, ok := answersFor(sources, email); ok {
		return respond.SeeOther(loginLink(s, target)), nil
	}
	if len(sources) == 1 && email == "" {
		return respond.SeeOther(loginLink(sources[0], target)), nil
	}
	view := page.Chooser{Email: email, Options: options(sources, session.BrowserOf(r).LastIdP(), target)}
	view.ByEmail = slices.ContainsFunc(sources, func(s federation.Listed) bool { return len(s.EmailDomains) > 0 })
	if account, role, ok := linked(target); ok {
		view.To, view.Account, view.Role = target, account, role
	}
	if account, ok := startedAt(target); ok {
		view.To = target
		if view.Account, err = accountCalled(r.Context(), reading, account); err != nil {
			return respond.Outcome{}, err
		}
	}
	return p.render(r, here, view)
}

// answersFor finds the identity provider of an e-mail address's domain, which is what
// follows the last @ (RFC 5322 3.4.1); no other has that domain.
func answersFor(sources []federation.Listed, email string) (federation.Listed, bool) {
	at := strings.LastIndexByte(email, '@')
	i := slices.IndexFunc(sources, func(s federation.Listed) bool {
		return slices.ContainsFunc(s.EmailDomains, func(d string) bool { return strings.EqualFold(d, email[at+1:]) })
	})
	if at < 0 || i < 0 {
		return federation.Listed{}, false
	}
	return sources[i], true
}

// options stand in order of their names, the last used one first.
func options(sources []federation.Listed, last, target string) []page.Option {
	sources = slices.Clone(sources)
	slices.SortStableFunc(sources, func(a, b federation.Listed) int {
		if a.ID == last || b.ID == last {
			return cmp.Compare(rank(a, last), rank(b, last))
		}
		return strings.Compare(strings.ToLower(a.DisplayName), strings.ToLower(b.DisplayName))
	})
	all := make([]page.Option, 0, len(sources))
	for _, s := range sources {
		all = append(all, page.Option{Name: s.DisplayName, Link: loginLink(s, target), Last: s.ID == last})
	}
	return all
}

func rank(s federation.Listed, last string) int {
	if s.ID == last {
		return 0
	}
	return 1
}

func loginLink(s federation.Listed, target string) string {
	link := loginPath(s.Kind, s.ID)
	if target != "/" {
		link += "?" + url.Values{"to": {target}}.Encode()
	}
	return link
}

// loginPath is where a sign-in begins: each protocol has a function of its own, whose
// routes begin with its name.
func loginPath(kind trust.Kind, idp string) string { return "/" + string(kind) + "/" + idp + "/login" }

// linked reads which role a deep link names.
func linked(target string) (account, role string, ok bool) {
	u, err := url.Parse(target)
	if err != nil {
		return "", "", false
	}
	rest, ok := strings.CutPrefix(u.Path, "/go/")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}

// list shows what the person may become at this moment.
func (p portal) list(r *http.Request, reading Reading, here visit) (respond.Outcome, error) {
	note(r, here.session)
	who := here.session.Identity()
	rev, from, err := p.rules(r.Context(), reading, here.session)
	if err != nil {
		return respond.Outcome{}, err
	}
	token, err := here.session.Masked(purposeForm, p.Random)
	if err != nil {
		return respond.Outcome{}, err
	}
	decided := mapping.Decide(rev, who, p.circumstances(r, here))
	noteAudit(r, decided.Trace.Auditors())
	given := len(decided.Grants)
	people, err := p.allowed(r.Context(), slices.DeleteFunc(decided.Grants, func(g mapping.Grant) bool { return forPrograms(g, who) }))
	if err != nil {
		return respond.Outcome{}, err
	}
	list := page.Roles{
		Person: name(from, who), IdP: from.DisplayName, Ends: here.session.Ends(), Idle: here.session.Idles(), Token: token, Fleeting: here.session.Person() == "",
		Accounts: byAccount(people), Count: len(people), Programs: given - len(people),
		Users: users(decided.Users), Again: offers(from, decided.StepUps), Nearly: nearly(decided.Near), Received: received(who),
	}
	marks(&list, here.session.Known())
	return p.render(r, here, list)
}

func (p portal) circumstances(r *http.Request, here visit) mapping.Context {
	return mapping.Context{Now: p.Now(), SourceIP: p.SourceIP(r.Context()), Ends: here.session.Ends()}
}

// byAccount groups grants, both levels in order of their names.
func byAccount(grants []mapping.Grant) []page.Account {
	accounts := map[string]*page.Account{}
	var all []*page.Account
	for _, g := range grants {
		id := g.Role().Account().String()
		account, ok := accounts[id]
		if !ok {
			account = &page.Account{Alias: g.Account().Alias(), ID: id}
			accounts[id] = account
			all = append(all, account)
		}
		account.Roles = append(account.Roles, page.Role{
			Name: g.Role().Name(), ARN: g.Role().String(), Link: deepLink(g.Account(), g.Role(), issue.Destination{}), Rule: g.Rule(), Length: length(g.Length()),
			Account: account.Alias, AccountID: account.ID,
		})
	}
	slices.SortFunc(all, func(a, b *page.Account) int {
		return cmp.Or(cmp.Compare(unnamed(a.Alias), unnamed(b.Alias)), strings.Compare(a.Alias, b.Alias), strings.Compare(a.ID, b.ID))
	})
	sorted := make([]page.Account, 0, len(all))
	for _, a := range all {
		slices.SortFunc(a.Roles, func(x, y page.Role) int { return strings.Compare(x.Name, y.Name) })
		sorted = append(sorted, *a)
	}
	return sorted
}

// unnamed puts accounts without an alias last.
func unnamed(alias string) int {
	if alias == "" {
		return 1
	}
	return 0
}

// received is what the identity provider said, for its owner alone.
func received(who validate.Identity) []page.Received {
	var all []page.Received
	for _, name := range who.AttributeNames() {
		all = append(all, page.Received{Name: name, Values: who.Attribute(name)})
	}
	return all
}
