package portal_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
)

const (
	ssoPath    = "/idp/" + prod + "/sso"
	startPath  = "/idp/" + prod + "/start"
	cloudAsks  = "https://signin.aliyun.com/" + prod + "/saml/SSO"
	deflateURN = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
	ecs        = "https://ecs.console.aliyun.com/"
)

// asks is Alibaba Cloud's request, as it was seen.
func asks(changes ...string) string {
	return strings.NewReplacer(changes...).Replace(`<?xml version="1.0" encoding="UTF-8"?>` +
		`<saml2p:AuthnRequest xmlns:saml2p="urn:oasis:names:tc:SAML:2.0:protocol" AssertionConsumerServiceURL="https://signin.aliyun.com/saml/SSO" Destination="` + origin + ssoPath +
		`" ForceAuthn="false" ID="a2e4f0g1h2" IsPassive="false" IssueInstant="2027-03-01T12:00:00.000Z" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Version="2.0">` +
		`<saml2:Issuer xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">` + cloudAsks + `</saml2:Issuer></saml2p:AuthnRequest>`)
}

func deflated(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// byGet and byPost bring a request as a browser does that comes from Alibaba Cloud.
func byGet(t *testing.T, xml string, more ...string) *http.Request {
	t.Helper()
	fields := url.Values{"SAMLRequest": {deflated(t, xml)}}
	for i := 0; i < len(more); i += 2 {
		fields.Set(more[i], more[i+1])
	}
	return fromCloud(httptest.NewRequest(http.MethodGet, origin+ssoPath+"?"+fields.Encode(), nil))
}

func byPost(xml string, more ...string) *http.Request {
	fields := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(xml))}}
	for i := 0; i < len(more); i += 2 {
		fields.Set(more[i], more[i+1])
	}
	return cloudForm(fields.Encode())
}

func cloudForm(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, origin+ssoPath, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return fromCloud(r)
}

func fromCloud(r *http.Request) *http.Request {
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://signin.aliyun.com")
	return r
}

// withUsers makes people of both identity providers users of production.
func withUsers(t *testing.T) *stage {
	t.Helper()
	s := withOIDC(t)
	suffixes := []string{"acme.onaliyun.com", "acme.com"}
	s.draft.Accounts[0].UserSSO = &federation.UserSSO{Suffixes: suffixes, WithDomain: true}
	s.draft.Rules = append(s.draft.Rules, userRule("staff are users", "test", "{{nameID}}@acme.onaliyun.com"), userRule("Entra's are users", "issuer", `{{email | before "@"}}@acme.com`))
	return s
}

func userRule(name, idp, principal string) federation.RuleDraft {
	return federation.RuleDraft{
		Name: name, IdP: idp, Condition: &federation.ConditionDraft{Any: true},
		User: &federation.UserDraft{Account: prod, Principal: principal, Domains: []string{"acme.onaliyun.com", "acme.com"}},
	}
}

