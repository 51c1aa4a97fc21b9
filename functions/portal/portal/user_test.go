package portal_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func ourCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	_, certificate := validatetest.Signing(t)
	return certificate
}

func ourKey(tb testing.TB) func(context.Context) (crypto.Signer, *x509.Certificate, error) {
	tb.Helper()
	key, certificate := validatetest.Signing(tb)
	return func(context.Context) (crypto.Signer, *x509.Certificate, error) { return key, certificate, nil }
}

// entry is the page by which the browser brings our response.
type entry struct {
	action, relay string
	says          samldoc.Message
}

// enters reads that page, as Alibaba Cloud would that knows our certificate.
func enters(t *testing.T, a answer) entry {
	t.Helper()
	field := func(name string) string {
		if m := regexp.MustCompile(name + `" value="([^\n]*)">\n`).FindStringSubmatch(a.text); m != nil {
			return m[1]
		}
		return ""
	}
	xml, err := base64.StdEncoding.DecodeString(field("SAMLResponse"))
	if err != nil || a.StatusCode != http.StatusOK || len(xml) == 0 {
		t.Fatalf("%s, %v:\n%s", a.Status, err, a.text)
	}
	document, err := samldoc.Parse(xml)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := document.Verify([]*x509.Certificate{ourCertificate(t)}, samldoc.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	action := regexp.MustCompile(`<form method="post" action="([^"]+)" data-autosubmit`).FindStringSubmatch(a.text)
	if action == nil {
		t.Fatalf("no form:\n%s", a.text)
	}
	return entry{action[1], field("RelayState"), verified.Message()}
}

// signsIn says that nothing was issued before, and then that this was.
func (s *stage) signsIn(t *testing.T, r *http.Request, user, request, relay string) {
	t.Helper()
	got := enters(t, s.do(t, r))
	if got.action != "https://signin.aliyun.com/saml/SSO" || got.says.Assertion.Subject.NameID != user || got.says.Response.InResponseTo != request || got.relay != relay {
		t.Errorf("%s gets %+v in answer to %q with %q", got.action, got.says.Assertion.Subject, got.says.Response.InResponseTo, got.relay)
	}
}

func start(parameters ...string) string {
	query := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	if len(query) == 0 {
		return startPath
	}
	return startPath + "?" + query.Encode()
}

func TestAnAnswerToARequestGoesStraightOn(t *testing.T) {
	s := withUsers(t)
	ada := s.ada(t)
	r := fromCloud(get(start("request", "a1", "relay", ecs+"?a=b&c=d"), ada.Cookie()))
	s.signsIn(t, r, "ada@acme.onaliyun.com", "a1", ecs+"?a=b&c=d")
	for _, want := range []string{`"grant":"acs:ram::1234567890123456:user/ada"`, `"rule":"staff are users"`, `"way":"response"`, `"record":"test"`, `"subject":"ada"`, `"authn_request":"a1"`} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, s.log)
		}
	}
	if strings.Contains(s.log.String(), "PHNhbWw") {
		t.Error("the log has our response")
	}
	bob := s.bob(t, map[string]any{"email": "bob@entra.example"})
	s.signsIn(t, fromCloud(get(start("request", "b2"), bob.Cookie())), "bob@acme.com", "b2", "")
}

func TestAnAccountMayWantTheNameAlone(t *testing.T) {
	s := withUsers(t)
	s.draft.Accounts[0].UserSSO.WithDomain, s.draft.Accounts[0].Site = false, "international"
	got := enters(t, s.do(t, fromCloud(get(start("request", "a1"), s.ada(t).Cookie()))))
	if got.action != "https://signin-intl.aliyun.com/saml/SSO" || got.says.Assertion.Subject.NameID != "ada" {
		t.Errorf("%s gets %+v", got.action, got.says.Assertion.Subject)
	}
}

