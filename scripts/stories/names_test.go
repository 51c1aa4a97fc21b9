package stories_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// shared is an account whose RAM users come from two identity providers, each of which
// says by itself what somebody's login name is.
const shared = `
identityProviders:
  - {id: okta, saml: {metadataFile: okta.xml, allowIdPInitiated: true}, attributes: {upn: upn}}
  - {id: entra, saml: {metadataFile: entra.xml, allowIdPInitiated: true}, attributes: {upn: upn}}
accounts:
  - {id: "5678901234567890", alias: peopled, userSSO: {suffixes: [peopled.onaliyun.com, people.example]}}
rules:
  - name: Okta's people
    idp: okta
    user: {account: "5678901234567890", principal: "{{upn}}", domains: [peopled.onaliyun.com]}
    condition: any
  - name: Entra's people
    idp: entra
    user: {account: "5678901234567890", principal: "{{upn}}", domains: [peopled.onaliyun.com, people.example]}
    condition: any
`

// sharing is a stack with that account.
type sharing struct {
	*stack.Stack

	t    *testing.T
	idps map[string]validatetest.IdP
}

const entraEntityID = "https://entra.example/saml"

func newSharing(t *testing.T) *sharing {
	t.Helper()
	s := &sharing{t: t, idps: map[string]validatetest.IdP{"okta": validatetest.New(t), "entra": validatetest.Stranger(t)}}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"federation.yaml": shared,
		"okta.xml":        metadataOf(validatetest.EntityID, s.idps["okta"].Keys().Certificates[0]),
		"entra.xml":       metadataOf(entraEntityID, s.idps["entra"].Keys().Certificates[0]),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.Stack = stack.Start(t, stack.Options{Federation: filepath.Join(dir, "federation.yaml")})
	_, metadata := get(t, s.URL+"/idp/"+peopled+"/metadata")
	newOperator(t, s.Stack, peopled).ims("SetUserSsoSettings", "SsoEnabled", "true", "MetadataDocument", base64.StdEncoding.EncodeToString([]byte(metadata)))
	for _, name := range []string{"ada", "bob", "carol"} {
		s.AddUser(t, peopled, name)
	}
	return s
}

// somebody is a person whose identity provider says that they are upn.
func (s *sharing) somebody(idp, nameID, upn string) *person.Person {
	s.t.Helper()
	acs := s.URL + "/saml/" + idp + "/acs"
	response := s.idps[idp].Response(
		validatetest.For(validate.Expectation{EntityID: s.URL + "/saml/" + idp + "/metadata", ACSURL: acs}),
		validatetest.At(time.Now()), validatetest.Subject(nameID), validatetest.Attribute("upn", upn), validatetest.Signed(true, true),
		validatetest.Before(func(response *etree.Element) {
			if idp == "entra" {
				for _, issuer := range response.FindElements("//Issuer") {
					issuer.SetText(entraEntityID)
				}
			}
		}),
	)
	who := person.New(s.Ready, idp, nameID)
	form := browser.Form{Method: http.MethodPost, Action: must[*url.URL](s.t)(url.Parse(acs)), Fields: url.Values{"SAMLResponse": {response}}}
	roles := must[*browser.Page](s.t)(who.Submit(s.t.Context(), &browser.Page{URL: must[*url.URL](s.t)(url.Parse("https://idp.example/"))}, form, nil))
	if roles.Status != http.StatusOK {
		s.t.Fatalf("%s of %s: %s: %d %s", nameID, idp, roles.URL, roles.Status, person.Reason(roles))
	}
	return who
}

func (s *sharing) start(who *person.Person) (*browser.Page, error) {
	return who.Open(s.t.Context(), s.URL+"/idp/"+peopled+"/start")
}

// is wants them to arrive in the console as a RAM user.
func (s *sharing) is(who *person.Person, user string) {
	s.t.Helper()
	page := must[*browser.Page](s.t)(s.start(who))
	form, err := page.Form("/saml/SSO")
	if err != nil {
		s.t.Fatalf("%v: %s", err, person.Reason(page))
	}
	console := must[*browser.Page](s.t)(who.Submit(s.t.Context(), page, form, nil))
	if console.Status != http.StatusOK || console.URL.Path != "/console" || !strings.Contains(console.Body, "user/"+user) {
		s.t.Errorf("%s: %d %s", console.URL, console.Status, console.Body)
	}
}