// TestARequestLeadsToTheStart: what Alibaba Cloud asks becomes an address of ours, from
// an address and from a form alike, and nothing is kept of it.
func TestARequestLeadsToTheStart(t *testing.T) {
	s := withUsers(t)
	signed := asks("</saml2:Issuer>", `</saml2:Issuer><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo/></ds:Signature>`)
	for name, tt := range map[string]struct {
		r    *http.Request
		want string
	}{
		"by an address":            {byGet(t, asks()), startPath + "?request=a2e4f0g1h2"},
		"by a form":                {byPost(asks()), startPath + "?request=a2e4f0g1h2"},
		"signed, as nobody checks": {byPost(signed), startPath + "?request=a2e4f0g1h2"},
		"with a RelayState":        {byGet(t, asks(), "RelayState", ecs+"?a=b&c=<\">"), startPath + "?relay=https%3A%2F%2Fecs.console.aliyun.com%2F%3Fa%3Db%26c%3D%3C%22%3E&request=a2e4f0g1h2"},
		"a form with one":          {byPost(asks(), "RelayState", ecs), startPath + "?relay=https%3A%2F%2Fecs.console.aliyun.com%2F&request=a2e4f0g1h2"},
		"an encoding by name":      {byGet(t, asks(), "SAMLEncoding", deflateURN), startPath + "?request=a2e4f0g1h2"},
		"more parameters":          {byGet(t, asks(), "SigAlg", "x", "Signature", "y", "lang", "zh"), startPath + "?request=a2e4f0g1h2"},
		"of a person to ask anew":  {byGet(t, asks(`ForceAuthn="false"`, `ForceAuthn="true"`)), startPath + "?fresh=1803902400000&request=a2e4f0g1h2"},
		"of one not to be asked":   {byGet(t, asks(`IsPassive="false"`, `IsPassive="1"`)), startPath + "?request=a2e4f0g1h2&passive=1"},
		"without an address":       {byGet(t, asks(` Destination="`+origin+ssoPath+`"`, "")), startPath + "?request=a2e4f0g1h2"},
		"an ID as long as may be":  {byGet(t, asks("a2e4f0g1h2", "a"+strings.Repeat("b", 127))), startPath + "?request=a" + strings.Repeat("b", 127)},
	} {
		a := s.do(t, tt.r)
		if a.StatusCode != http.StatusSeeOther || a.leadsTo() != tt.want || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %s to %s, %v", name, a.Status, a.leadsTo(), a.Cookies())
		}
		if _, err := session.Target(strings.TrimSuffix(tt.want, "&passive=1")); err != nil {
			t.Errorf("%s: no sign-in could lead there: %v", name, err)
		}
	}
	if len(s.rows.All()) > 0 || s.people.Calls()["claim"] > 0 {
		t.Error("something is kept of a stranger's wish")
	}
	if !strings.Contains(s.log.String(), `"authn_request":"a2e4f0g1h2"`) {
		t.Errorf("the log does not name the request: %s", s.log)
	}
}