func TestNobodyIsSignedInWithoutHavingMeantIt(t *testing.T) {
	s := withUsers(t)
	ada := s.ada(t)
	to := start("to", ecs)
	for name, r := range map[string]*http.Request{
		"our own page": with(get(to, ada.Cookie()), "Sec-Fetch-Site", "same-origin"),
		"a bookmark":   with(get(to, ada.Cookie()), "Sec-Fetch-Site", "none"),
	} {
		t.Run(name, func(t *testing.T) { s.signsIn(t, r, "ada@acme.onaliyun.com", "", ecs) })
	}
	ticketed, err := ada.Ticketed(to)
	if err != nil {
		t.Fatal(err)
	}
	s.signsIn(t, fromCloud(get(ticketed, ada.Cookie())), "ada@acme.onaliyun.com", "", ecs)
	s.people.Calls()
	for name, r := range map[string]*http.Request{
		"another site's link":        with(get(to, ada.Cookie()), "Sec-Fetch-Site", "cross-site"),
		"a sister's":                 with(get(to, ada.Cookie()), "Sec-Fetch-Site", "same-site"),
		"an old browser":             get(to, ada.Cookie()),
		"a browser that looks ahead": with(with(get(to, ada.Cookie()), "Sec-Fetch-Site", "none"), "Sec-Purpose", "prefetch"),
		"another's ticket":           get(ticketed+"x", ada.Cookie()),
		"a prefetch of an answer":    with(get(start("request", "a1"), ada.Cookie()), "Sec-Purpose", "prefetch"),
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(t, r)
			wantOnPage(t, a, "Open the console?", "ada@acme.onaliyun.com", prod, `action="/user"`)
			if strings.Contains(a.text, "SAMLResponse") || s.people.Calls()["claim"] > 0 {
				t.Error("it was done unasked")
			}
		})
	}
	page := s.do(t, with(get(to, ada.Cookie()), "Sec-Fetch-Site", "cross-site"))
	fields := url.Values{"token": {token(t, page.text)}, "start": {to}}
	s.signsIn(t, fromOwnPage("/user", fields, ada.Cookie()), "ada@acme.onaliyun.com", "", ecs)
	wantEnded(t, s.do(t, fromOwnPage("/user", fields)), to)
	fields.Set("start", "/go/acme-prod/admin")
	wantRefusal(t, s.do(t, fromOwnPage("/user", fields, ada.Cookie())), reason.RequestMalformed)
}

func TestAStartThatIsNoneIsRefused(t *testing.T) {
	s := withUsers(t)
	ada := s.ada(t).Cookie()
	later := strconv.FormatInt(s.now.Add(time.Hour).UnixMilli(), 10)
	for path, code := range map[string]reason.Code{
		start("x", "y"):                                            reason.RequestMalformed,
		start("request", "a1", "to", ecs):                          reason.RequestMalformed,
		start("relay", "a"):                                        reason.RequestMalformed,
		start("request", `a">`):                                    reason.RequestMalformed,
		start("request", "a1") + "&request=a2":                     reason.RequestMalformed,
		start("request", "a1") + "&lang=en&lang=zh":                reason.RequestMalformed,
		start("request", "a1", "fresh", later):                     reason.RequestMalformed,
		start("request", "a1", "fresh", "x"):                       reason.RequestMalformed,
		start("request", "a1", "relay", strings.Repeat("a", 2048)): reason.TargetNotAllowed,
		start("to", "https://evil.example/"):                       reason.TargetNotAllowed,
		start("to", "https://ecs.console.aliyun.com.evil.example"): reason.TargetNotAllowed,
		"/idp/" + dev + "/start":                                   reason.AccountUnknown,
		"/idp/9999999999999999/start":                              reason.AccountUnknown,
		"/idp/acme-prod/start":                                     reason.RequestMalformed,
	} {
		for _, cookies := range [][]*http.Cookie{{ada}, nil} {
			wantRefusal(t, s.do(t, with(get(path, cookies...), "Sec-Fetch-Site", "none")), code)
		}
	}
	if s.people.Calls()["claim"] > 0 {
		t.Error("somebody became an owner")
	}
}

