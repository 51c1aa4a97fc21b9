package stories_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// TestPeopleOfTwoIdentityProvidersAreUsersOfOneAccount, which Alibaba Cloud itself gives
// one identity provider: of the demo's two accounts with RAM users, one on each site.
func TestPeopleOfTwoIdentityProvidersAreUsersOfOneAccount(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	confuse(t, s)
	t.Run("Alibaba Cloud asks by an address", func(t *testing.T) { askByAddress(t, s) })
	t.Run("nobody asks", func(t *testing.T) { startHere(t, s) })
	t.Run("a response is for one sign-in, and two minutes", func(t *testing.T) { spendAResponse(t, s) })
	t.Run("a RAM user belongs to the first", func(t *testing.T) { contend(t, s) })
	t.Run("a user that RAM does not have", func(t *testing.T) { beNobody(t, s) })
	t.Run("a request wants a sign-in anew", func(t *testing.T) { demandAnew(t, s) })
	t.Run("Alibaba Cloud asks by a form", func(t *testing.T) { askByForm(t, s) })
}

// confuse has rules say that a partner is who an employee is, and one whom RAM does not
// have.
func confuse(t *testing.T, s *stack.Stack) {
	t.Helper()
	edit(t, s, "rules:\n", `rules:
  - name: a partner is called as somebody else
    idp: contoso
    user: {account: "`+global+`", principal: WangFang@acme-global.onaliyun.com, domains: [acme-global.onaliyun.com]}
    condition: {StringEquals: {"oidc:groups": partners}}
  - name: whom RAM does not have
    idp: contoso
    user: {account: "2345678901234567", principal: ghost@acme-dev.onaliyun.com, domains: [acme-dev.onaliyun.com]}
    condition: {StringEquals: {"oidc:email": erin@contoso.example}}
`)
}

// asked begins where RAM users begin, and ends where that leads.
func asked(t *testing.T, s *stack.Stack, p *person.Person, domain, service string) *browser.Page {
	t.Helper()
	page := must[*browser.Page](t)(p.Open(t.Context(), s.Cloud.Signin+"/"+domain+".onaliyun.com/login.htm?service="+url.QueryEscape(service)))
	return must[*browser.Page](t)(p.Submit(t.Context(), page, must[browser.Form](t)(page.Form("/saml/logon")), nil))
}

// handOver submits the page with our response.
func handOver(t *testing.T, p *person.Person, page *browser.Page) *browser.Page {
	t.Helper()
	form, err := page.Form("/saml/SSO")
	if err != nil {
		t.Fatalf("%v: %s", err, person.Reason(page))
	}
	return must[*browser.Page](t)(p.Submit(t.Context(), page, form, nil))
}

func askByAddress(t *testing.T, s *stack.Stack) {
	t.Helper()
	const page = "https://ecs.console.aliyun.com/server?x=1&y=2"
	alice, dave := person.New(s.Ready, "acme", "alice"), person.New(s.Ready, "contoso", "dave")
	for name, p := range map[string]*person.Person{"alice": alice, "dave": dave} {
		chooser := asked(t, s, p, "acme-dev", page)
		if !strings.Contains(chooser.Body, "the console of acme-dev") {
			t.Fatalf("%s: %s", chooser.URL, chooser.Body)
		}
		wantConsole(t, s, handOver(t, p, must[*browser.Page](t)(p.Choose(t.Context(), chooser))), "acs:ram::2345678901234567:user/"+name, "ecs.console.aliyun.com/server")
		wantConsole(t, s, handOver(t, p, asked(t, s, p, "acme-dev", page)), "user/"+name) // with a session
	}
	wang := person.New(s.Ready, "acme", "wangfang")
	abroad := asked(t, s, wang, "acme-global", "https://ecs.console.alibabacloud.com/")
	chosen := must[*browser.Page](t)(wang.Choose(t.Context(), abroad))
	wantConsole(t, s, handOver(t, wang, chosen), "acs:ram::"+global+":user/wangfang", "ecs.console.alibabacloud.com")
}

func startHere(t *testing.T, s *stack.Stack) {
	t.Helper()
	bob := person.New(s.Ready, "acme", "bob")
	const bucket = "https://oss.console.aliyun.com/bucket/oss-eu/a?x=1&y=2"
	chooser := must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/idp/2345678901234567/start?to="+url.QueryEscape(bucket)))
	wantConsole(t, s, handOver(t, bob, must[*browser.Page](t)(bob.Choose(t.Context(), chooser))), "user/bob", "oss.console.aliyun.com/bucket/oss-eu/a")
	roles := must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/"))
	entry := must[*browser.Page](t)(bob.Follow(t.Context(), roles, "/idp/2345678901234567/start"))
	wantConsole(t, s, handOver(t, bob, entry), "user/bob")
}