// TestAStrangersRequestIsRefused: each with its code, without a form, a cookie, or a way on.
func TestAStrangersRequestIsRefused(t *testing.T) {
	const issuer = ">" + cloudAsks + "<"
	s := withUsers(t)
	ada := s.ada(t).Cookie()
	plain := asks()
	query := "SAMLRequest=" + url.QueryEscape(deflated(t, plain))
	form := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(plain)))
	at := func(path string) *http.Request {
		return fromCloud(httptest.NewRequest(http.MethodGet, origin+path, nil))
	}
	for name, tt := range map[string]struct {
		r    *http.Request
		code reason.Code
	}{
		"nothing":                           {at(ssoPath), reason.MessageMalformed},
		"an empty form":                     {cloudForm(""), reason.MessageMalformed},
		"two requests":                      {at(ssoPath + "?" + query + "&" + query), reason.RequestMalformed},
		"two in a form":                     {cloudForm(form + "&" + form), reason.RequestMalformed},
		"two RelayStates":                   {at(ssoPath + "?" + query + "&RelayState=a&RelayState=b"), reason.RequestMalformed},
		"two encodings":                     {at(ssoPath + "?" + query + "&SAMLEncoding=" + deflateURN + "&SAMLEncoding=x"), reason.RequestMalformed},
		"another encoding":                  {byGet(t, plain, "SAMLEncoding", "urn:x"), reason.RequestMalformed},
		"an empty encoding":                 {byGet(t, plain, "SAMLEncoding", ""), reason.RequestMalformed},
		"a query that is none":              {at(ssoPath + "?" + query + "&x=%zz"), reason.RequestMalformed},
		"a semicolon":                       {at(ssoPath + "?" + query + ";RelayState=a"), reason.RequestMalformed},
		"a form whose address has one too":  {withQuery(cloudForm(form), query), reason.RequestMalformed},
		"a form of another kind":            {with(cloudForm(form), "Content-Type", "multipart/form-data; boundary=x"), reason.RequestMalformed},
		"text":                              {with(cloudForm(form), "Content-Type", "text/plain"), reason.RequestMalformed},
		"a form of a megabyte":              {cloudForm(form + "&x=" + strings.Repeat("a", 1<<20)), reason.RequestTooLarge},
		"a RelayState of 5 KB":              {byGet(t, plain, "RelayState", strings.Repeat("a", 5<<10)), reason.RequestTooLarge},
		"one of 5 KB in a form":             {byPost(plain, "RelayState", strings.Repeat("a", 5<<10)), reason.RequestTooLarge},
		"one that is, escaped":              {byPost(plain, "RelayState", strings.Repeat("é", 400)), reason.RequestTooLarge},
		"an inflate bomb":                   {at(ssoPath + "?SAMLRequest=" + url.QueryEscape(deflated(t, strings.Repeat("<", 8<<20)))), reason.MessageTooLarge},
		"a form's request of 17 KB":         {byPost(asks("</saml2p:AuthnRequest>", strings.Repeat(" ", 16<<10)+"</saml2p:AuthnRequest>")), reason.MessageTooLarge},
		"a deflated one in a form":          {cloudForm("SAMLRequest=" + url.QueryEscape(deflated(t, plain))), reason.MessageMalformed},
		"a plain one in an address":         {at(ssoPath + "?" + form), reason.MessageMalformed},
		"no XML":                            {byGet(t, "hello"), reason.MessageMalformed},
		"a document type":                   {byGet(t, `<!DOCTYPE x [<!ENTITY e "e">]>`+plain), reason.MessageMalformed},
		"another message":                   {byGet(t, asks("AuthnRequest", "LogoutRequest")), reason.MessageMalformed},
		"another account's":                 {byGet(t, asks(prod+"/saml/SSO", dev+"/saml/SSO")), reason.IssuerMismatch},
		"the other site's":                  {byGet(t, asks("//signin.aliyun.com/"+prod, "//signin-intl.aliyun.com/"+prod)), reason.IssuerMismatch},
		"the role sign-in's":                {byGet(t, asks(cloudAsks, "urn:alibaba:cloudcomputing")), reason.IssuerMismatch},
		"nobody's":                          {byGet(t, asks(issuer, "><")), reason.IssuerMismatch},
		"a comment in the issuer":           {byGet(t, asks("/saml/SSO</saml2:Issuer>", "/saml/SSO<!--.evil.example--></saml2:Issuer>")), reason.MessageMalformed},
		"a comment that hides the issuer":   {byGet(t, asks(issuer, "><!--x-->"+cloudAsks+"<")), reason.MessageMalformed},
		"one for another account's address": {byGet(t, asks(origin+ssoPath, origin+"/idp/"+dev+"/sso")), reason.DestinationMismatch},
		"one for another host":              {byGet(t, asks(origin+ssoPath, "https://evil.example"+ssoPath)), reason.DestinationMismatch},
		"SAML 1.1":                          {byGet(t, asks(`Version="2.0"`, `Version="1.1"`)), reason.VersionUnsupported},
		"no ID":                             {byGet(t, asks(` ID="a2e4f0g1h2"`, "")), reason.MessageMalformed},
		"an ID that breaks out":             {byGet(t, asks("a2e4f0g1h2", "a&quot;&gt;&lt;script&gt;")), reason.MessageMalformed},
		"an ID with a line":                 {byGet(t, asks("a2e4f0g1h2", "a&#10;Set-Cookie:x=y")), reason.MessageMalformed},
		"an ID of a stranger's letters":     {byGet(t, asks("a2e4f0g1h2", "\u0430bc")), reason.MessageMalformed},
		"an ID of 129 characters":           {byGet(t, asks("a2e4f0g1h2", strings.Repeat("a", 129))), reason.MessageMalformed},
		"ForceAuthn of another kind":        {byGet(t, asks(`ForceAuthn="false"`, `ForceAuthn="perhaps"`)), reason.MessageMalformed},
		"IsPassive of another kind":         {byGet(t, asks(`IsPassive="false"`, `IsPassive="TRUE"`)), reason.MessageMalformed},
		"an account without users":          {at("/idp/" + dev + "/sso?" + query), reason.AccountUnknown},
		"an account that is not there":      {at("/idp/9999999999999999/sso?" + query), reason.AccountUnknown},
		"an alias":                          {at("/idp/acme-prod/sso?" + query), reason.AccountUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			tt.r.AddCookie(ada)
			a := s.do(t, tt.r)
			wantRefusal(t, a, tt.code)
			if strings.Contains(a.text, "SAMLResponse") || strings.Contains(a.text, "<script>") || s.people.Calls()["claim"] > 0 || len(s.rows.All()) != 1 {
				t.Errorf("the page does more than refuse:\n%s", a.text)
			}
		})
	}
}

func withQuery(r *http.Request, query string) *http.Request {
	r.URL.RawQuery = query
	return r
}