// TestWhoIsNotSignedInChoosesAmongThoseThatLeadThere, by name or by domain.
func TestWhoIsNotSignedInChoosesAmongThoseThatLeadThere(t *testing.T) {
	s := withUsers(t)
	target := start("request", "a1", "relay", ecs)
	to := "?" + url.Values{"to": {target}}.Encode()
	a := s.do(t, fromCloud(get(target)))
	wantOnPage(t, a, "You asked for the console of acme-prod", `href="/saml/test/login`+to, `href="/oidc/issuer/login`+to, `name="to" value="`+target)
	if strings.Contains(a.text, "Contoso") {
		t.Error("the page offers one whose people are no users there")
	}
	if a := s.do(t, get("/?"+url.Values{"to": {target}, "email": {"bob@entra.example"}}.Encode())); a.leadsTo() != "/oidc/issuer/login"+to {
		t.Errorf("by its domain to %s", a.leadsTo())
	}
	wantOnPage(t, s.do(t, get("/?"+url.Values{"to": {target}, "email": {"eve@contoso.example"}}.Encode())), "Nobody here answers for eve@contoso.example")
	wantOnPage(t, s.do(t, fromCloud(get(target+"&lang=zh"))), "您要打开的是 acme-prod 的控制台")
	s.draft.Rules = s.draft.Rules[:len(s.draft.Rules)-1]
	if a := s.do(t, fromCloud(get(target))); a.leadsTo() != "/saml/test/login"+to {
		t.Errorf("the only one: %s to %s", a.Status, a.leadsTo())
	}
	s.draft.IdentityProviders[0].Suspended = true
	wantRefusal(t, s.do(t, fromCloud(get(target))), reason.UserNotGranted)
}

func TestWhoIsNoUserThereIsToldOfOtherWays(t *testing.T) {
	s := withUsers(t)
	rules := s.draft.Rules
	only := func(r federation.RuleDraft) {
		s.draft.Rules = append(slices.Clone(rules[:len(rules)-2]), r, rules[len(rules)-1])
	}
	ada := s.ada(t)
	other := `href="/oidc/issuer/login?` + url.Values{"to": {start("request", "a1")}}.Encode() + `"`
	for _, tt := range []struct {
		rule federation.RuleDraft
		code reason.Code
	}{
		{userRule("others", "contoso", "x@acme.com"), reason.UserNotGranted},
		{userRule("names", "test", "{{nameID}} {{nameID}}@acme.com"), reason.PrincipalInvalid},
		{userRule("suffixes", "test", "{{nameID}}@evil.example"), reason.PrincipalSuffix},
	} {
		only(tt.rule)
		a := s.do(t, fromCloud(get(start("request", "a1"), ada.Cookie())))
		wantRefusal(t, a, tt.code)
		if !strings.Contains(a.text, "Or sign in another way") || !strings.Contains(a.text, other) || strings.Contains(a.text, `"/saml/test/login`) {
			t.Errorf("%s: the page offers otherwise:\n%s", tt.code, a.text)
		}
	}
	s.draft.Rules, s.draft.IdentityProviders[0].Suspended = rules, true
	a := s.do(t, fromCloud(get(start("request", "a1"), ada.Cookie())))
	wantRefusal(t, a, reason.IdPSuspended)
	if !strings.Contains(a.text, other) {
		t.Errorf("of one that is suspended the page offers:\n%s", a.text)
	}
}

// TestARAMUserBelongsToWhoCameFirst, by whichever suffix, case or identity provider
// another comes; and whose it is nobody is told but the operator.
func TestARAMUserBelongsToWhoCameFirst(t *testing.T) {
	s := withUsers(t)
	ada := s.ada(t)
	s.signsIn(t, fromCloud(get(start("request", "a1"), ada.Cookie())), "ada@acme.onaliyun.com", "a1", "")
	for name, other := range map[string]session.Session{
		"another identity provider, another suffix": s.bob(t, map[string]any{"email": "ada@entra.example"}),
		"another case": s.signIn(t, validatetest.Subject("ADA")),
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(t, fromCloud(get(start("request", "b1"), other.Cookie())))
			wantRefusal(t, a, reason.PrincipalTaken)
			if strings.Contains(a.text, "SAMLResponse") || strings.Contains(a.text, `"ada"`) {
				t.Errorf("the page tells:\n%s", a.text)
			}
			if !strings.Contains(s.log.String(), `belongs to \"ada\" of test since 2027-03-01T12:00:00Z`) {
				t.Errorf("log %s", s.log)
			}
		})
	}
	s.signsIn(t, fromCloud(get(start("request", "a2"), ada.Cookie())), "ada@acme.onaliyun.com", "a2", "")
	s.people.Break(reason.New(reason.StoreUnavailable, "down"))
	wantRefusal(t, s.do(t, fromCloud(get(start("request", "a3"), ada.Cookie()))), reason.StoreUnavailable)
}

