package portal

import (
	"net/http"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// metadata serves what an account's RAM must know about us as its identity provider,
// for whoever sets that up there. It is no secret.
func (p portal) metadata(r *http.Request) (respond.Outcome, error) {
	account, err := p.believer(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	certificates, err := p.Certificates(r.Context())
	if err != nil {
		return respond.Outcome{}, err
	}
	xml, err := p.ours(account.Account()).Introduction(certificates).Metadata()
	if err != nil {
		return respond.Outcome{}, err
	}
	return respond.Document("application/samlmetadata+xml", xml), nil
}

// believer is the account of the path, if it takes us for an identity provider of its
// own. Its number alone names it: that is part of our entity ID.
func (p portal) believer(r *http.Request) (federation.AccountPart, error) {
	reading, err := p.Trust(r.Context())
	if err != nil {
		return federation.AccountPart{}, err
	}
	part, err := reading.Account(r.Context(), r.PathValue("account"))
	if err != nil {
		return federation.AccountPart{}, err
	}
	account := part.Account()
	if _, users := account.UserSSO(); !users && account.FederatedProvider().IsZero() {
		return federation.AccountPart{}, reason.New(reason.AccountUnknown, "account %s has neither federatedProvider nor userSSO", account.ID())
	}
	return part, nil
}

// ours is our side as the account's identity provider.
func (p portal) ours(account federation.Account) samldoc.OurIdP {
	return samldoc.OurIdP{Origin: p.URL, Account: account.ID(), International: account.Site() == federation.International}
}
