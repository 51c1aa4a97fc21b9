package cloud

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// asked is a request that waits for its response.
type asked struct {
	account string
	end     time.Time
}

// asking is how long a person may take to sign in elsewhere.
const asking = 10 * time.Minute

// logonPage is where RAM users begin.
type logonPage struct{ Account, Domain, Service string }

// logon is the page of an account's RAM users, by its domain.
func (s *console) logon(w http.ResponseWriter, r *http.Request) {
	account, ok := s.cloud.accountNamed(r.PathValue("domain"))
	if !ok {
		s.notFound(w, r)
		return
	}
	if !s.cloud.userSSOOf(account).enabled {
		s.refused(w, r, notSwitchedOn(account))
		return
	}
	s.pages.write(w, http.StatusOK, "logon.html", logonPage{account, s.cloud.defaultDomain(account), r.URL.Query().Get("service")})
}

func notSwitchedOn(account string) *fault {
	return refuse(http.StatusForbidden, "UserSso.Disabled", "User-based SSO is not enabled").because("account %s: RAM users sign in with their passwords, which is not emulated", account)
}

// requestPage posts a request.
type requestPage struct{ Location, Request, RelayState string }

// ask sends the person to the identity provider that SetUserSsoSettings named: by GET
// where its metadata has that, else by POST.
func (s *console) ask(w http.ResponseWriter, r *http.Request) {
	account := r.URL.Query().Get("tenantID")
	provider, f := s.cloud.userProvider(account)
	if f != nil {
		s.refused(w, r, f)
		return
	}
	relayState := ""
	if _, ok := officialPage(r.URL.Query().Get("service")); ok {
		relayState = r.URL.Query().Get("service")
	}
	get, post := provider.signOn[bindingRedirect], provider.signOn[bindingPost]
	switch {
	case get != "":
		s.askByGet(w, r, s.newRequest(account, get), get, relayState)
	case post != "":
		s.askByPost(w, r, s.newRequest(account, post), requestPage{Location: post, RelayState: relayState})
	default:
		s.refused(w, r, noMetadata().because("it has no SingleSignOnService by redirect or post"))
	}
}

// newRequest has the form that was seen of the real one, and is remembered.
func (s *console) newRequest(account, location string) *etree.Element {
	id, now, here := "a"+strings.ToLower(text(30)), s.cloud.now(), s.cloud.siteOf(account)
	s.mu.Lock()
	maps.DeleteFunc(s.asked, func(_ string, old asked) bool { return !now.Before(old.end) })
	s.asked[id] = asked{account, now.Add(asking)}
	s.mu.Unlock()
	request := etree.NewElement("saml2p:AuthnRequest")
	for _, a := range [][2]string{
		{"xmlns:saml2p", nsProtocol},
		{"AssertionConsumerServiceURL", here.userACS()},
		{"Destination", location},
		{"ForceAuthn", "false"},
		{"ID", id},
		{"IsPassive", "false"},
		{"IssueInstant", now.UTC().Format("2006-01-02T15:04:05.000Z")},
		{"ProtocolBinding", bindingPost},
		{"Version", "2.0"},
	} {
		request.CreateAttr(a[0], a[1])
	}
	issuer := request.CreateElement("saml2:Issuer")
	issuer.CreateAttr("xmlns:saml2", nsAssertion)
	issuer.SetText(here.userEntity(account))
	return request
}

const declaration = `<?xml version="1.0" encoding="UTF-8"?>`

func textOfRequest(request *etree.Element) []byte {
	text, err := etree.NewDocumentWithRoot(request).WriteToBytes()
	if err != nil {
		return nil // a buffer always takes what is written
	}
	return append([]byte(declaration), text...)
}

// askByGet sends the request without a signature, as it was seen.
func (s *console) askByGet(w http.ResponseWriter, r *http.Request, request *etree.Element, location, relayState string) {
	to, err := url.Parse(location)
	if err != nil {
		s.refused(w, r, noMetadata().because("SingleSignOnService %q", location))
		return
	}
	var packed bytes.Buffer
	deflate, _ := flate.NewWriter(&packed, flate.DefaultCompression) // this level is known
	_, _ = deflate.Write(textOfRequest(request))                     // a buffer takes it
	_ = deflate.Close()
	query := to.Query()
	query.Set("SAMLRequest", base64.StdEncoding.EncodeToString(packed.Bytes()))
	if relayState != "" {
		query.Set("RelayState", relayState)
	}
	to.RawQuery = query.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// askByPost signs the request as the account's AuthnSignAlgo says. Whether the real
// one signs those that it posts was not seen; who is asked must bear either.
func (s *console) askByPost(w http.ResponseWriter, r *http.Request, request *etree.Element, page requestPage) {
	key, err := s.key()
	if err == nil {
		request, err = key.sign(request, s.cloud.userSSOOf(r.URL.Query().Get("tenantID")).signs)
	}
	if err != nil {
		s.refused(w, r, keyFault(err))
		return
	}
	page.Request = base64.StdEncoding.EncodeToString(textOfRequest(request))
	s.pages.write(w, http.StatusOK, "request.html", page)
}

// sign puts the signature behind the issuer, where the schema has it.
func (k signinKey) sign(request *etree.Element, algorithm string) (*etree.Element, error) {
	signing, err := dsig.NewSigningContext(k.private, [][]byte{k.Certificate})
	if err != nil {
		return nil, err
	}
	signing.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	method := dsig.RSASHA256SignatureMethod
	if algorithm == signsSHA1 {
		method = dsig.RSASHA1SignatureMethod
	}
	if err := signing.SetSignatureMethod(method); err != nil {
		return nil, err
	}
	signature, err := signing.ConstructSignature(request, true)
	if err != nil {
		return nil, err
	}
	request.InsertChildAt(1, signature)
	return request, nil
}