// isNot wants them to be refused, with nothing in the answer that Alibaba Cloud would
// take, or that says who owns the user.
func (s *sharing) isNot(who *person.Person, code string, status int) {
	s.t.Helper()
	page := must[*browser.Page](s.t)(s.start(who))
	if person.Reason(page) != code || page.Status != status {
		s.t.Errorf("want %d %s: %d %s", status, code, page.Status, person.Reason(page))
	}
	for _, secret := range []string{"SAMLResponse", "00u-ada"} {
		if strings.Contains(page.Body, secret) {
			s.t.Errorf("%s is in the refusal:\n%s", secret, page.Body)
		}
	}
}

const peopledDomain = "@peopled.onaliyun.com"

// TestNobodyIsAnothersRAMUser: whatever an identity provider says that somebody's login
// name is, and who else says the same, a RAM user is one person's.
func TestNobodyIsAnothersRAMUser(t *testing.T) {
	t.Parallel()
	s := newSharing(t)
	ada := s.somebody("okta", "00u-ada", "ada"+peopledDomain)
	s.is(ada, "ada")
	for name, tt := range map[string]struct{ idp, nameID, upn, code string }{
		"another identity provider":   {"entra", "00u-ada-there", "ada" + peopledDomain, "principal_taken"},
		"another person":              {"okta", "00u-eve", "ada" + peopledDomain, "principal_taken"},
		"another case of the person":  {"okta", "00U-ADA", "ada" + peopledDomain, "principal_taken"},
		"another case":                {"okta", "00u-eve", "ADA" + peopledDomain, "principal_taken"},
		"another case of the suffix":  {"okta", "00u-eve", "ada@PEOPLED.onaliyun.com", "principal_taken"},
		"another suffix":              {"entra", "00u-eve", "ada@people.example", "principal_taken"},
		"another of both":             {"entra", "00u-eve", "aDa@PEOPLE.example", "principal_taken"},
		"a suffix of another rule":    {"okta", "00u-eve", "ada@people.example", "principal_suffix"},
		"a suffix that goes on":       {"okta", "00u-eve", "ada" + peopledDomain + ".evil.example", "principal_suffix"},
		"a suffix below":              {"okta", "00u-eve", "ada@x.peopled.onaliyun.com", "principal_suffix"},
		"no suffix":                   {"okta", "00u-eve", "ada", "principal_invalid"},
		"two suffixes":                {"okta", "00u-eve", "ada@evil.example" + peopledDomain, "principal_invalid"},
		"a Cyrillic letter":           {"okta", "00u-eve", "\u0430da" + peopledDomain, "principal_invalid"},
		"a wide letter":               {"okta", "00u-eve", "\uff41da" + peopledDomain, "principal_invalid"},
		"an accent behind its letter": {"okta", "00u-eve", "ada\u0301" + peopledDomain, "principal_invalid"},
		"a dot that is none":          {"okta", "00u-eve", "ada@peopled\u3002onaliyun\u3002com", "principal_invalid"},
		"a letter that folds":         {"okta", "00u-eve", "\u212aim" + peopledDomain, "principal_invalid"}, // the Kelvin sign
		"nothing to be seen":          {"okta", "00u-eve", "ada\u200b" + peopledDomain, "principal_invalid"},
		"a space":                     {"okta", "00u-eve", "a da" + peopledDomain, "principal_invalid"},
		"a wide @":                    {"okta", "00u-eve", "ada\uff20peopled.onaliyun.com", "principal_invalid"},
	} {
		t.Run(name, func(*testing.T) {
			s.isNot(s.somebody(tt.idp, tt.nameID, tt.upn), tt.code, http.StatusForbidden)
			s.is(ada, "ada")
		})
	}
	s.theFirstOfManyOwns()
	s.nobodyOwnsWithoutAnswer(ada)
	s.release(ada)
}

