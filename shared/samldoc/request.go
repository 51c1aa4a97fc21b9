package samldoc

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	rsaSHA256       = dsigMore + "rsa-sha256"
	instant         = "2006-01-02T15:04:05.000Z"

	// mostRelayState is what saml-bindings 3.4.3 lets RelayState have.
	mostRelayState = 80
)

// AuthnRequest asks an identity provider to sign somebody in
// (saml-core 3.4.1). It names no NameID format: which name the person goes by
// is configured at the identity provider, and AD FS refuses what it cannot
// fulfil.
type AuthnRequest struct {
	ID           string // a fresh XML name, such as _ and 32 hex digits
	Destination  string // the identity provider's single sign-on service
	Issuer       string // our entity ID
	ACSURL       string
	IssueInstant time.Time
	ForceAuthn   bool
	// AuthnContexts are classes of which the sign-in must have exactly one
	// (saml-core 3.3.2.2.1); none leaves the choice to the identity provider. No
	// comparison beside exact is offered: products rank classes each in its own way.
	AuthnContexts []string
}

// RedirectURL writes the request for the HTTP-Redirect binding: deflated, and
// with the signature in the query (saml-bindings 3.4.4.1).
func (r AuthnRequest) RedirectURL(relayState string, key crypto.Signer) (string, error) {
	if err := r.check(relayState, key); err != nil {
		return "", err
	}
	xml, err := serialize(r.element())
	if err != nil {
		return "", err
	}
	deflated, err := deflate(xml)
	if err != nil {
		return "", err
	}
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	query += "&SigAlg=" + url.QueryEscape(rsaSHA256)
	digest := sha256.Sum256([]byte(query))
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("sign the request: %w", err)
	}
	query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	if strings.Contains(r.Destination, "?") { // Google: …/idp?idpid=C0…
		return r.Destination + "&" + query, nil
	}
	return r.Destination + "?" + query, nil
}

// Form holds the two fields of the HTTP-POST binding, to be posted to Action.
type Form struct {
	Action, SAMLRequest, RelayState string
}

// PostForm writes the request for the HTTP-POST binding, with the signature
// inside the document (saml-bindings 3.5.4).
func (r AuthnRequest) PostForm(relayState string, key crypto.Signer, certificate *x509.Certificate) (Form, error) {
	if err := r.check(relayState, key); err != nil {
		return Form{}, err
	}
	request := r.element()
	if err := sign(request, key, certificate); err != nil {
		return Form{}, err
	}
	xml, err := serialize(request)
	if err != nil {
		return Form{}, err
	}
	return Form{Action: r.Destination, SAMLRequest: base64.StdEncoding.EncodeToString(xml), RelayState: relayState}, nil
}

func (r AuthnRequest) check(relayState string, key crypto.Signer) error {
	switch {
	case r.ID == "" || r.Destination == "" || r.Issuer == "" || r.ACSURL == "" || r.IssueInstant.IsZero():
		return errors.New("samldoc: the request lacks a field")
	case strings.Contains(r.Destination, "#"):
		return fmt.Errorf("samldoc: the single sign-on service %q has a fragment", r.Destination)
	case len(relayState) > mostRelayState:
		return fmt.Errorf("samldoc: RelayState has %d bytes, at most %d", len(relayState), mostRelayState)
	}
	return requireRSA(key)
}

func requireRSA(key crypto.Signer) error {
	if key == nil {
		return errors.New("samldoc: no key to sign with")
	}
	if _, ok := key.Public().(*rsa.PublicKey); !ok {
		return fmt.Errorf("samldoc: requests are signed with RSA, the key is %T", key.Public())
	}
	return nil
}

func (r AuthnRequest) element() *etree.Element {
	request := etree.NewElement("samlp:AuthnRequest")
	request.CreateAttr("xmlns:samlp", nsProtocol)
	request.CreateAttr("xmlns:saml", nsAssertion)
	request.CreateAttr("ID", r.ID)
	request.CreateAttr("Version", "2.0")
	request.CreateAttr("IssueInstant", r.IssueInstant.UTC().Format(instant))
	request.CreateAttr("Destination", r.Destination)
	if r.ForceAuthn {
		request.CreateAttr("ForceAuthn", "true")
	}
	request.CreateAttr("ProtocolBinding", bindingPOST)
	request.CreateAttr("AssertionConsumerServiceURL", r.ACSURL)
	request.CreateElement("saml:Issuer").SetText(r.Issuer)
	if len(r.AuthnContexts) > 0 {
		requested := request.CreateElement("samlp:RequestedAuthnContext")
		requested.CreateAttr("Comparison", "exact")
		for _, class := range r.AuthnContexts {
			requested.CreateElement("saml:AuthnContextClassRef").SetText(class)
		}
	}
	return request
}

// sign puts an enveloped rsa-sha256 signature behind the Issuer, where the
// schema wants it; goxmldsig itself would put it last.
func sign(e *etree.Element, key crypto.Signer, certificate *x509.Certificate) error {
	if certificate == nil {
		return errors.New("samldoc: no certificate to show")
	}
	signer, err := dsig.NewSigningContext(key, [][]byte{certificate.Raw})
	if err != nil {
		return err
	}
	signer.Prefix = "ds"
	signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := signer.SetSignatureMethod(rsaSHA256); err != nil {
		return err
	}
	signature, err := signer.ConstructSignature(e, true)
	if err != nil {
		return fmt.Errorf("sign %s: %w", e.Tag, err)
	}
	e.InsertChildAt(1, signature)
	return nil
}

func serialize(e *etree.Element) ([]byte, error) {
	document := etree.NewDocument()
	document.SetRoot(e)
	document.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	return document.WriteToBytes()
}

func deflate(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
