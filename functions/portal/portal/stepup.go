package portal

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// stepUpLink leads to the identity provider for a sign-in that is enough for the
// role, or the user. It names the role, or the account, alone; what to ask its rule says
// over there.
func stepUpLink(from trust.Source, step mapping.StepUp, target string) string {
	what := step.Role.String()
	if step.Role.IsZero() {
		what = step.Account.ID().String()
	}
	return loginPath(from.Kind(), from.ID) + "?" + url.Values{"to": {target}, "stepup": {what}}.Encode()
}

// again is the answer where only another sign-in stands before a role or a user: the way
// there, and for a form, or a wish that is not surely the person's own, a page
// first. A form's answer cannot lead there: browsers apply its page's form-action
// to redirects too, and that page knows the console's hosts alone.
func (p portal) again(r *http.Request, from trust.Source, here visit, taking taken, target string) (respond.Outcome, error) {
	step := taking.StepUp
	audit.Of(r.Context()).StepUp = step.Rule
	link := stepUpLink(from, step, target)
	if p.ownWish(r) {
		return here.keep(respond.SeeOther(link)), nil
	}
	who := here.session.Identity()
	outcome, err := p.render(r, here, page.StepUp{
		Account: step.Account.Alias(), AccountID: step.Account.ID().String(), Role: step.Role.Name(), User: step.User.String(),
		Person: name(from, who), IdP: from.DisplayName, Link: link, Over: !taking.Grant.IsZero(),
		Proof: page.Proof{Classes: step.ACR, MaxAge: step.MaxAge, Class: who.AuthnContext(), At: who.AuthenticatedAt()},
	})
	return outcome.WithStatus(http.StatusForbidden), err
}

// offers are what of the list needs another sign-in.
func offers(from trust.Source, steps []mapping.StepUp) []page.Again {
	var all []page.Again
	for _, step := range steps {
		name, target := step.Role.Name(), "/"
		if step.Role.IsZero() {
			name, target = step.User.String(), session.Start{Account: step.Account.ID().String()}.Path()
		}
		all = append(all, page.Again{
			Account: step.Account.Alias(), AccountID: step.Account.ID().String(),
			Name: name, Rule: step.Rule, Fresh: step.Force, Link: stepUpLink(from, step, target),
		})
	}
	return all
}

// noteAudit puts the audit rules that would have given something into the
// decision.
func noteAudit(r *http.Request, rules []string) {
	audit.Of(r.Context()).AuditRules = strings.Join(rules, "; ")
}
