package idp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/beevik/etree"
)

// signout ends the session here and, where the service provider takes logout
// requests, there: the browser carries ours to it (saml-profiles 4.4).
func (p *IdP) signout(w http.ResponseWriter, r *http.Request) {
	_, who, signedIn := p.current(r)
	if c, err := r.Cookie(p.cookie()); err == nil {
		p.mu.Lock()
		delete(p.sessions, c.Value)
		p.mu.Unlock()
	}
	p.setCookie(w, "", -1)
	if signedIn {
		sp, err := p.fetchSP(r.Context())
		if err == nil && sp.slo != "" {
			p.askLogout(w, sp, who)
			return
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (p *IdP) askLogout(w http.ResponseWriter, sp serviceProvider, who session) {
	id, text, err := p.logoutRequest(sp, who)
	if err != nil {
		p.trouble(w, http.StatusInternalServerError, "The logout request could not be made", err.Error())
		return
	}
	p.showPost(w, postPage{frame: p.frame("Signing you out"), Action: sp.slo, Request: text, RelayState: p.remember(pending{logout: id})})
}

func (p *IdP) logoutRequest(sp serviceProvider, who session) (id, text string, err error) {
	d, now := p.o.Style.dialect(), p.now()
	root := element(d.protocol, "LogoutRequest", nsProtocol)
	identify(root, d, now)
	root.CreateAttr("Destination", sp.slo)
	root.CreateAttr("NotOnOrAfter", now.Add(lifetime).UTC().Format(d.instant))
	p.addIssuer(root, d)
	name := add(root, d.assertion, "NameID")
	declare(name, d.assertion, nsAssertion)
	name.CreateAttr("Format", p.nameIDFormat())
	name.SetText(p.nameID(who.user))
	add(root, d.protocol, "SessionIndex").SetText(who.index)
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
		p.trouble(w, http.StatusBadRequest, "You are signed out here, perhaps not everywhere", err.Error())
		return
	}
	p.write(w, http.StatusOK, "trouble.html", "form-action 'none'", troublePage{p.frame("You are signed out everywhere"), "The service has ended your sessions too."})
}

func (p *IdP) readLogoutResponse(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	asked, ok := p.find(r.PostForm.Get("RelayState"))
	if !ok || asked.logout == "" {
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
	p.forget(r.PostForm.Get("RelayState"))
	return p.checkLogoutResponse(e, sp, asked.logout)
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