// theFirstOfManyOwns has people of both come to a user at once, whom nobody has been.
func (s *sharing) theFirstOfManyOwns() {
	s.t.Helper()
	var people []*person.Person
	for _, idp := range []string{"okta", "entra"} {
		for _, nameID := range []string{"1", "2", "3", "4"} {
			people = append(people, s.somebody(idp, nameID, "bob"+peopledDomain))
		}
	}
	pages, failed := make([]*browser.Page, len(people)), make([]error, len(people))
	var wait sync.WaitGroup
	for i, who := range people {
		wait.Go(func() { pages[i], failed[i] = s.start(who) })
	}
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		s.t.Fatal(err)
	}
	owners := 0
	for i, page := range pages {
		if _, err := page.Form("/saml/SSO"); err == nil {
			owners++
			s.is(people[i], "bob")
			continue
		}
		s.isNot(people[i], "principal_taken", http.StatusForbidden)
	}
	if owners != 1 {
		s.t.Errorf("%d of %d own bob", owners, len(people))
	}
}

// nobodyOwnsWithoutAnswer: neither who would be the first, nor who is the owner. A lost
// answer of a write that took effect is one's own.
func (s *sharing) nobodyOwnsWithoutAnswer(ada *person.Person) {
	s.t.Helper()
	carol := s.somebody("okta", "00u-carol", "carol"+peopledDomain)
	s.Fault(s.t, map[string]any{"table": "sso_person", "kind": "error", "code": "OTSServerUnavailable"})
	var wait sync.WaitGroup
	for _, who := range []*person.Person{ada, carol} {
		wait.Go(func() {
			page, err := s.start(who)
			if err != nil || page.Status != http.StatusServiceUnavailable || person.Reason(page) != "store_unavailable" || strings.Contains(page.Body, "SAMLResponse") {
				s.t.Errorf("%v: %+v", err, page)
			}
		})
	}
	wait.Wait()
	s.ClearFaults(s.t)
	s.Fault(s.t, map[string]any{"table": "sso_person", "action": "PutRow", "kind": "lost", "commit": true, "times": 1})
	s.is(carol, "carol")
	s.is(ada, "ada")
}

// release lets the next person have ada's user, once the operator has seen whose it was.
func (s *sharing) release(ada *person.Person) {
	s.t.Helper()
	other := s.somebody("entra", "00u-ada-there", "ada@people.example")
	page := must[*browser.Page](s.t)(s.start(other))
	reference := regexp.MustCompile(`[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}`).FindString(page.Body)
	code, detail := decisionOf(s.t, s.Stack, reference)
	for _, word := range []string{"principal_taken", "user ada of account " + peopled, `"00u-ada" of okta`, `"00u-ada-there" of entra`} {
		if !strings.Contains(code+": "+detail, word) {
			s.t.Errorf("the operator is not told %q: %s: %s", word, code, detail)
		}
	}
	shown := s.ssoctl(3, "owners", "release", "peopled", "ada")
	command := regexp.MustCompile(`write ssoctl (.*)\n`).FindStringSubmatch(shown)
	if command == nil || !strings.HasPrefix(shown, peopled+` ada: "00u-ada" of okta, since `) {
		s.t.Fatal(shown)
	}
	s.is(ada, "ada")
	s.ssoctl(0, strings.Fields(command[1])...)
	s.is(other, "ada")
	s.isNot(ada, "principal_taken", http.StatusForbidden)
	s.ssoctl(1, strings.Fields(command[1])...)
	s.is(other, "ada")
}

// ssoctl runs it as an operator, and wants a status.
func (s *sharing) ssoctl(status int, arguments ...string) string {
	s.t.Helper()
	command := exec.CommandContext(context.WithoutCancel(s.t.Context()), filepath.Join(stack.Bin(s.t), "ssoctl"), arguments...)
	command.Env = append(os.Environ(), "SSO_LOCAL_STACK=1", "SSO_URL="+s.URL,
		"SSO_OTS_ENDPOINT="+s.Tablestore.Endpoint, "SSO_OTS_INSTANCE="+s.Tablestore.Instance,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+s.Tablestore.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+s.Tablestore.AccessKeySecret)
	said, err := command.CombinedOutput()
	if got := command.ProcessState.ExitCode(); got != status {
		s.t.Fatalf("ssoctl %s: status %d, want %d, %v\n%s", strings.Join(arguments, " "), got, status, err, said)
	}
	return string(said)
}
