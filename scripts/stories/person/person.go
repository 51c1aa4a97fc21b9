// Package person walks a demo user through the bundle by plain HTTP, with a
// browser that has no JavaScript: every page must work that way.
//
// In: a running local stack and who signs in. Out: the pages on the way and the
// credentials at its end. Whatever is not as a person would need it is an error
// that names the page and its status.
package person

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
)

// Person is a demo user at a browser.
type Person struct {
	*browser.Browser

	stack stack.Ready
	idp   string
	name  string
}

// Credentials is what the credentials page hands out.
type Credentials struct {
	AccessKeyID     string    `json:"AccessKeyId"`
	AccessKeySecret string    `json:"AccessKeySecret"`
	SecurityToken   string    `json:"SecurityToken"`
	Expiration      time.Time `json:"Expiration"`
}

// New is user name of identity provider idp, with a browser of their own.
func New(ready stack.Ready, idp, name string) *Person {
	return &Person{Browser: browser.New(nil), stack: ready, idp: idp, name: name}
}

// SignIn begins at the bundle's start page and ends at the roles.
func (p *Person) SignIn(ctx context.Context) (*browser.Page, error) {
	start, err := p.Open(ctx, p.stack.URL+"/")
	if err != nil {
		return nil, err
	}
	return p.Choose(ctx, start)
}

// Choose takes the person's identity provider on the chooser and signs in there.
func (p *Person) Choose(ctx context.Context, chooser *browser.Page) (*browser.Page, error) {
	form, err := p.Leave(ctx, chooser)
	if err != nil {
		return nil, err
	}
	return p.Authenticate(ctx, form)
}

// Leave takes the person's identity provider on the chooser, and ends at its form.
func (p *Person) Leave(ctx context.Context, chooser *browser.Page) (*browser.Page, error) {
	login := regexp.MustCompile("/(saml|oidc)/" + regexp.QuoteMeta(p.idp) + "/login")
	for _, link := range chooser.Links {
		if login.MatchString(link) {
			return p.Follow(ctx, chooser, link)
		}
	}
	return nil, fmt.Errorf("the page at %s (status %d) offers no %q", chooser.URL, chooser.Status, p.idp)
}

// Authenticate fills in the identity provider's form and carries its answer to
// the bundle, where redirects do not.
func (p *Person) Authenticate(ctx context.Context, form *browser.Page) (*browser.Page, error) {
	answer, err := p.Answer(ctx, form)
	if err != nil {
		return nil, err
	}
	return p.Deliver(ctx, answer)
}

// Answer fills in the identity provider's form and stops at the page that would
// carry its answer to the bundle: by OpenID Connect there is none, and the person
// is back already.
func (p *Person) Answer(ctx context.Context, form *browser.Page) (*browser.Page, error) {
	if _, err := form.Form("/acs"); err == nil || p.isBack(form) {
		return form, nil // signed in already
	}
	signIn, err := form.Form("/signin")
	if err != nil {
		return nil, err
	}
	password, err := p.password()
	if err != nil {
		return nil, err
	}
	return p.Submit(ctx, form, signIn, url.Values{"username": {p.name}, "password": {password}})
}

// Deliver submits the identity provider's answer.
func (p *Person) Deliver(ctx context.Context, answer *browser.Page) (*browser.Page, error) {
	if p.isBack(answer) {
		return answer, nil
	}
	form, err := answer.Form("/acs")
	if err != nil {
		return nil, err
	}
	return p.Submit(ctx, answer, form, nil)
}

// isBack: the page is not the identity provider's any more.
func (p *Person) isBack(page *browser.Page) bool {
	home, err := p.home()
	return err == nil && page.URL.Host != home.Host
}

// StartAtIdP begins at the identity provider's own page.
func (p *Person) StartAtIdP(ctx context.Context) (*browser.Page, error) {
	portal, err := p.atIdP(ctx)
	if err != nil {
		return nil, err
	}
	for _, link := range portal.Links {
		if strings.Contains(link, "/start") || strings.Contains(link, "/login") {
			return p.Follow(ctx, portal, link)
		}
	}
	return nil, fmt.Errorf("%s has no tile", portal.URL)
}

// SignOutAtIdP signs out at the identity provider, carries its request to the
// bundle and the bundle's answer back, and ends at what the identity provider
// says then.
func (p *Person) SignOutAtIdP(ctx context.Context) (*browser.Page, error) {
	page, err := p.atIdP(ctx)
	for _, action := range []string{"/signout", "/slo", "/slo"} {
		if err != nil {
			return nil, err
		}
		form, missing := page.Form(action)
		if missing != nil {
			return nil, missing
		}
		page, err = p.Submit(ctx, page, form, nil)
	}
	return page, err
}

