package issue

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// longestDestination counts a destination as it travels, escaped: in our own deep
// link, which a sign-in carries on (session.Target takes 2048 bytes), and in the
// console's address, which must leave room in the 8 KB that FC lets an answer's
// headers have.
const longestDestination = 1800

// Destination is a page of Alibaba Cloud's console. Only [ParseDestination]
// makes one; the zero value is the console's home.
type Destination struct{ address string }

// String returns the address, "" for the console's home.
func (d Destination) String() string { return d.address }

// consoles are the domains below which the console's pages live.
func consoles() []string { return []string{".console.aliyun.com", ".console.alibabacloud.com"} }

// ParseDestination checks where a person wants to go after the sign-in: to a
// console page over https, or nowhere in particular (""). All else is refused as
// [reason.TargetNotAllowed]; an open redirect behind a sign-in is a gift to
// phishers.
func ParseDestination(text string) (Destination, error) {
	if text == "" {
		return Destination{}, nil
	}
	u, err := url.Parse(text)
	if err != nil || len(url.QueryEscape(text)) > longestDestination {
		return Destination{}, reason.New(reason.TargetNotAllowed, "%.200q is no address of up to %d bytes, escaped", text, longestDestination)
	}
	if u.Scheme != "https" || u.User != nil || !isConsole(u.Host) || strings.ContainsFunc(text, unusual) {
		return Destination{}, reason.New(reason.TargetNotAllowed, "%.200q is no page of the console", text)
	}
	return Destination{text}, nil
}

// isConsole compares whole labels, and takes only hosts that are plain names
// without a port.
func isConsole(host string) bool {
	host = strings.ToLower(host)
	for _, domain := range consoles() {
		if name, ok := strings.CutSuffix(host, domain); ok {
			return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" &&
				!strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".") && !strings.Contains(name, "..")
		}
	}
	return false
}

// unusual characters are read differently by browsers and by net/url: a
// backslash is a slash to one and not to the other.
func unusual(c rune) bool { return c <= ' ' || c >= 0x7f || c == '\\' }

// ConsoleURL returns an address that opens the console as made, once and within
// 30 seconds: it belongs into the Location of the answer to a click, and into no
// log. loginURL is where the console sends the person when the session ends.
func (i Issuer) ConsoleURL(ctx context.Context, made ram.Credentials, site federation.Site, to Destination, loginURL string) (string, error) {
	federate := i.SigninOrigin(site) + "/federation"
	token, err := i.signinToken(ctx, federate, made)
	if err != nil {
		return "", reason.New(reason.ConsoleUnavailable, "%w", err)
	}
	if to.address == "" {
		to.address = home(site)
	}
	query := url.Values{"Action": {"Login"}, "LoginUrl": {loginURL}, "Destination": {to.address}, "SigninToken": {token}}
	return federate + "?" + query.Encode(), nil
}

// signinToken posts the credentials: in a query they would end up in logs.
func (i Issuer) signinToken(ctx context.Context, address string, made ram.Credentials) (string, error) {
	form := url.Values{
		"Action":          {"GetSigninToken"},
		"AccessKeyId":     {made.AccessKeyID},
		"AccessKeySecret": {made.AccessKeySecret.Reveal()},
		"SecurityToken":   {made.SecurityToken.Reveal()},
		"TicketType":      {"mini"}, // the only value that the documentation names
	}
	var answer struct{ SigninToken string }
	err := i.config.API.Post(ctx, address, form, &answer, made.AccessKeySecret, made.SecurityToken)
	if err == nil && answer.SigninToken == "" {
		err = errors.New("GetSigninToken: the answer has no token")
	}
	return answer.SigninToken, err
}

// SigninOrigin is where the console's sign-in of a site is.
func (i Issuer) SigninOrigin(site federation.Site) string {
	switch {
	case i.config.SigninEndpoint != "":
		return i.config.SigninEndpoint
	case site == federation.International:
		return "https://signin.alibabacloud.com"
	default:
		return "https://signin.aliyun.com"
	}
}

func home(site federation.Site) string {
	if site == federation.International {
		return "https://home.console.alibabacloud.com/"
	}
	return "https://home.console.aliyun.com/"
}
