package portal_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// press is the mint where we are an identity provider: forms are the real issuer's, by a
// real key.
type press struct {
	mint

	real     issue.Issuer
	unsigned error // why nothing can be signed
}

func (p *press) RoleForm(ctx context.Context, grant mapping.Grant, authn samldoc.AuthnStatement, to issue.Destination) (issue.Form, error) {
	return p.real.RoleForm(ctx, grant, authn, to)
}

// federatedStage has a federated account whose role RAM was seen to let last an hour.
func federatedStage(t *testing.T) (*stage, *press) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: validatetest.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s, p := newStage(t), &press{}
	p.real = issue.New(issue.Config{Own: issue.Own{
		Origin: origin, Now: func() time.Time { return s.now }, Random: rand.Reader,
		Signing: func(context.Context) (crypto.Signer, *x509.Certificate, error) { return key, certificate, p.unsigned },
	}})
	s.draft.Accounts[0].Issue, s.draft.Accounts[0].FederatedProvider = "federated", "acs:ram::"+prod+":saml-provider/fc-sso"
	s.longest = map[string]time.Duration{admin: time.Hour}
	s.handler = s.portal(t, p)
	return s, p
}

// posted is the response on a page, "" where there is none.
func posted(t *testing.T, text string) string {
	t.Helper()
	m := regexp.MustCompile(`name="SAMLResponse" value="([^"]+)"`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	xml, err := base64.StdEncoding.DecodeString(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(xml)
}

const bucket = "https://oss.console.aliyun.com/bucket/a?x=1&y=2"

// TestNoResponseOfOursIsShownToWhomItWouldGiveMore: where the rule gives less than the
// role can, or nobody knows what the role can, the browser gets an address that opens the
// console once, and no page or header of the answer holds anything of ours.
func TestNoResponseOfOursIsShownToWhomItWouldGiveMore(t *testing.T) {
	for why, change := range map[string]func(*stage){
		"a session policy": func(s *stage) {
			s.draft.Rules[0].Session.Policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}`
		},
		"a shorter rule":  func(s *stage) { s.draft.Rules[0].Session.DurationSeconds = 1800 },
		"a longer role":   func(s *stage) { s.longest[admin] = 2 * time.Hour },
		"nobody read it":  func(s *stage) { s.longest = nil },
		"nobody does now": func(s *stage) { s.draft.Accounts[0].MaintenanceRole = "" },
	} {
		s, p := federatedStage(t)
		s.draft.Rules[0].Condition = &federation.ConditionDraft{Any: true}
		begun := s.ada(t).Cookie()
		change(s)
		for _, r := range []*http.Request{
			with(get("/go/acme-prod/admin?to="+url.QueryEscape(bucket), begun), "Sec-Fetch-Site", "none"),
			fromOwnPage("/console", url.Values{"token": {token(t, s.do(t, get("/", begun)).text)}, "role": {admin}, "to": {bucket}}, begun),
		} {
			a := s.do(t, r)
			if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.leadsTo(), "https://signin.aliyun.com/federation?") || !strings.Contains(a.leadsTo(), url.QueryEscape(bucket)) {
				t.Errorf("%s: %s to %q", why, a.Status, a.leadsTo())
			}
			if strings.Contains(a.text+a.leadsTo(), "SAMLResponse") {
				t.Errorf("%s: a response reached the browser: %s", why, a.text)
			}
		}
		if p.authn.AuthnInstant.IsZero() || p.login != origin+"/go/acme-prod/admin" || !strings.Contains(s.log.String(), `"way":"federated"`) {
			t.Errorf("%s: %+v, back by %q, %s", why, p.authn, p.login, s.log)
		}
	}
}

// TestCredentialsAreNeverAResponse: also where the grant is whole.
func TestCredentialsAreNeverAResponse(t *testing.T) {
	s, p := federatedStage(t)
	cookie := s.ada(t).Cookie()
	a := s.do(t, fromOwnPage("/credentials", url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}}, cookie))
	wantOnPage(t, a, "STS.example")
	if strings.Contains(a.text, "SAMLResponse") || len(p.taken) != 1 || !strings.Contains(s.log.String(), `"way":"federated"`) {
		t.Errorf("taken %q, %s", p.taken, s.log)
	}
}

// TestAConsoleIsOpenedByOurResponse, which the page that posts it holds, and nothing else
// does: not the log. It names the one role, lasts as long as that, and where to go then.
func TestAConsoleIsOpenedByOurResponse(t *testing.T) {
	s, p := federatedStage(t)
	cookie := s.ada(t).Cookie()
	for _, r := range []*http.Request{
		with(get("/go/acme-prod/admin?to="+url.QueryEscape(bucket), cookie), "Sec-Fetch-Site", "none"),
		fromOwnPage("/console", url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}, "to": {bucket}}, cookie),
	} {
		s.log.Reset()
		a := s.do(t, r)
		wantOnPage(t, a, `action="https://signin.aliyun.com/saml-role/sso"`, `name="RelayState" value="`+bucket+`"`, "admin (acme-prod, "+prod+")")
		doc := etree.NewDocument()
		if err := doc.ReadFromString(posted(t, a.text)); err != nil {
			t.Fatal(err)
		}
		var values []string
		for _, e := range doc.FindElements("//saml:AttributeValue") {
			values = append(values, e.Text())
		}
		if want := admin + ",acs:ram::" + prod + ":saml-provider/fc-sso ada 3600"; strings.Join(values, " ") != want {
			t.Errorf("attributes %q, not %q", values, want)
		}
		if issuer := doc.FindElement("/samlp:Response/saml:Issuer").Text(); issuer != origin+"/idp/"+prod+"/metadata" {
			t.Errorf("issuer %q", issuer)
		}
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "form-action 'self' https://*.aliyun.com https://*.alibabacloud.com https://signin.aliyun.com;") || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", a.Header)
		}
		if log := s.log.String(); !strings.Contains(log, `"way":"response"`) || !strings.Contains(log, `"length":"1h0m0s by rule"`) || !strings.Contains(log, `"grant":"`+admin+`"`) || strings.Contains(log, "PHNhbW") {
			t.Errorf("log %s", log)
		}
	}
	if len(p.taken) > 0 {
		t.Errorf("STS was asked for %q", p.taken)
	}
}

// TestWithoutOurKeyNobodyIsSentToAlibabaCloud.
func TestWithoutOurKeyNobodyIsSentToAlibabaCloud(t *testing.T) {
	s, p := federatedStage(t)
	p.unsigned = reason.New(reason.OwnKeysUnavailable, "KMS hangs")
	a := s.do(t, with(get("/go/acme-prod/admin", s.ada(t).Cookie()), "Sec-Fetch-Site", "none"))
	wantRefusal(t, a, reason.OwnKeysUnavailable)
	s.silent = errors.New("the store is down")
	wantRefusal(t, s.do(t, with(get("/go/acme-prod/admin", s.ada(t).Cookie()), "Sec-Fetch-Site", "none")), reason.Internal)
}
