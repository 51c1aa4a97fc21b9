package idp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

// signout ends the session here and, where the service provider takes logout
// requests, there: the browser carries ours to it (saml-profiles 4.4).
func (p *IdP) signout(w http.ResponseWriter, r *http.Request) {
	if who, signedIn := p.desk.End(w, r); signedIn {
		sp, err := p.fetchSP(r.Context())
		if err == nil && sp.slo != "" {
			p.askLogout(w, sp, who)
			return
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (p *IdP) askLogout(w http.ResponseWriter, sp serviceProvider, who desk.Session) {
	id, text, err := p.logoutRequest(sp, who)
	if err != nil {
		p.desk.Notice(w, http.StatusInternalServerError, "The logout request could not be made", err.Error())
		return
	}
	p.showPost(w, postPage{Action: sp.slo, Request: text, RelayState: p.rememberLogout(id)})
}

// logout is a request that waits for its answer.
type logout struct {
	id      string
	expires time.Time
}

// rememberLogout gives it a name, which goes along as RelayState.
func (p *IdP) rememberLogout(id string) string {
	name, now := desk.NewName(), p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.logouts, func(_ string, old logout) bool { return now.After(old.expires) })
	p.logouts[name] = logout{id, now.Add(maxAge)}
	return name
}

func (p *IdP) askedLogout(name string) (id string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.logouts[name]
	return found.id, ok && p.now().Before(found.expires)
}

func (p *IdP) forgetLogout(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.logouts, name)
}

func (p *IdP) logoutRequest(sp serviceProvider, who desk.Session) (id, text string, err error) {
	d, now := p.o.Style.dialect(), p.now()
	root := element(d.protocol, "LogoutRequest", nsProtocol)
	identify(root, d, now)
	root.CreateAttr("Destination", sp.slo)
	root.CreateAttr("NotOnOrAfter", now.Add(lifetime).UTC().Format(d.instant))
	p.addIssuer(root, d)
	name := add(root, d.assertion, "NameID")
	declare(name, d.assertion, nsAssertion)
	name.CreateAttr("Format", p.nameIDFormat())
	name.SetText(p.nameID(who.User))
	add(root, d.protocol, "SessionIndex").SetText(who.Index)
	if root, err = p.signed(root, d); err != nil {
		return "", "", err
	}
	document := etree.NewDocumentWithRoot(root)
	document.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	xml, err := document.WriteToBytes()
	return root.SelectAttrValue("ID", ""), base64.StdEncoding.EncodeToString(xml), err
}

// loggedOut takes the service provider's answer.
func (p *IdP) loggedOut(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 2*maxRequest)
	if err := p.readLogoutResponse(r); err != nil {
		p.log.InfoContext(r.Context(), "logout answer refused", "idp", p.o.ID, "error", err)
		p.desk.Notice(w, http.StatusBadRequest, "You are signed out here, perhaps not everywhere", err.Error())
		return
	}
	p.desk.Notice(w, http.StatusOK, "You are signed out everywhere", "The service has ended your sessions too.")
}

func (p *IdP) readLogoutResponse(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	asked, ok := p.askedLogout(r.PostForm.Get("RelayState"))
	if !ok {
		return errors.New("nobody asked for this logout")
	}
	sp, err := p.fetchSP(r.Context())
	if err != nil {
		return err
	}
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.PostForm.Get("SAMLResponse")), ""))
	if err != nil {
		return fmt.Errorf("SAMLResponse is not base64: %w", err)
	}
	e, err := parseXML(text)
	if err != nil {
		return err
	}
	if e, err = verifyEnveloped(e, sp.certs, p.now()); err != nil {
		return err
	}
	p.forgetLogout(r.PostForm.Get("RelayState"))
	return p.checkLogoutResponse(e, sp, asked)
}

func (p *IdP) checkLogoutResponse(e *etree.Element, sp serviceProvider, id string) error {
	issuer, status := child(e, nsAssertion, "Issuer"), child(e, nsProtocol, "Status")
	switch {
	case e.Tag != "LogoutResponse" || e.NamespaceURI() != nsProtocol || e.SelectAttrValue("Version", "") != "2.0":
		return fmt.Errorf("the message is %s, not a LogoutResponse of SAML 2.0", e.Tag)
	case issuer == nil || issuer.Text() != sp.entityID:
		return fmt.Errorf("the answer's Issuer is not %s", sp.entityID)
	case e.SelectAttrValue("Destination", "") != p.sloURL():
		return fmt.Errorf("the answer's Destination is not %s", p.sloURL())
	case e.SelectAttrValue("InResponseTo", "") != id:
		return fmt.Errorf("the answer is to another request than %s", id)
	case status == nil || child(status, nsProtocol, "StatusCode") == nil || child(status, nsProtocol, "StatusCode").SelectAttrValue("Value", "") != success:
		return errors.New("the service did not end the sessions")
	}
	return nil
}
