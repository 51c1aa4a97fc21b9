package idp_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"html"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/scripts/local/internal/idp"
)

// serviceProvider stands for the bundle: it serves metadata and signs requests.
type serviceProvider struct {
	t    *testing.T
	key  *rsa.PrivateKey
	cert []byte
	url  string
	now  time.Time
}

func newServiceProvider(t *testing.T) *serviceProvider {
	t.Helper()
	sp := &serviceProvider{t: t, now: time.Now().UTC()}
	var err error
	sp.key, err = rsa.GenerateKey(rand.Reader, 2048)
	sp.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: sp.now.Add(-time.Hour), NotAfter: sp.now.Add(24 * time.Hour)}
	sp.cert, err = x509.CreateCertificate(rand.Reader, template, template, sp.key.Public(), sp.key)
	sp.must(err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /saml/{idp}/metadata", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%[1]s/saml/%[2]s/metadata">
<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
%[3]s
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="%[1]s/artifact" index="1"/>
<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="%[1]s/saml/%[2]s/acs" index="0" isDefault="true"/>
</md:SPSSODescriptor></md:EntityDescriptor>`, sp.url, r.PathValue("idp"), base64.StdEncoding.EncodeToString(sp.cert))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	sp.url = server.URL
	return sp
}

func (sp *serviceProvider) must(err error) {
	sp.t.Helper()
	if err != nil {
		sp.t.Fatal(err)
	}
}

// request is an AuthnRequest whose attributes a test may change.
func (sp *serviceProvider) request(p *idp.IdP, change func(*etree.Element)) *etree.Element {
	e := etree.NewElement("samlp:AuthnRequest")
	e.CreateAttr("xmlns:samlp", "urn:oasis:names:tc:SAML:2.0:protocol")
	e.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
	e.CreateAttr("ID", "_request-1")
	e.CreateAttr("Version", "2.0")
	e.CreateAttr("IssueInstant", sp.now.Format(time.RFC3339))
	e.CreateAttr("Destination", strings.TrimSuffix(p.EntityID(), "/metadata")+"/sso")
	e.CreateAttr("AssertionConsumerServiceURL", sp.url+"/saml/"+p.ID()+"/acs")
	e.CreateElement("saml:Issuer").SetText(sp.url + "/saml/" + p.ID() + "/metadata")
	if change != nil {
		change(e)
	}
	return e
}

func (sp *serviceProvider) text(e *etree.Element) []byte {
	text, err := etree.NewDocumentWithRoot(e).WriteToBytes()
	sp.must(err)
	return text
}

// redirect is the query of the HTTP-Redirect binding, signed.
func (sp *serviceProvider) redirect(e *etree.Element, relayState string) string {
	return sp.sign("SAMLRequest=" + sp.deflated(e) + "&RelayState=" + url.QueryEscape(relayState) +
		"&SigAlg=" + url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"))
}

func (sp *serviceProvider) sign(query string) string {
	digest := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, sp.key, crypto.SHA256, digest[:])
	sp.must(err)
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}

func (sp *serviceProvider) deflated(e *etree.Element) string {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	sp.must(err)
	_, err = w.Write(sp.text(e))
	sp.must(err)
	sp.must(w.Close())
	return url.QueryEscape(base64.StdEncoding.EncodeToString(out.Bytes()))
}

// posted is the SAMLRequest of the HTTP-POST binding, with a signature inside.
func (sp *serviceProvider) posted(e *etree.Element) string {
	signer, err := dsig.NewSigningContext(sp.key, [][]byte{sp.cert})
	sp.must(err)
	signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signature, err := signer.ConstructSignature(e, true)
	sp.must(err)
	e.InsertChildAt(1, signature)
	return base64.StdEncoding.EncodeToString(sp.text(e))
}

// site is an identity provider behind a real port, with a browser that keeps
// cookies and follows redirects within it.
type site struct {
	*idp.IdP
	*http.Client
	t   *testing.T
	sp  *serviceProvider
	url string
	now time.Time
}

func newSite(t *testing.T, options func(baseURL, bundleURL, dataDir string) idp.Options) *site {
	t.Helper()
	s := &site{t: t, sp: newServiceProvider(t)}
	s.now = s.sp.now
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	s.url = server.URL
	o := options(s.url, s.sp.url, t.TempDir())
	o.Now = func() time.Time { return s.now }
	var err error
	s.IdP, err = idp.New(o)
	s.sp.must(err)
	jar, err := cookiejar.New(nil)
	s.sp.must(err)
	s.Client = &http.Client{Jar: jar}
	return s
}

type page struct {
	status int
	url    *url.URL
	text   string
}

func (s *site) send(method, path string, form url.Values) page {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(form.Encode()))
	s.sp.must(err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := s.Do(r)
	s.sp.must(err)
	defer func() { _ = answer.Body.Close() }()
	var text bytes.Buffer
	_, err = text.ReadFrom(answer.Body)
	s.sp.must(err)
	return page{answer.StatusCode, answer.Request.URL, text.String()}
}

func (s *site) get(path string) page {
	s.t.Helper()
	return s.send(http.MethodGet, path, nil)
}

func (s *site) submit(path string, form url.Values) page {
	s.t.Helper()
	return s.send(http.MethodPost, path, form)
}

// password fills the form that the page shows.
func (s *site) password(form page, username, password string) page {
	s.t.Helper()
	return s.submit("/signin", url.Values{"request": {form.field("request")}, "username": {username}, "password": {password}})
}

func (p page) field(name string) string {
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(p.text)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}