// TestAPersonStaysOneUnderAnotherName, where the file says what makes them one.
func TestAPersonStaysOneUnderAnotherName(t *testing.T) {
	s := withUsers(t)
	s.draft.IdentityProviders[0].Person = "{{email}}"
	s.draft.Rules = append(s.draft.Rules[:len(s.draft.Rules)-2], userRule("staff", "test", `{{email | before "@"}}@acme.com`))
	mail := validatetest.Attribute("emailAddress", "ada@acme.com")
	for _, subject := range []string{"ada", "a.lovelace"} {
		s.signsIn(t, fromCloud(get(start("request", "a1"), s.signIn(t, validatetest.Subject(subject), mail).Cookie())), "ada@acme.com", "a1", "")
	}
	s.draft.IdentityProviders[0].Person = "{{groups}}"
	wantRefusal(t, s.do(t, fromCloud(get(start("request", "a1"), s.signIn(t, mail).Cookie()))), reason.PersonUnclear)
}

func TestARequestMayWantThePersonToSignInAnew(t *testing.T) {
	s := withUsers(t)
	since := s.now
	old := s.adaBy(t, byPassword, time.Minute)
	s.now = s.now.Add(time.Minute)
	target := start("fresh", strconv.FormatInt(since.Add(30*time.Second).UnixMilli(), 10), "relay", ecs, "request", "a1")
	want := "/saml/test/login?" + url.Values{"stepup": {prod}, "to": {target}}.Encode()
	if a := s.do(t, fromCloud(get(target, old.Cookie()))); a.leadsTo() != want {
		t.Errorf("%s to %s, want %s", a.Status, a.leadsTo(), want)
	}
	// Who came since, by the identity provider's own session of an hour ago, did not
	// sign in anew; signin refuses that, and so no circle comes of it.
	if a := s.do(t, fromCloud(get(target, s.adaBy(t, byPassword, time.Hour).Cookie()))); a.leadsTo() != want {
		t.Errorf("%s to %s, want %s", a.Status, a.leadsTo(), want)
	}
	if s.people.Calls()["claim"] > 0 {
		t.Error("somebody became an owner")
	}
	s.signsIn(t, fromCloud(get(target, s.adaBy(t, byPassword, 20*time.Second).Cookie())), "ada@acme.onaliyun.com", "a1", ecs)
	wantRefusal(t, s.do(t, fromCloud(get(target+"&passive=1", old.Cookie()))), reason.StepUpNeeded)
}

// TestNobodyGoesInCirclesBeforeARequestCame: no sign-in is newer than what is still to
// come, and an identity provider that asks nothing would be back at once.
func TestNobodyGoesInCirclesBeforeARequestCame(t *testing.T) {
	s := withUsers(t)
	target := start("fresh", strconv.FormatInt(s.now.Add(50*time.Second).UnixMilli(), 10), "request", "a1")
	a := s.do(t, fromCloud(get(target, s.adaBy(t, byPassword, 0).Cookie())))
	if a.StatusCode != http.StatusForbidden || a.leadsTo() != "" || !strings.Contains(a.text, "/saml/test/login?"+url.Values{"stepup": {prod}, "to": {target}}.Encode()) {
		t.Errorf("%s to %s:\n%s", a.Status, a.leadsTo(), a.text)
	}
}