func spendAResponse(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice := person.New(s.Ready, "acme", "alice")
	must[*browser.Page](t)(alice.SignIn(t.Context()))
	entry := asked(t, s, alice, "acme-dev", "")
	wantConsole(t, s, handOver(t, alice, entry), "user/alice")
	if again := handOver(t, alice, entry); again.Status/100 != 4 {
		t.Errorf("a second time: %d %s", again.Status, again.Body)
	}
	entry = asked(t, s, alice, "acme-dev", "")
	form := must[browser.Form](t)(entry.Form("/saml/SSO"))
	form.Action.Path = "/" + global + "/saml/SSO"
	if other := must[*browser.Page](t)(alice.Submit(t.Context(), entry, form, nil)); other.Status/100 != 4 {
		t.Errorf("at another account: %d %s", other.Status, other.Body)
	}
	s.Clock(t, 121*time.Second)
	defer s.Clock(t, 0)
	form.Action.Path = "/saml/SSO"
	if late := must[*browser.Page](t)(alice.Submit(t.Context(), entry, form, nil)); late.Status/100 != 4 {
		t.Errorf("after two minutes: %d %s", late.Status, late.Body)
	}
}

func contend(t *testing.T, s *stack.Stack) {
	t.Helper()
	wang, dave := person.New(s.Ready, "acme", "wangfang"), person.New(s.Ready, "contoso", "dave")
	must[*browser.Page](t)(wang.SignIn(t.Context()))
	wantConsole(t, s, handOver(t, wang, asked(t, s, wang, "acme-global", "")), "user/wangfang")
	refused := must[*browser.Page](t)(dave.Choose(t.Context(), asked(t, s, dave, "acme-global", "")))
	if refused.Status != http.StatusForbidden || person.Reason(refused) != "principal_taken" || strings.Contains(refused.Body, "wangfang@acme.example") {
		t.Errorf("%d %s: %s", refused.Status, person.Reason(refused), refused.Body)
	}
	wantConsole(t, s, handOver(t, wang, asked(t, s, wang, "acme-global", "")), "user/wangfang")
}

func beNobody(t *testing.T, s *stack.Stack) {
	t.Helper()
	erin := person.New(s.Ready, "contoso", "erin")
	page := handOver(t, erin, must[*browser.Page](t)(erin.Choose(t.Context(), asked(t, s, erin, "acme-dev", ""))))
	if page.Status != http.StatusForbidden || !strings.Contains(page.Body, "The user does not exist") {
		t.Errorf("%d %s", page.Status, page.Body)
	}
}

// demandAnew changes a request of Alibaba Cloud's on its way, which nobody signed.
func demandAnew(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice := person.New(s.Ready, "acme", "alice")
	must[*browser.Page](t)(alice.SignIn(t.Context()))
	at := asked(t, s, alice, "acme-dev", "")
	var address string
	for _, line := range at.Trail {
		if _, to, found := strings.Cut(line, " "); found && strings.Contains(to, "/sso?") {
			address = to
		}
	}
	u, err := url.Parse(address)
	if err != nil || address == "" {
		t.Fatalf("%v: %q", err, at.Trail)
	}
	query := u.Query()
	query.Set("SAMLRequest", packed(t, strings.Replace(unpacked(t, query.Get("SAMLRequest")), `ForceAuthn="false"`, `ForceAuthn="true"`, 1)))
	u.RawQuery = query.Encode()
	asks := must[*browser.Page](t)(alice.Follow(t.Context(), at, u.String()))
	if _, err := asks.Form("/signin"); err != nil {
		t.Fatalf("she is not asked for her password: %v", err)
	}
	wantConsole(t, s, handOver(t, alice, must[*browser.Page](t)(alice.Authenticate(t.Context(), asks))), "user/alice")
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := must[*flate.Writer](t)(flate.NewWriter(&b, flate.BestCompression))
	must[int](t)(w.Write([]byte(text)))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func unpacked(t *testing.T, field string) string {
	t.Helper()
	deflated := must[[]byte](t)(base64.StdEncoding.DecodeString(field))
	return string(must[[]byte](t)(io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))))
}

// askByForm: an administrator may have written metadata that has no address for
// redirects. The form comes from another site, with which the browser shows us nobody.
func askByForm(t *testing.T, s *stack.Stack) {
	t.Helper()
	o := newOperator(t, s, "2345678901234567")
	var kept struct {
		UserSsoSettings struct{ MetadataDocument string }
	}
	if err := json.Unmarshal([]byte(o.ims("GetUserSsoSettings")), &kept); err != nil {
		t.Fatal(err)
	}
	document := string(must[[]byte](t)(base64.StdEncoding.DecodeString(kept.UserSsoSettings.MetadataDocument)))
	byForm := regexp.MustCompile(`<[a-z0-9:]*SingleSignOnService[^>]*HTTP-Redirect[^>]*>(</[a-zA-Z0-9:]*SingleSignOnService>)?`).ReplaceAllString(document, "")
	o.ims("SetUserSsoSettings", "SsoEnabled", "true", "SsoLoginWithDomain", "true", "AuthnSignAlgo", "rsa-sha256", "MetadataDocument", base64.StdEncoding.EncodeToString([]byte(byForm)))
	dave := person.New(s.Ready, "contoso", "dave")
	for _, session := range []bool{false, true} {
		page := asked(t, s, dave, "acme-dev", "https://ecs.console.aliyun.com/")
		page = must[*browser.Page](t)(dave.Submit(t.Context(), page, must[browser.Form](t)(page.Form("/idp/2345678901234567/sso")), nil))
		if !session {
			page = must[*browser.Page](t)(dave.Choose(t.Context(), page))
		}
		wantConsole(t, s, handOver(t, dave, page), "user/dave", "ecs.console.aliyun.com")
	}
}
