package idp

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

	maxRequest = 64 << 10        // inflated
	maxAge     = 5 * time.Minute // of an AuthnRequest, either way
)

var errTooLarge = errors.New("SAMLRequest is too large")

// authnRequest is a verified wish: answer to acs, with this relay state.
type authnRequest struct {
	id, issuer, acs, relayState string
	forceAuthn                  bool
	contexts                    []string // classes of which the sign-in must be one, exactly; none: any
}

// takesPhone: a code on the telephone is one of the classes that it asks for.
func (r authnRequest) takesPhone() bool { return slices.Contains(r.contexts, byPhone) }

// redirectBinding takes a deflated request with its signature in the query
// (saml-bindings 3.4.4.1).
func (p *IdP) redirectBinding(w http.ResponseWriter, r *http.Request) {
	p.accept(w, r, func(sp serviceProvider) (*etree.Element, string, error) {
		fields, err := rawQuery(r.URL.RawQuery)
		if err != nil {
			return nil, "", err
		}
		if err := verifyQuery(fields, sp.certs); err != nil {
			return nil, "", err
		}
		text, err := inflate(fields["SAMLRequest"].value)
		if err != nil {
			return nil, "", err
		}
		e, err := parseXML(text)
		return e, fields["RelayState"].value, err
	})
}

// postBinding takes a request with an enveloped signature (saml-bindings 3.5.4).
func (p *IdP) postBinding(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 2*maxRequest)
	p.accept(w, r, func(sp serviceProvider) (*etree.Element, string, error) {
		if err := r.ParseForm(); err != nil {
			return nil, "", err
		}
		text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.PostForm.Get("SAMLRequest")), ""))
		if err != nil {
			return nil, "", fmt.Errorf("SAMLRequest is not base64: %w", err)
		}
		if len(text) > maxRequest {
			return nil, "", errTooLarge
		}
		e, err := parseXML(text)
		if err != nil {
			return nil, "", err
		}
		verified, err := verifyEnveloped(e, sp.certs, p.now())
		return verified, r.PostForm.Get("RelayState"), err
	})
}

// accept reads the request by its binding and goes on to the desk.
func (p *IdP) accept(w http.ResponseWriter, r *http.Request, read func(serviceProvider) (*etree.Element, string, error)) {
	request, err := p.readRequest(r, read)
	if err != nil {
		p.log.InfoContext(r.Context(), "request refused", "idp", p.o.ID, "error", err)
		p.desk.Notice(w, http.StatusBadRequest, "This sign-in request is not accepted", err.Error())
		return
	}
	p.ask(w, r, request)
}

func (p *IdP) readRequest(r *http.Request, read func(serviceProvider) (*etree.Element, string, error)) (authnRequest, error) {
	sp, err := p.fetchSP(r.Context())
	if err != nil {
		return authnRequest{}, err
	}
	e, relayState, err := read(sp)
	if err != nil {
		return authnRequest{}, err
	}
	request, err := p.check(e, sp)
	request.relayState = relayState
	return request, err
}

// check reads what is verified. Missing ACS URL: the service provider's default.
func (p *IdP) check(e *etree.Element, sp serviceProvider) (authnRequest, error) {
	at, timeErr := time.Parse(time.RFC3339Nano, e.SelectAttrValue("IssueInstant", ""))
	issuer, requested := child(e, nsAssertion, "Issuer"), child(e, nsProtocol, "RequestedAuthnContext")
	request := authnRequest{
		id:         e.SelectAttrValue("ID", ""),
		acs:        e.SelectAttrValue("AssertionConsumerServiceURL", sp.acs[0]),
		forceAuthn: isTrue(e.SelectAttrValue("ForceAuthn", "")),
	}
	switch {
	case e.Tag != "AuthnRequest" || e.NamespaceURI() != nsProtocol:
		return request, fmt.Errorf("the message is %s, not an AuthnRequest", e.Tag)
	case e.SelectAttrValue("Version", "") != "2.0" || request.id == "":
		return request, errors.New("the request is not SAML 2.0 with an ID")
	case issuer == nil || issuer.Text() != sp.entityID:
		return request, fmt.Errorf("the request's Issuer is not %s", sp.entityID)
	case e.SelectAttrValue("Destination", "") != p.ssoURL(): // required of a signed message, saml-bindings 3.4.5.2
		return request, fmt.Errorf("the request's Destination is not %s", p.ssoURL())
	case timeErr != nil || p.now().Sub(at).Abs() > maxAge:
		return request, errors.New("the request's IssueInstant is not within 5 minutes")
	case !slices.Contains(sp.acs, request.acs):
		return request, fmt.Errorf("%s is not in the service provider's metadata", request.acs)
	case e.SelectAttrValue("ProtocolBinding", bindingPOST) != bindingPOST:
		return request, errors.New("responses are sent by HTTP-POST only")
	case isTrue(e.SelectAttrValue("IsPassive", "")):
		return request, errors.New("IsPassive is not supported")
	case requested != nil && requested.SelectAttrValue("Comparison", "exact") != "exact":
		return request, errors.New("classes of sign-in are compared exactly only")
	}
	request.contexts = classRefs(requested)
	request.issuer = issuer.Text()
	return request, nil
}