func TestARequestMayWantThatNothingIsAsked(t *testing.T) {
	s := withUsers(t)
	passive := start("request", "a1") + "&passive=1"
	wantRefusal(t, s.do(t, fromCloud(get(passive))), reason.SessionMissing)
	wantRefusal(t, s.do(t, fromCloud(get(passive, s.ada(t).Cookie(), arrived(s.eve(t))))), reason.SessionMissing)
	s.signsIn(t, fromCloud(get(passive, s.ada(t).Cookie())), "ada@acme.onaliyun.com", "a1", "")
	if _, err := session.Target(passive); reason.Of(err) != reason.TargetNotAllowed {
		t.Errorf("a sign-in would lead there: %v", err)
	}
}

func TestAUserMayNeedMore(t *testing.T) {
	s := withUsers(t)
	s.draft.Rules[len(s.draft.Rules)-2].Requires = &federation.RequiresDraft{ACR: []string{byPhone}}
	ada := s.adaBy(t, byPassword, time.Minute)
	link := func(to string) string { return "/saml/test/login?" + url.Values{"stepup": {prod}, "to": {to}}.Encode() }
	if a := s.do(t, fromCloud(get(start("request", "a1"), ada.Cookie()))); a.leadsTo() != link(start("request", "a1")) {
		t.Errorf("%s to %s", a.Status, a.leadsTo())
	}
	if a := s.do(t, with(get(start(), ada.Cookie()), "Sec-Fetch-Site", "none")); a.leadsTo() != link(start()) {
		t.Errorf("%s to %s", a.Status, a.leadsTo())
	}
	a := s.do(t, fromCloud(get(start(), ada.Cookie())))
	if a.StatusCode != http.StatusForbidden || !strings.Contains(a.text, link(start())) || !strings.Contains(a.text, "ada@acme.onaliyun.com") {
		t.Errorf("%s:\n%s", a.Status, a.text)
	}
	wantOnPage(t, s.do(t, get("/", ada.Cookie())), "You could also have", "acme-prod · ada@acme.onaliyun.com", link(start()))
	s.signsIn(t, fromCloud(get(start("request", "a1"), s.adaBy(t, byPhone, time.Minute).Cookie())), "ada@acme.onaliyun.com", "a1", "")
}

func TestTwoPeopleInOneBrowserAreAskedFirst(t *testing.T) {
	s := withUsers(t)
	wantOnPage(t, s.do(t, fromCloud(get(start("request", "a1"), s.ada(t).Cookie(), arrived(s.eve(t))))), "Which one are you?")
	if s.people.Calls()["claim"] > 0 {
		t.Error("somebody became an owner")
	}
}

func TestTheListHasTheUsersThatAPersonIs(t *testing.T) {
	s := withUsers(t)
	a := s.do(t, get("/", s.ada(t).Cookie()))
	wantOnPage(t, a, "You as a user", "ada@acme.onaliyun.com", `href="`+startPath+`"`, "staff are users")
	if s.people.Calls()["claim"] > 0 {
		t.Error("a list makes nobody an owner")
	}
	s.draft.Rules = s.draft.Rules[len(s.draft.Rules)-2:]
	a = s.do(t, get("/", s.ada(t).Cookie()))
	wantOnPage(t, a, "You as a user")
	if strings.Contains(a.text, "there is no role for you yet") {
		t.Error("the page says that there is nothing")
	}
}

func TestWithoutOurKeyNobodyIsSignedIn(t *testing.T) {
	s := withUsers(t)
	s.mint.signs = silent()
	wantRefusal(t, s.do(t, fromCloud(get(start("request", "a1"), s.ada(t).Cookie()))), reason.OwnKeysUnavailable)
}

// silent is a mint whose key is not to be had.
func silent() issue.Issuer {
	return issue.New(issue.Config{Own: issue.Own{
		Origin: origin, Now: validatetest.Now, Random: rand.Reader,
		Signing: func(context.Context) (crypto.Signer, *x509.Certificate, error) {
			return nil, nil, reason.New(reason.OwnKeysUnavailable, "KMS hangs")
		},
	}})
}
