package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
)

var now = time.Date(2026, 11, 23, 17, 58, 4, 0, time.UTC)

func pages(t *testing.T, brand page.Brand) *page.Pages {
	t.Helper()
	p, err := page.New("https://sso.acme.com", brand)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// examples is one full view of each kind, and the empty ones that people meet.
func examples() map[string]page.View {
	key := page.Key{ID: "STS.NUexample", Secret: "secret-of-it", Token: "CAIS+token/of=it", Expires: now.Add(time.Hour), Profile: "acme-prod-admin", Region: "cn-hangzhou"}
	const arn = "acs:ram::1234567890123456:role/admin"
	return map[string]page.View{
		"chooser": page.Chooser{ByEmail: true, Role: "admin", Account: "acme-prod", To: "/go/acme-prod/admin", Options: []page.Option{
			{Name: "Okta", Link: "/saml/okta/login", Last: true}, {Name: "Partner: Contoso <u>", Link: "/saml/contoso/login"},
		}},
		"chooser-email": page.Chooser{ByEmail: true, Email: "me@nowhere.example", Options: []page.Option{{Name: "Okta", Link: "/saml/okta/login"}}},
		"chooser-none":  page.Chooser{},
		"roles": page.Roles{
			Person: "you@acme.com", IdP: "Okta", Ends: now.Add(7*time.Hour + 52*time.Minute), Idle: now.Add(time.Hour), Token: "form-token", Count: 3,
			Favourites: []page.Role{{Account: "acme-prod", AccountID: "1234567890123456", Name: "admin", ARN: arn, Link: "/go/acme-prod/admin", Favourite: true, Length: page.Length{Lasts: time.Hour}}},
			Recent:     []page.Role{{AccountID: "2345678901234567", Name: "dev", ARN: "acs:ram::2345678901234567:role/dev", Link: "/go/2345678901234567/dev", Length: page.Length{Lasts: time.Hour}}},
			Accounts: []page.Account{
				{Alias: "acme-prod", ID: "1234567890123456", Roles: []page.Role{
					{Name: "admin", ARN: arn, Link: "/go/acme-prod/admin", Rule: "platform engineers <u> administer production", Length: page.Length{Lasts: time.Hour, Rule: time.Hour, By: "rule"}, Favourite: true},
					{Name: "readonly", ARN: "acs:ram::1234567890123456:role/readonly", Link: "/go/acme-prod/readonly", Rule: "everybody may look", Length: page.Length{Lasts: 2 * time.Hour, Rule: 8 * time.Hour, By: "role"}},
				}},
				{ID: "2345678901234567", Roles: []page.Role{{Name: "dev", ARN: "acs:ram::2345678901234567:role/dev", Link: "/go/2345678901234567/dev", Length: page.Length{Lasts: 90 * time.Minute}}}},
			},
		},
		"roles-empty": page.Roles{Person: "you@acme.com", IdP: "Okta", Ends: now.Add(time.Hour), Token: "form-token", Received: []page.Received{
			{Name: "memberOf", Values: []string{"staff", "sales"}}, {Name: "mail", Values: []string{"you@acme.com"}},
		}},
		"roles-users": page.Roles{
			Person: "you@acme.com", IdP: "Okta", Ends: now.Add(time.Hour), Token: "form-token",
			Users: []page.User{
				{Account: "acme-prod", AccountID: "1234567890123456", Name: "you@acme.onaliyun.com", Rule: "staff <u>", Link: "/idp/1234567890123456/start"},
				{AccountID: "2345678901234567", Name: "you@dev.onaliyun.com", Link: "/idp/2345678901234567/start"},
			},
		},
		"roles-many":    many(),
		"roles-nothing": page.Roles{Person: "you@acme.com", IdP: "Okta", Ends: now.Add(time.Hour), Token: "form-token"},
		"credentials": page.Credentials{
			Account: "acme-prod", AccountID: "1234567890123456", Role: "admin", ARN: arn, Rule: "platform engineers administer production",
			SessionName: "you@acme.com", Expires: now.Add(time.Hour), Length: page.Length{Lasts: time.Hour, Rule: 8 * time.Hour, By: "role_unknown"}, Snippets: page.Snippets(key),
		},
		"confirm": page.Confirm{Account: "acme-prod", AccountID: "1234567890123456", Role: "admin", ARN: arn, Person: "you@acme.com", To: "https://ecs.console.aliyun.com/", Token: "form-token"},
		"confirm-user": page.Confirm{
			Account: "acme-prod", AccountID: "1234567890123456", User: "you@acme.onaliyun.com", Start: "/idp/1234567890123456/start?to=x", Person: "you@acme.com",
			To: "https://ecs.console.aliyun.com/", Token: "form-token",
		},
		"making": page.Making{
			Account: "acme-prod", AccountID: "1234567890123456", User: "you@acme.onaliyun.com", Link: "/idp/1234567890123456/start?waits=1",
		},
		"stepup-user":  page.StepUp{AccountID: "1234567890123456", User: "you@acme.onaliyun.com", Person: "you@acme.com", IdP: "Okta", Link: "/saml/okta/login?stepup=1234567890123456"},
		"chooser-user": page.Chooser{Options: []page.Option{{Name: "Okta", Link: "/saml/okta/login"}}, To: "/idp/1234567890123456/start", Account: "acme-prod"},
		"refusal-others": page.Refusal{
			Code: reason.UserNotGranted, Reference: "7F3K-92QD-XA", At: now, Retry: "/", Others: []page.Option{{Name: "Contoso", Link: "/oidc/contoso/login?to=x"}},
		},
		"stepup": page.StepUp{
			Account: "acme-prod", AccountID: "1234567890123456", Role: "admin", Person: "you@acme.com", IdP: "Okta", Link: "/saml/okta/login?stepup=x",
			Proof: page.Proof{Classes: []string{"urn:x:mfa", "urn:x:key"}, MaxAge: 12 * time.Hour, Class: "urn:x:password", At: now.Add(-13 * time.Hour)},
		},
		"stepup-over": page.StepUp{
			Account: "acme-prod", AccountID: "1234567890123456", Role: "admin", Person: "you@acme.com", IdP: "Entra", Link: "/oidc/entra/login?stepup=x", Over: true,
			Proof: page.Proof{At: now},
		},
		"stepup-failed": page.Refusal{
			Code: reason.StepUpFailed, Reference: "7F3K-92QD-XA", At: now, Retry: "/",
			Proof: page.Proof{Classes: []string{"urn:x:mfa"}, Class: "urn:x:password", At: now},
		},
		"roles-again": page.Roles{
			Person: "you@acme.com", IdP: "Okta", Ends: now.Add(time.Hour), Token: "form-token",
			Again: []page.Again{
				{Account: "acme-prod", AccountID: "1234567890123456", Name: "admin", Rule: "platform engineers <u>", Link: "/saml/okta/login?stepup=x"},
				{AccountID: "2345678901234567", Name: "dev", Fresh: true, Link: "/saml/okta/login?stepup=y"},
			},
		},
		"roles-nearly": page.Roles{Person: "you@acme.com", IdP: "Okta", Ends: now.Add(time.Hour), Token: "form-token", Nearly: nearly(), Received: []page.Received{
			{Name: "memberOf", Values: []string{"staff", "sales"}},
		}},
		"arrival":              page.Arrival{Current: "you@acme.com", CurrentIdP: "Okta", New: "eve@acme.com", NewIdP: "Contoso", Token: "form-token"},
		"signedout":            page.SignedOut{},
		"signedout-everywhere": page.SignedOut{Everywhere: true},
		"ended":                page.Ended{Link: "/"},
		"ended-role":           page.Ended{Account: "acme-prod", AccountID: "1234567890123456", Role: "admin", Link: "/go/acme-prod/admin"},
		"refusal":              page.Refusal{Code: reason.AudienceMismatch, Reference: "7F3K-92QD-XA", At: now, SignIn: true, Retry: "/"},
		"refusal-again":        page.Refusal{Code: reason.Replayed, Reference: "7F3K-92QD-XA", At: now, SignIn: true, Retry: "/"},
		"post":                 page.Post{Action: "https://idp.example/sso?x=1", Name: "Okta", Fields: []page.Field{{Name: "SAMLRequest", Value: "PHNhbWw+"}, {Name: "RelayState", Value: "p_1"}}},
		"entry":                page.Entry{Action: "https://signin.aliyun.com/saml-role/sso", As: "admin (acme-prod, 1234567890123456)", Fields: []page.Field{{Name: "SAMLResponse", Value: "PHNhbWw+"}}},
		"entry-local":          page.Entry{Action: "http://localhost:4711/saml-role/sso", As: "admin (1234567890123456)"},
	}
}

func render(t *testing.T, p *page.Pages, target string, v page.View) (string, http.Header) {
	t.Helper()
	r, err := p.Render(get(target), now, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(r.Body), r.Header
}

func get(target string) *http.Request { return httptest.NewRequest(http.MethodGet, target, nil) }

// With PAGES_OUT set, the examples are written there to be looked at.
func TestEveryPageRendersInBothLanguages(t *testing.T) {
	p := pages(t, page.Brand{Name: "Acme Cloud", Help: "it@acme.com"})
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script[^>]*>[^<]|javascript:`)
	for name, v := range examples() {
		for _, lang := range []string{"en", "zh"} {
			body, header := render(t, p, "/?lang="+lang, v)
			if inline.MatchString(body) {
				t.Errorf("%s (%s) has inline script or style: %s", name, lang, inline.FindString(body))
			}
			if strings.Count(body, "<h1") != 1 || !strings.Contains(body, "</html>") {
				t.Errorf("%s (%s): one h1 and a whole page are wanted", name, lang)
			}
			if strings.Contains(body, "%!") || strings.Contains(body, "ZgotmplZ") || strings.Contains(body, "<u>") {
				t.Errorf("%s (%s): a text or a value went wrong:\n%s", name, lang, body)
			}
			if got := header.Get("Content-Language"); !strings.HasPrefix(got, lang) {
				t.Errorf("%s: language %q", name, got)
			}
			keep(t, name+"-"+lang+".html", body)
		}
	}
}

func keep(t *testing.T, name, body string) {
	t.Helper()
	dir := os.Getenv("PAGES_OUT")
	if dir == "" {
		return
	}
	if err := os.WriteFile(dir+"/"+name, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPagesAreGuarded(t *testing.T) {
	p := pages(t, page.Brand{})
	for name, v := range examples() {
		_, h := render(t, p, "/", v)
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: %q lacks %q", name, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || h.Get("Cache-Control") != "no-store" || h.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: headers %v", name, h)
		}
	}
}

func TestFormsLeadOnlyWhereTheyMust(t *testing.T) {
	p := pages(t, page.Brand{})
	formAction := regexp.MustCompile(`form-action ([^;]*)`)
	for name, want := range map[string]string{
		"post":        "'self' https://idp.example https:",
		"roles":       "'self'",
		"entry":       "'self' https://*.aliyun.com https://*.alibabacloud.com https://signin.aliyun.com",
		"entry-local": "'self' https://*.aliyun.com https://*.alibabacloud.com http://localhost:4711",
		"chooser":     "'self' https:",
		"credentials": "'self'",
	} {
		_, h := render(t, p, "/", examples()[name])
		if got := formAction.FindStringSubmatch(h.Get("Content-Security-Policy"))[1]; got != want {
			t.Errorf("%s: form-action %q, want %q", name, got, want)
		}
	}
}

// TestOnlyAPageWithoutSecretsIsCompressed: the list has a token, which is masked.
func TestOnlyAPageWithoutSecretsIsCompressed(t *testing.T) {
	p := pages(t, page.Brand{})
	for name, v := range examples() {
		rendered, err := p.Render(get("/"), now, v)
		if err != nil {
			t.Fatal(err)
		}
		if _, list := v.(page.Roles); rendered.Long != list {
			t.Errorf("%s: %v", name, rendered.Long)
		}
	}
}

func TestTheFirstPageIsSmall(t *testing.T) {
	p := pages(t, page.Brand{Name: "Acme Cloud"})
	body, _ := render(t, p, "/", examples()["chooser"])
	size := len(body)
	for _, path := range regexp.MustCompile(`/static/[a-z0-9.]+`).FindAllString(body, -1) {
		file, ok := p.Static().Open(path)
		if !ok {
			t.Fatalf("%s is linked but not there", path)
		}
		size += len(file.Body)
	}
	t.Logf("the first page is %d bytes with everything", size)
	if size > 60<<10 {
		t.Errorf("the first page is %d bytes", size)
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct{ target, cookie, accept, want string }{
		{"/", "", "", "en"},
		{"/", "", "zh-CN,zh;q=0.9,en;q=0.8", "zh"},
		{"/", "", "en-GB;q=0.4, zh-Hant;q=0.5", "zh"},
		{"/", "", "fr, de;q=0.9", "en"},
		{"/", "", "zh;q=0", "en"},
		{"/", "zh", "en", "zh"},
		{"/?lang=en", "zh", "zh", "en"},
		{"/?lang=xx", "", "zh", "zh"},
	} {
		r := httptest.NewRequest(http.MethodGet, c.target, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "__Host-lang", Value: c.cookie})
		}
		if got := page.Language(r); string(got) != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestTheLanguageSwitchKeepsTheAddress(t *testing.T) {
	p := pages(t, page.Brand{})
	body, _ := render(t, p, "/?to=%2Fgo%2Fa%2Fb&lang=zh", page.Chooser{})
	if !strings.Contains(body, `href="/?lang=en&amp;to=%2Fgo%2Fa%2Fb"`) {
		t.Errorf("no link to the same page in English:\n%s", body)
	}
	body, _ = render(t, p, "/?to=%2Fgo%2Fa%2Fb&lang=zh&x=guess", page.Roles{})
	if !strings.Contains(body, `href="/?lang=en"`) || strings.Contains(body, "guess") {
		t.Errorf("a page that is compressed repeats its address:\n%s", body)
	}
	r, err := p.Render(httptest.NewRequest(http.MethodPost, "/credentials?to=x", nil), now, page.SignedOut{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(r.Body), `href="/?lang=zh"`) {
		t.Error("the answer to a form has no link to the start in the other language")
	}
}

// TestTheEndOfASessionIsReadInBothLanguages: where it is said, the next click signs in.
func TestTheEndOfASessionIsReadInBothLanguages(t *testing.T) {
	for _, path := range []string{"/", "/go/acme-prod/admin?to=x"} {
		body, _ := render(t, pages(t, page.Brand{}), path, page.Ended{Link: path})
		if !strings.Contains(body, `<a href="/?lang=zh&amp;signedout="`) {
			t.Errorf("%s: the other language stands elsewhere:\n%s", path, body)
		}
	}
}

func TestTheHelpContactIsALinkWhereItIsOne(t *testing.T) {
	for contact, want := range map[string]string{
		"it@acme.com":           `href="mailto:it@acme.com"`,
		"https://help.acme.com": `href="https://help.acme.com"`,
		"call 4711":             "Help: call 4711",
		"javascript:alert(1)":   "Help: javascript:alert(1)",
	} {
		body, _ := render(t, pages(t, page.Brand{Help: contact}), "/", page.SignedOut{})
		if !strings.Contains(body, want) {
			t.Errorf("%q: no %q on the page", contact, want)
		}
	}
}

func TestSecretsAreHiddenUntilAskedFor(t *testing.T) {
	for _, s := range page.Snippets(page.Key{ID: "STS.x", Secret: "s3cr3t", Token: "t0k3n", Profile: "p", Region: "r"}) {
		if strings.Contains(s.Masked, "s3cr3t") || strings.Contains(s.Masked, "t0k3n") {
			t.Errorf("%s: the masked text shows a secret: %s", s.ID, s.Masked)
		}
	}
}

func TestShellsReadTheSnippetsAsTheyAreMeant(t *testing.T) {
	got := map[string]string{}
	for _, s := range page.Snippets(page.Key{ID: "STS.x", Secret: `it's\`, Token: "t", Expires: now, Profile: "acme-prod-admin", Region: "cn-hangzhou"}) {
		got[s.ID] = s.Text
	}
	for id, want := range map[string]string{
		"bash":       "export ALIBABA_CLOUD_ACCESS_KEY_ID='STS.x'\nexport ALIBABA_CLOUD_ACCESS_KEY_SECRET='it'\\''s\\'\nexport ALIBABA_CLOUD_SECURITY_TOKEN='t'\n",
		"fish":       "set -gx ALIBABA_CLOUD_ACCESS_KEY_ID 'STS.x'\nset -gx ALIBABA_CLOUD_ACCESS_KEY_SECRET 'it\\'s\\\\'\nset -gx ALIBABA_CLOUD_SECURITY_TOKEN 't'\n",
		"powershell": "$Env:ALIBABA_CLOUD_ACCESS_KEY_ID = 'STS.x'\n$Env:ALIBABA_CLOUD_ACCESS_KEY_SECRET = 'it''s\\'\n$Env:ALIBABA_CLOUD_SECURITY_TOKEN = 't'\n",
		"aliyun":     "aliyun configure set --profile 'acme-prod-admin' --mode StsToken --region 'cn-hangzhou' --access-key-id 'STS.x' --access-key-secret 'it'\\''s\\' --sts-token 't'\n",
		"json":       "{\n  \"AccessKeyId\": \"STS.x\",\n  \"AccessKeySecret\": \"it's\\\\\",\n  \"SecurityToken\": \"t\",\n  \"Expiration\": \"2026-11-23T17:58:04Z\"\n}\n",
	} {
		if got[id] != want {
			t.Errorf("%s:\n%s\nwant\n%s", id, got[id], want)
		}
	}
}

func ExampleSnippets() {
	for _, s := range page.Snippets(page.Key{ID: "STS.x", Secret: "secret", Token: "token"})[:1] {
		fmt.Print(s.Masked)
	}
	// Output:
	// export ALIBABA_CLOUD_ACCESS_KEY_ID='STS.x'
	// export ALIBABA_CLOUD_ACCESS_KEY_SECRET='••••••••'
	// export ALIBABA_CLOUD_SECURITY_TOKEN='••••••••'
}

// A page that says "not found" must not have a link of ours to wherever the path
// says.
func TestTheOtherLanguageIsAlwaysOurs(t *testing.T) {
	p := pages(t, page.Brand{})
	for _, target := range []string{"//evil.example/x", "///evil.example/x", "/%2Fevil.example/x", `/\evil.example/x`, "//evil.example/../saml/x"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		path, err := url.PathUnescape(target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = &url.URL{Path: path, RawPath: target}
		rendered, err := p.Render(r, now, page.Refusal{Code: reason.NotFound})
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`href="([^"]*lang=zh[^"]*)"`).FindAllStringSubmatch(string(rendered.Body), -1) {
			if !regexp.MustCompile(`^/[^/\\]`).MatchString(link[1]) {
				t.Errorf("%s: the page links to %s", target, link[1])
			}
		}
	}
}

// Who clicked twice is not told that they are not signed in, for they may be; who did not
// has what to pass on.
func TestWhatWasDoneBeforeLeadsOn(t *testing.T) {
	body, _ := render(t, pages(t, page.Brand{}), "/", examples()["refusal-again"])
	on := strings.Index(body, `<a class="button large" href="/">Go on</a>`)
	if on < 0 || strings.Contains(body, "not signed in") || strings.Contains(body, "Try again") {
		t.Errorf("it does not lead on:\n%s", body)
	}
	for _, words := range []string{"replayed", "7F3K-92QD-XA", "UTC"} {
		if strings.Index(body, words) < on {
			t.Errorf("%s is not there, or before the way on", words)
		}
	}
}
