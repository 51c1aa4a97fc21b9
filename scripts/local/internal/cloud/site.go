package cloud

import (
	"net"
	"slices"
	"strings"
)

// site is one of Alibaba Cloud's two: each has sign-in hosts, and a name as service
// provider, of its own. They are constants, wherever the emulated host listens: what
// is posted to it is addressed to the real one, as it would be in life.
type site struct {
	roleHost, userHost string // of role-based and of user-based SSO
	audience           string // of role-based SSO
	home               string // the console
}

func china() site {
	return site{"signin.aliyun.com", "signin.aliyun.com", "urn:alibaba:cloudcomputing", "home.console.aliyun.com/"}
}

func international() site {
	return site{"signin.alibabacloud.com", "signin-intl.aliyun.com", "urn:alibaba:cloudcomputing:international", "home.console.alibabacloud.com/"}
}

// sitesAt are the sites that a request's host stands for. The real names stand for
// their own; an address of this machine stands for both.
func sitesAt(host string) []site {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	all := []site{china(), international()}
	if i := slices.IndexFunc(all, func(s site) bool { return strings.EqualFold(host, s.roleHost) || strings.EqualFold(host, s.userHost) }); i >= 0 {
		return all[i : i+1]
	}
	return all
}

func (s site) roleACS() string { return "https://" + s.roleHost + "/saml-role/sso" }

// userACS is where responses of all accounts are posted to.
func (s site) userACS() string { return "https://" + s.userHost + "/saml/SSO" }

// userEntity is the service provider that an account is.
func (s site) userEntity(account string) string {
	return "https://" + s.userHost + "/" + account + "/saml/SSO"
}
