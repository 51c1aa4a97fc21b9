package cloud

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/beevik/etree"
)

// signinKey is Alibaba Cloud's own, with its certificate: in the metadata, and under
// requests that are signed. It is made when it is first needed.
type signinKey struct {
	Key         []byte `json:"key"`         // PKCS #8
	Certificate []byte `json:"certificate"` // DER

	private *rsa.PrivateKey
}

const yearsOfKey = 10

func loadSigninKey(dir string, now time.Time) (signinKey, error) {
	name := filepath.Join(dir, "signin.json")
	content, err := readFileIfAny(name)
	if err != nil {
		return signinKey{}, err
	}
	var kept signinKey
	if content == nil {
		return newSigninKey(name, now)
	}
	if json.Unmarshal(content, &kept) == nil {
		parsed, err := x509.ParsePKCS8PrivateKey(kept.Key)
		private, ok := parsed.(*rsa.PrivateKey)
		if err == nil && ok {
			kept.private = private
			return kept, nil
		}
	}
	return signinKey{}, fmt.Errorf("%s is damaged; delete it to have a new key made", name)
}

func newSigninKey(name string, now time.Time) (made signinKey, err error) {
	if made.private, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return signinKey{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Alibaba (emulated)"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(yearsOfKey, 0, 0),
	}
	if made.Certificate, err = x509.CreateCertificate(rand.Reader, template, template, made.private.Public(), made.private); err != nil {
		return signinKey{}, err
	}
	if made.Key, err = x509.MarshalPKCS8PrivateKey(made.private); err != nil {
		return signinKey{}, err
	}
	content, err := json.Marshal(made)
	if err != nil {
		return signinKey{}, err
	}
	return made, writeSecret(name, content)
}

const (
	bindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	formats11       = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
)

// roleMetadata is the service provider of role-based SSO, one for all accounts of a
// site.
func (s *console) roleMetadata(w http.ResponseWriter, r *http.Request) {
	here := sitesAt(r.Host)[0]
	s.writeMetadata(w, r, here.audience, func(descriptor *etree.Element) {
		addFormats(
			descriptor, nameIDPrefix+"transient", nameIDPrefix+"persistent",
			formats11+"emailAddress", formats11+"unspecified", formats11+"X509SubjectName", formats11+"WindowsDomainQualifiedName",
			nameIDPrefix+"kerberos", nameIDPrefix+"entity",
		)
		addACS(descriptor, here.roleACS(), 1)
		addRequested(descriptor)
	})
}

// userMetadata is an account as a service provider.
func (s *console) userMetadata(w http.ResponseWriter, r *http.Request) {
	account := r.URL.Query().Get("tenantID")
	if !s.cloud.known(account) {
		s.notFound(w, r)
		return
	}
	here := s.cloud.siteOf(account)
	s.writeMetadata(w, r, here.userEntity(account), func(descriptor *etree.Element) {
		addFormats(descriptor, formats11+"emailAddress", nameIDPrefix+"transient", nameIDPrefix+"persistent", formats11+"unspecified")
		addACS(descriptor, here.userACS(), 0)
	})
}

func (s *console) writeMetadata(w http.ResponseWriter, r *http.Request, entityID string, fill func(*etree.Element)) {
	key, err := s.key()
	if err != nil {
		s.refused(w, r, keyFault(err))
		return
	}
	root := etree.NewElement("EntityDescriptor")
	root.CreateAttr("xmlns", nsMetadata)
	root.CreateAttr("entityID", entityID)
	descriptor := root.CreateElement("SPSSODescriptor")
	descriptor.CreateAttr("WantAssertionsSigned", "true")
	descriptor.CreateAttr("protocolSupportEnumeration", nsProtocol)
	use := descriptor.CreateElement("KeyDescriptor")
	use.CreateAttr("use", "signing")
	info := use.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", nsSignature)
	info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(key.Certificate))
	fill(descriptor)
	organization := root.CreateElement("Organization")
	english(organization.CreateElement("OrganizationName"), "Alibaba Cloud Computing Co. Ltd.")
	english(organization.CreateElement("OrganizationDisplayName"), "AlibabaCloud")
	english(organization.CreateElement("OrganizationURL"), "https://www.aliyun.com")
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	document := etree.NewDocumentWithRoot(root)
	document.Indent(2)
	_, _ = document.WriteTo(w) // the client went away: nobody to tell
}

func keyFault(err error) *fault {
	return refuse(http.StatusInternalServerError, "InternalError", "The sign-in key cannot be had.").because("%v", err)
}

func addFormats(descriptor *etree.Element, formats ...string) {
	for _, format := range formats {
		descriptor.CreateElement("NameIDFormat").SetText(format)
	}
}

func addACS(descriptor *etree.Element, location string, index int) {
	acs := descriptor.CreateElement("AssertionConsumerService")
	acs.CreateAttr("index", strconv.Itoa(index))
	acs.CreateAttr("isDefault", "true")
	acs.CreateAttr("Binding", bindingPost)
	acs.CreateAttr("Location", location)
}

func addRequested(descriptor *etree.Element) {
	service := descriptor.CreateElement("AttributeConsumingService")
	service.CreateAttr("index", "1")
	english(service.CreateElement("ServiceName"), "Alibaba Cloud Console Single Sign-On")
	for _, a := range []struct{ required, name, friendly string }{
		{"true", roleAttribute, "RoleEntitlement"}, {"true", sessionAttribute, "RoleSessionName"}, {"false", durationAttribute, "SessionDuration"},
	} {
		requested := service.CreateElement("RequestedAttribute")
		requested.CreateAttr("isRequired", a.required)
		requested.CreateAttr("Name", a.name)
		requested.CreateAttr("FriendlyName", a.friendly)
	}
}

func english(e *etree.Element, text string) {
	e.CreateAttr("xml:lang", "en")
	e.SetText(text)
}