// classRefs keeps the order: what stands first is preferred (saml-core 3.3.2.2.1).
func classRefs(requested *etree.Element) []string {
	if requested == nil {
		return nil
	}
	var classes []string
	for _, e := range requested.SelectElements("AuthnContextClassRef") {
		classes = append(classes, strings.TrimSpace(e.Text()))
	}
	return classes
}

func isTrue(xsBoolean string) bool { return xsBoolean == "true" || xsBoolean == "1" }

// field is a query parameter: the signature is over the text as it was sent.
type field struct{ raw, value string }

// rawQuery keeps each parameter's original encoding, and refuses a second one of
// the same name.
func rawQuery(query string) (map[string]field, error) {
	fields := map[string]field{}
	for part := range strings.SplitSeq(query, "&") {
		name, raw, _ := strings.Cut(part, "=")
		value, err := url.QueryUnescape(raw)
		if err != nil {
			return nil, err
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		fields[name] = field{raw, value}
	}
	return fields, nil
}

func verifyQuery(fields map[string]field, certs []*x509.Certificate) error {
	if fields["Signature"].value == "" {
		return errors.New("the request is not signed")
	}
	if fields["SigAlg"].value != rsaSHA256 {
		return fmt.Errorf("signature algorithm %q, only rsa-sha256 is taken", fields["SigAlg"].value)
	}
	signature, err := base64.StdEncoding.DecodeString(fields["Signature"].value)
	if err != nil {
		return fmt.Errorf("the signature is not base64: %w", err)
	}
	signed := "SAMLRequest=" + fields["SAMLRequest"].raw
	if f, ok := fields["RelayState"]; ok {
		signed += "&RelayState=" + f.raw
	}
	signed += "&SigAlg=" + fields["SigAlg"].raw
	digest := sha256.Sum256([]byte(signed))
	for _, cert := range certs {
		if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil {
			return nil
		}
	}
	return errors.New("the request's signature is not the service provider's")
}

func inflate(encoded string) ([]byte, error) {
	deflated, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("SAMLRequest is not base64: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), maxRequest+1))
	if err != nil {
		return nil, fmt.Errorf("SAMLRequest is not deflated: %w", err)
	}
	if len(text) > maxRequest {
		return nil, errTooLarge
	}
	return text, nil
}

// verifyEnveloped returns the element that the signature covers; nothing else of
// the message is read.
func verifyEnveloped(e *etree.Element, certs []*x509.Certificate, now time.Time) (*etree.Element, error) {
	signature := child(e, nsSignature, "Signature")
	if signature == nil {
		return nil, errors.New("the request is not signed")
	}
	if method := signature.FindElement("./SignedInfo/SignatureMethod"); method == nil || method.SelectAttrValue("Algorithm", "") != rsaSHA256 {
		return nil, errors.New("only rsa-sha256 signatures are taken")
	}
	verifier := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: certs})
	verifier.Clock = dsig.NewFakeClockAt(now)
	verified, err := verifier.Validate(e)
	if err != nil {
		return nil, fmt.Errorf("the request's signature is not the service provider's: %w", err)
	}
	return verified, nil
}
