package samldoc

import (
	"crypto/x509"
	"errors"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// OurIdP is us as an identity provider of one Alibaba Cloud account. Each account is
// told of an entity ID of its own, so that a response for one is none for another.
type OurIdP struct {
	Origin        string // https://SSO_DOMAIN
	Account       ram.AccountID
	International bool // the site that the account belongs to
}

// EntityID is what the account's RAM knows us by, and where our metadata is.
func (p OurIdP) EntityID() string { return p.base() + "/metadata" }

// SSOURL is where Alibaba Cloud sends people to sign in as a RAM user.
func (p OurIdP) SSOURL() string { return p.base() + "/sso" }

func (p OurIdP) base() string { return p.Origin + "/idp/" + p.Account.String() }

// Introduction is what the account's RAM must know of us: the certificates that are
// published, the one whose key signs first. A key file may have one more than RAM takes,
// until somebody writes down which of its keys comes next.
func (p OurIdP) Introduction(certificates []*x509.Certificate) Introduction {
	certificates = certificates[:min(len(certificates), maxIntroduced)]
	return Introduction{EntityID: p.EntityID(), Certificates: certificates, SSO: []Endpoint{
		{Binding: bindingRedirect, Location: p.SSOURL()}, {Binding: bindingPOST, Location: p.SSOURL()},
	}}
}

func (p OurIdP) check() error {
	if p.Account.IsZero() || !strings.Contains(p.Origin, "://") || strings.HasSuffix(p.Origin, "/") {
		return errors.New("samldoc: our side has no account, or no origin")
	}
	return legal(p.Origin)
}

// cloud is a service provider of Alibaba Cloud's. Its addresses are constants: no
// request has a say in where an answer goes.
type cloud struct{ entityID, acsURL string }

// roleSSO signs people in as roles, of whichever account.
func (p OurIdP) roleSSO() cloud {
	if p.International {
		return cloud{"urn:alibaba:cloudcomputing:international", "https://signin.alibabacloud.com/saml-role/sso"}
	}
	return cloud{"urn:alibaba:cloudcomputing", "https://signin.aliyun.com/saml-role/sso"}
}

// userSSO signs people in as RAM users of the account.
//
// Its documentation writes the entity ID for a Recipient too. Its metadata has one
// address for all accounts, and what products send, and what SAML demands
// (saml-profiles 4.1.4.2), is that.
func (p OurIdP) userSSO() cloud {
	host := "https://signin.aliyun.com/"
	if p.International {
		host = "https://signin-intl.aliyun.com/"
	}
	return cloud{host + p.Account.String() + "/saml/SSO", host + "saml/SSO"}
}
