package simulation_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// key is one signing key of an identity provider.
type key struct {
	*rsa.PrivateKey

	id          string
	certificate []byte
}

// forge makes keys, which is the slowest of all that happens: a second simulation
// takes those of the first.
type forge struct {
	made []*rsa.PrivateKey
	used int
}

func (f *forge) next(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	if f.used == len(f.made) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			tb.Fatal(err)
		}
		f.made = append(f.made, key)
	}
	f.used++
	return f.made[f.used-1]
}

// provider is an identity provider of either protocol. It shares no code with what
// judges it.
type provider struct {
	id    string
	saml  bool
	clock *clock
	forge *forge
	tls   *server // of an issuer

	mu        sync.Mutex
	url       string
	published []key
	signer    key
	down      bool // its documents cannot be had; what it signs is good all the same
	count     int
	asked     int
}

func (p *provider) newKey(tb testing.TB) key {
	tb.Helper()
	private := p.forge.next(tb)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(p.count)), Subject: pkix.Name{CommonName: p.id},
		NotBefore: p.clock.Now().Add(-time.Hour), NotAfter: p.clock.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		tb.Fatal(err)
	}
	return key{private, fmt.Sprintf("%s-%d", p.id, p.count), der}
}

// publish adds a key to those that are published.
func (p *provider) publish(k key) { p.change(func() { p.published = append(p.published, k) }) }

// sign uses a key from now on.
func (p *provider) sign(k key) { p.change(func() { p.signer = k }) }

// drop publishes a key no more.
func (p *provider) drop(k key) {
	p.change(func() {
		p.published = slices.DeleteFunc(p.published, func(other key) bool { return other.id == k.id })
	})
}

func (p *provider) change(to func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	to()
}

func (p *provider) current() key {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signer
}

// ServeHTTP publishes metadata, or a discovery document and a key set.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	switch {
	case p.down:
		http.Error(w, "maintenance", http.StatusServiceUnavailable)
	case p.saml:
		_, _ = w.Write(p.metadata())
	case r.URL.Path == "/keys":
		_ = json.NewEncoder(w).Encode(p.keySet())
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": p.url, "jwks_uri": p.url + "/keys"})
	}
}

func (p *provider) metadata() []byte {
	var text strings.Builder
	fmt.Fprintf(&text, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`, p.url)
	for _, k := range p.published {
		fmt.Fprintf(&text, `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`, base64.StdEncoding.EncodeToString(k.certificate))
	}
	fmt.Fprintf(&text, `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="%s/sso"/></IDPSSODescriptor></EntityDescriptor>`, p.url)
	return []byte(text.String())
}

func (p *provider) keySet() any {
	var set []any
	for _, k := range p.published {
		set = append(set, map[string]string{
			"kty": "RSA", "kid": k.id, "use": "sig", "alg": "RS256", "n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()), "e": "AQAB",
		})
	}
	return map[string]any{"keys": set}
}

// token is an ID token of a job, signed by k.
func (p *provider) token(tb testing.TB, k key) string {
	tb.Helper()
	now := p.clock.Now().Unix()
	input := part(tb, map[string]string{"alg": "RS256", "typ": "JWT", "kid": k.id}) + "." + part(tb, map[string]any{
		"iss": p.url, "aud": "sts.aliyuncs.com", "sub": "job", "jti": rand.Text(), "iat": now, "nbf": now, "exp": now + 300,
	})
	digest := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(nil, k.PrivateKey, crypto.SHA256, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func part(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// response signs somebody in at recipient, by k.
func (p *provider) response(tb testing.TB, k key, audience, recipient string, attributes map[string]string) string {
	tb.Helper()
	now := p.clock.Now().UTC()
	stamp := func(after time.Duration) string { return now.Add(after).Format(time.RFC3339) }
	document := etree.NewDocument()
	if err := document.ReadFromString(fmt.Sprintf(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_%[1]s" Version="2.0" IssueInstant="%[2]s" Destination="%[5]s"><saml:Issuer>%[3]s</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_a%[1]s" Version="2.0" IssueInstant="%[2]s"><saml:Issuer>%[3]s</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ada@example.com</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="%[6]s" Recipient="%[5]s"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="%[2]s" NotOnOrAfter="%[6]s"><saml:AudienceRestriction><saml:Audience>%[4]s</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="%[2]s"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement/></saml:Assertion></samlp:Response>`,
		rand.Text(), stamp(0), p.url, audience, recipient, stamp(5*time.Minute))); err != nil {
		tb.Fatal(err)
	}
	assertion := document.Root().SelectElement("saml:Assertion")
	for name, value := range attributes {
		attribute := assertion.SelectElement("saml:AttributeStatement").CreateElement("saml:Attribute")
		attribute.CreateAttr("Name", name)
		attribute.CreateElement("saml:AttributeValue").SetText(value)
	}
	document.Root().RemoveChild(assertion)
	assertion.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
	document.Root().AddChild(signed(tb, k, assertion))
	text, err := document.WriteToBytes()
	if err != nil {
		tb.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

// signed puts a signature behind the issuer of an element.
func signed(tb testing.TB, k key, element *etree.Element) *etree.Element {
	tb.Helper()
	signing, err := dsig.NewSigningContext(k.PrivateKey, [][]byte{k.certificate})
	if err != nil {
		tb.Fatal(err)
	}
	signing.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signature, err := signing.ConstructSignature(element, true)
	if err != nil {
		tb.Fatal(err)
	}
	element.InsertChildAt(1, signature)
	return element
}