func (p *Person) atIdP(ctx context.Context) (*browser.Page, error) {
	home, err := p.home()
	if err != nil {
		return nil, err
	}
	return p.Open(ctx, home.Scheme+"://"+home.Host+"/")
}

// home is an address of the identity provider.
func (p *Person) home() (*url.URL, error) {
	idp, err := p.provider()
	if err != nil {
		return nil, err
	}
	return url.Parse(cmp.Or(idp.MetadataURL, idp.Issuer))
}

// Credentials takes the credentials of a role, by its ARN, on the roles page.
func (p *Person) Credentials(ctx context.Context, roles *browser.Page, arn string) (Credentials, error) {
	page, err := p.Take(ctx, roles, "/credentials", arn)
	if err != nil {
		return Credentials{}, err
	}
	if page.Status != http.StatusOK {
		return Credentials{}, fmt.Errorf("credentials of %s: status %d, %s", arn, page.Status, Reason(page))
	}
	return credentialsOf(page)
}

// Take takes one role of the roles page: /credentials by its button, /console by the link
// that stands before it.
func (p *Person) Take(ctx context.Context, roles *browser.Page, action, arn string) (*browser.Page, error) {
	form, buttons := offered(roles)
	i := slices.IndexFunc(buttons, func(b browser.Button) bool { return b.Value == arn })
	opens := roles.URL.Scheme + "://" + roles.URL.Host + "/go/"
	links := slices.DeleteFunc(slices.Clone(roles.Links), func(link string) bool { return !strings.HasPrefix(link, opens) })
	switch {
	case i < 0 || len(links) != len(buttons):
		return nil, fmt.Errorf("%s (status %d) has no %s, or not one for each of %d roles: %d", roles.URL, roles.Status, arn, len(buttons), len(links))
	case action == "/credentials":
		return p.Submit(ctx, roles, form.By(buttons[i]), nil)
	case action == "/console":
		return p.Follow(ctx, roles, links[i])
	}
	return nil, fmt.Errorf("%s is nothing that can be done with a role", action)
}

// Roles lists the ARNs on a roles page, each once.
func Roles(page *browser.Page) []string {
	var arns []string
	_, buttons := offered(page)
	for _, b := range buttons {
		if !slices.Contains(arns, b.Value) {
			arns = append(arns, b.Value)
		}
	}
	return arns
}

// offered are the buttons of a roles page that give a role, with their form.
func offered(page *browser.Page) (browser.Form, []browser.Button) {
	form, err := page.Form("/credentials")
	if err != nil {
		return browser.Form{}, nil
	}
	return form, slices.DeleteFunc(slices.Clone(form.Buttons), func(b browser.Button) bool { return b.Name != "role" })
}

// Reason returns the code that a refusal page shows, or "".
func Reason(page *browser.Page) string {
	found := regexp.MustCompile(`<dd><code>([a-z_]+)</code></dd>`).FindStringSubmatch(page.Body)
	if found == nil {
		return ""
	}
	return found[1]
}

func (p *Person) provider() (stack.IDP, error) {
	for _, one := range p.stack.IDPs {
		if one.ID == p.idp {
			return one, nil
		}
	}
	return stack.IDP{}, fmt.Errorf("the stack has no identity provider %q", p.idp)
}

func (p *Person) password() (string, error) {
	idp, err := p.provider()
	if err != nil {
		return "", err
	}
	for _, user := range idp.Users {
		if user.Username == p.name {
			return user.Password, nil
		}
	}
	return "", fmt.Errorf("identity provider %q has no user %q", p.idp, p.name)
}

// credentialsOf reads the JSON tab.
func credentialsOf(page *browser.Page) (Credentials, error) {
	decoder := xml.NewDecoder(strings.NewReader(page.Body))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return Credentials{}, errors.New("the page has no JSON tab")
		}
		if err != nil {
			return Credentials{}, err
		}
		start, ok := token.(xml.StartElement)
		if !ok || !hasID(start, "text-json") {
			continue
		}
		var text string
		if err := decoder.DecodeElement(&text, &start); err != nil {
			return Credentials{}, err
		}
		var credentials Credentials
		return credentials, json.Unmarshal([]byte(text), &credentials)
	}
}

func hasID(element xml.StartElement, id string) bool {
	for _, a := range element.Attr {
		if a.Name.Local == "id" && a.Value == id {
			return true
		}
	}
	return false
}
