package stories_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/needs"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	bundleAccount = "1000000000000001"
	byUs          = "1234567890123456"
	direct        = "2345678901234567"
	maintained    = "3456789012345678"
	believing     = "4567890123456789" // us, as its identity provider
	peopled       = "5678901234567890" // by RAM users
	staffed       = "6789012345678901" // by RAM users that events make

	roleACS = "https://signin.aliyun.com/saml-role/sso"
)

// bare is a federation of which RAM knows the accounts alone.
const bare = `
identityProviders: [{id: okta, saml: {metadataFile: okta.xml}}]
accounts: [{id: "1234567890123456"}, {id: "2345678901234567"}, {id: "3456789012345678"}, {id: "4567890123456789"}, {id: "5678901234567890", alias: peopled}, {id: "6789012345678901"}, {id: "9876543210987654"}]
rules: [{name: elsewhere, idp: okta, roles: ["acs:ram::9876543210987654:role/elsewhere"], condition: any}]
`

// needy is what is applied then, by which the stack puts nothing into RAM.
const needy = `
identityProviders:
  - id: ci
    oidc: {issuer: ISSUER, audiences: [sts.aliyuncs.com]}
    fetch: {caFile: ca.pem}
  - {id: okta, saml: {metadataFile: okta.xml, allowIdPInitiated: true}}
accounts:
  - {id: "1234567890123456", alias: by-us}
  - id: "2345678901234567"
    alias: direct
    issue: direct
    oidcProviders: {ci: "acs:ram::2345678901234567:oidc-provider/platform"}
    samlProviders: {okta: "acs:ram::2345678901234567:saml-provider/okta"}
  - id: "3456789012345678"
    alias: maintained
    maintenanceRole: acs:ram::3456789012345678:role/maintenance
    oidcProviders: {ci: "acs:ram::3456789012345678:oidc-provider/platform"}
    samlProviders: {okta: "acs:ram::3456789012345678:saml-provider/okta"}
    userSSO: {suffixes: [maintained.onaliyun.com]}
    manage: {create: true, repair: true}
  - id: "4567890123456789"
    alias: believing
    issue: federated
    federatedProvider: acs:ram::4567890123456789:saml-provider/fc-sso
    maintenanceRole: acs:ram::4567890123456789:role/maintenance # as which nobody comes
  - {id: "5678901234567890", alias: peopled, userSSO: {suffixes: [people.example]}}
rules:
  - name: the shop tries things out
    idp: ci
    roles: ["acs:ram::1234567890123456:role/try", "acs:ram::2345678901234567:role/try", "acs:ram::3456789012345678:role/try", "acs:ram::4567890123456789:role/try"]
    condition: {StringEquals: {"oidc:sub": "repo:acme/shop:ref:refs/heads/main"}}
  - name: people try things out
    idp: okta
    roles: ["acs:ram::1234567890123456:role/try", "acs:ram::4567890123456789:role/try"]
    condition: any
    session: {name: "{{nameID}}", duration: 1h}
  - name: people are RAM users
    idp: okta
    user: {account: "5678901234567890", principal: "{{nameID}}@people.example", domains: [people.example]}
    condition: any
  - name: roles that Okta names itself
    idp: okta
    assertedRoles: {accounts: ["2345678901234567", "3456789012345678"], roles: ["dev-*"]}
    condition: any
`

// thing is a need in the emulated RAM.
type thing struct{ put, take func() }

// needing is a stack whose RAM gets what the table says, and nothing else.
type needing struct {
	*stack.Stack

	t        *testing.T
	platform workload.Secure
	okta     validatetest.IdP
	ram      map[string]operator // by account
}

// TestEachWayNeedsWhatTheTableSays: with exactly that it works, and with one of it
// missing the operator is told what.
func TestEachWayNeedsWhatTheTableSays(t *testing.T) {
	t.Parallel()
	n := newNeeding(t)
	for _, way := range needs.Ways() {
		words, things := n.words(way.Name), n.things(way.Name)
		if len(things) != len(way.Needs) {
			t.Fatalf("%s: %d needs, the story knows %d", way.Name, len(way.Needs), len(things))
		}
		if reason, _ := n.attempt(way.Name); reason == "" {
			t.Errorf("%s: it works with nothing there", way.Name)
		}
		for _, need := range way.Needs {
			things[need.Name].put()
		}
		if reason, detail := n.attempt(way.Name); reason != "" {
			t.Fatalf("%s: with all that the table names: %s: %s", way.Name, reason, detail)
		}
		for _, need := range way.Needs {
			things[need.Name].take()
			reason, detail := n.attempt(way.Name)
			if want := words.Replace(need.Says); reason == "" || need.Reason != "" && reason != need.Reason || !strings.Contains(detail, want) {
				t.Errorf("%s without %s: want %s, %q, got %s: %s", way.Name, need.Name, need.Reason, want, reason, detail)
			}
			things[need.Name].put()
		}
		if reason, detail := n.attempt(way.Name); reason != "" {
			t.Errorf("%s: once all is back: %s: %s", way.Name, reason, detail)
		}
		for _, need := range way.Needs {
			things[need.Name].take()
		}
	}
}

func newNeeding(t *testing.T) *needing {
	t.Helper()
	n := &needing{t: t, platform: workload.NewSecure(t), okta: validatetest.New(t), ram: map[string]operator{}}
	first, file := n.platform.Federation(t, bare), n.platform.Federation(t, needy)
	for _, beside := range []string{first, file} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(beside), "okta.xml"), []byte(n.metadata(n.okta)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n.Stack = stack.Start(t, stack.Options{Federation: first})
	operate(t, n.Stack, "apply", "-f", file)
	n.remember(believing, memory.Account{MaxSession: map[string]int{"acs:ram::" + believing + ":role/try": 3600}})
	operate(t, n.Stack, "keys", "init", "-key", filepath.Join(n.Data, "signing-key.pem"))
	for _, account := range []string{byUs, direct, maintained, believing, peopled, staffed} {
		n.ram[account] = newOperator(t, n.Stack, account)
	}
	for _, function := range []string{"portal", "oidc-exchange", "metadata-rotation"} {
		n.function(function, "")
	}
	n.provisioner("")
	return n
}

// remember writes down what the timer would, had RAM the role for it: that a rule
// gives all that a role has.
func (n *needing) remember(account string, known memory.Account) {
	n.t.Helper()
	client := store.Open(store.Config{
		Endpoint: n.Tablestore.Endpoint, Instance: n.Tablestore.Instance, Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: n.Tablestore.AccessKeyID, AccessKeySecret: ram.Secret(n.Tablestore.AccessKeySecret)}, nil
		},
	})
	row := must[[]byte](n.t)(known.Row())
	if err := store.NewTrust(client).PutAccount(n.t.Context(), account, row, 0); err != nil {
		n.t.Fatal(err)
	}
}

// metadata is that of a SAML identity provider.
func (n *needing) metadata(idp validatetest.IdP) string {
	return metadataOf(idp.Keys().EntityID, idp.Keys().Certificates[0])
}

func metadataOf(entityID, certificate string) string {
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entityID + `">` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
		certificate + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

// words are what stands for the names in capitals.
func (n *needing) words(way string) *strings.Replacer {
	account, role, provider := byUs, "try", ""
	switch way {
	case "direct-oidc":
		account, provider = direct, "platform"
	case "direct-saml":
		account, role, provider = direct, "dev-shop", "okta"
	case "federated", "federated-console":
		account, provider = believing, "fc-sso"
	case "user-sso":
		account = peopled
	case "maintenance":
		account, role = maintained, "maintenance"
	case "users":
		account, role = staffed, "maintenance"
	}
	return strings.NewReplacer("BUNDLE", bundleAccount, "ACCOUNT", account, "ROLE", role, "PROVIDER", provider, "RECIPIENT", roleACS,
		"ISSUER", n.platform.URL, "CLIENT-ID", workload.Audience, "SUBJECT", "repo:acme/shop:ref:refs/heads/main", "OPERATOR", "fc-sso-admin")
}

// policy is one beside the table.
func (n *needing) policy(way, name string) string {
	n.t.Helper()
	text, err := os.ReadFile(filepath.Join(stack.Root(n.t), "template", "policies", name))
	if err != nil {
		n.t.Fatal(err)
	}
	return n.words(way).Replace(string(text))
}

// function gives a function's role a policy of permission.
func (n *needing) function(name, permission string) {
	n.t.Helper()
	n.PutRole(n.t, "acs:ram::"+bundleAccount+":role/fc-sso-"+name,
		`{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["fc.aliyuncs.com"]}}]}`, permission)
}

func (n *needing) things(way string) map[string]thing {
	n.t.Helper()
	arn := n.words(way).Replace("acs:ram::ACCOUNT:role/ROLE")
	const nobody = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::9999999999999999:root"]}}]}`
	role := func(permission string) map[string]thing {
		put := func() {
			n.PutRole(n.t, arn, n.policy(way, strings.TrimSuffix(way, "-console")+".trust.json"), permission)
		}
		return map[string]thing{
			"role":  {put, func() { n.RemoveRole(n.t, arn) }},
			"trust": {put, func() { n.PutRole(n.t, arn, nobody, permission) }},
		}
	}
	switch way {
	case "assume-role":
		return with(role(""), n.functions(way, way+".functions.json", "portal", "oidc-exchange"))
	case "direct-oidc":
		return with(role(""), n.issuer(direct))
	case "direct-saml":
		return with(role(""), n.provider(direct, "okta", n.metadata(n.okta)))
	case "federated", "federated-console":
		return with(role(""), n.provider(believing, "fc-sso", n.ours(believing)))
	case "user-sso":
		return n.users()
	case "users":
		return n.staff(arn)
	}
	return n.maintenance(arn, role)
}

func with(maps ...map[string]thing) map[string]thing {
	all := map[string]thing{}
	for _, m := range maps {
		for name, thing := range m {
			all[name] = thing
		}
	}
	return all
}

func (n *needing) functions(way, file string, names ...string) map[string]thing {
	give := func(permission string) {
		for _, name := range names {
			n.function(name, permission)
		}
	}
	return map[string]thing{"permission": {func() { give(n.policy(way, file)) }, func() { give("") }}}
}

// issuer is the OIDC provider of an account, whole or with one thing wrong.
func (n *needing) issuer(account string) map[string]thing {
	with := func(issuer, client, fingerprint string) func() {
		return func() {
			n.remove(account, "OIDCProvider", "platform")
			n.ram[account].ims("CreateOIDCProvider", "OIDCProviderName", "platform", "IssuerUrl", issuer, "ClientIds", client, "Fingerprints", fingerprint)
		}
	}
	whole := with(n.platform.URL, workload.Audience, n.platform.Fingerprint())
	return map[string]thing{
		"provider":    {whole, func() { n.remove(account, "OIDCProvider", "platform") }},
		"issuer":      {whole, with(n.platform.URL+"/", workload.Audience, n.platform.Fingerprint())},
		"client":      {whole, with(n.platform.URL, "another", n.platform.Fingerprint())},
		"fingerprint": {whole, with(n.platform.URL, workload.Audience, strings.Repeat("0", 40))},
	}
}

// ours is our metadata for an account.
func (n *needing) ours(account string) string {
	n.t.Helper()
	_, metadata := get(n.t, n.URL+"/idp/"+account+"/metadata")
	return metadata
}

// provider is a SAML provider of an account.
func (n *needing) provider(account, name, metadata string) map[string]thing {
	with := func(metadata ...string) func() {
		return func() {
			n.remove(account, "SAMLProvider", name)
			params := []string{"SAMLProviderName", name}
			for _, text := range metadata {
				params = append(params, "EncodedSAMLMetadataDocument", base64.StdEncoding.EncodeToString([]byte(text)))
			}
			n.ram[account].ims("CreateSAMLProvider", params...)
		}
	}
	whole := with(metadata)
	return map[string]thing{
		"provider":    {whole, func() { n.remove(account, "SAMLProvider", name) }},
		"metadata":    {whole, with()},
		"certificate": {whole, with(n.metadata(validatetest.Stranger(n.t)))},
	}
}

// users are the settings of user-based SSO, and a RAM user.
func (n *needing) users() map[string]thing {
	n.t.Helper()
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	with := func(change ...string) func() {
		return func() {
			settings := map[string]string{
				"SsoEnabled": "true", "MetadataDocument": encode(n.ours(peopled)), "SsoLoginWithDomain": "true", "AuxiliaryDomain": "people.example",
			}
			for i := 0; i+1 < len(change); i += 2 {
				settings[change[i]] = change[i+1]
			}
			var params []string
			for name, value := range settings {
				params = append(params, name, value)
			}
			n.ram[peopled].ims("SetUserSsoSettings", params...)
		}
	}
	whole := with()
	return map[string]thing{
		"enabled":     {whole, with("SsoEnabled", "false")},
		"metadata":    {whole, with("MetadataDocument", "")},
		"certificate": {whole, with("MetadataDocument", encode(n.metadata(validatetest.Stranger(n.t))))},
		"domain":      {whole, with("SsoLoginWithDomain", "false")},
		"suffix":      {whole, with("AuxiliaryDomain", "")},
		"user":        {func() { n.AddUser(n.t, peopled, "ada") }, func() { n.RemoveUser(n.t, peopled, "ada") }},
	}
}

// remove takes a provider away, if it is there.
func (n *needing) remove(account, kind, name string) {
	n.t.Helper()
	if strings.Contains(n.ram[account].ims("List"+kind+"s"), `"`+name+`"`) {
		n.ram[account].ims("Delete"+kind, kind+"Name", name)
	}
}

// maintenance has RAM need each of the calls that the role allows, just where it does
// not allow it.
func (n *needing) maintenance(arn string, role func(permission string) map[string]thing) map[string]thing {
	n.t.Helper()
	const file = "maintenance.permission.json"
	whole := n.policy("maintenance", file)
	all := with(role(whole), n.functions("maintenance", "maintenance.function.json", "metadata-rotation"))
	issuer, provider := n.issuer(maintained), n.provider(maintained, "okta", n.metadata(n.okta))
	nothing := func() {}
	for action, before := range map[string]func(){
		"GetSAMLProvider":    nothing,
		"UpdateSAMLProvider": provider["metadata"].take,
		"CreateSAMLProvider": provider["provider"].take,

		"GetOIDCProvider":              nothing,
		"UpdateOIDCProvider":           issuer["client"].take,
		"CreateOIDCProvider":           issuer["provider"].take,
		"AddFingerprintToOIDCProvider": issuer["fingerprint"].take,
		"RemoveFingerprintFromOIDCProvider": func() { // for one that is not there yet there is no room
			issuer["fingerprint"].take()
			for _, other := range []string{"1", "2", "3", "4"} {
				n.ram[maintained].ims("AddFingerprintToOIDCProvider", "OIDCProviderName", "platform", "Fingerprint", strings.Repeat(other, 40))
			}
		},

		"GetRole":            nothing,
		"ListRoles":          nothing,
		"GetUserSsoSettings": nothing,
		"SetUserSsoSettings": func() { n.ram[maintained].ims("SetUserSsoSettings", "SsoEnabled", "true") },
	} {
		all["ram:"+action] = thing{
			put: func() { n.PutRole(n.t, arn, n.policy("maintenance", "maintenance.trust.json"), whole) },
			take: func() {
				before()
				n.PutRole(n.t, arn, n.policy("maintenance", "maintenance.trust.json"), lacking(n.t, whole, "ram:"+action))
			},
		}
	}
	return all
}

// lacking is a policy without one action.
func lacking(t *testing.T, policy, action string) string {
	t.Helper()
	var p struct {
		Version   string
		Statement []struct {
			Effect, Resource string
			Action           []string
		}
	}
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		t.Fatal(err)
	}
	for i, s := range p.Statement {
		p.Statement[i].Action = slices.DeleteFunc(s.Action, func(a string) bool { return a == action })
	}
	kept := p.Statement[:0]
	for _, s := range p.Statement {
		if len(s.Action) > 0 { // RAM takes none without
			kept = append(kept, s)
		}
	}
	p.Statement = kept
	less, err := json.Marshal(p)
	if err != nil || !strings.Contains(policy, `"`+action+`"`) {
		t.Fatalf("%s is not in the policy, or %v", action, err)
	}
	return string(less)
}

// attempt goes a way, and returns what the operator reads if that fails.
func (n *needing) attempt(way string) (reason, detail string) {
	n.t.Helper()
	switch way {
	case "assume-role":
		return firstOf(func() (string, string) { return n.exchanged(byUs) }, func() (string, string) { return n.taken(byUs) })
	case "federated":
		return firstOf(func() (string, string) { return n.exchanged(believing) }, func() (string, string) { return n.taken(believing) })
	case "federated-console":
		return n.entered()
	case "user-sso":
		return n.becameUser()
	case "direct-oidc":
		return n.exchanged(direct)
	case "direct-saml":
		return n.responded()
	case "users":
		return n.provisioned()
	}
	return n.pushed()
}

// firstOf is the first that fails.
func firstOf(attempts ...func() (reason, detail string)) (reason, detail string) {
	for _, attempt := range attempts {
		if reason, detail := attempt(); reason != "" {
			return reason, detail
		}
	}
	return "", ""
}

// signedIn is somebody at their roles, whom Okta sent.
func (n *needing) signedIn() (*person.Person, *browser.Page) {
	n.t.Helper()
	ada, acs := person.New(n.Ready, "okta", "ada"), n.URL+"/saml/okta/acs"
	response := n.okta.Response(
		validatetest.For(validate.Expectation{EntityID: n.URL + "/saml/okta/metadata", ACSURL: acs}),
		validatetest.At(time.Now()), validatetest.Subject("ada"), validatetest.Signed(true, true),
	)
	form := browser.Form{Method: http.MethodPost, Action: must[*url.URL](n.t)(url.Parse(acs)), Fields: url.Values{"SAMLResponse": {response}}}
	roles := must[*browser.Page](n.t)(ada.Submit(n.t.Context(), &browser.Page{URL: must[*url.URL](n.t)(url.Parse("https://idp.example/"))}, form, nil))
	if roles.Status != http.StatusOK {
		n.t.Fatalf("%s: %d %s", roles.URL, roles.Status, person.Reason(roles))
	}
	return ada, roles
}

// taken has a person take credentials.
func (n *needing) taken(account string) (reason, detail string) {
	n.t.Helper()
	ada, roles := n.signedIn()
	page := must[*browser.Page](n.t)(ada.Take(n.t.Context(), roles, "/credentials", "acs:ram::"+account+":role/try"))
	if page.Status == http.StatusOK {
		return "", ""
	}
	return person.Reason(page), page.Body
}

// entered opens the console, by our response in the person's browser.
func (n *needing) entered() (reason, detail string) {
	n.t.Helper()
	ada, roles := n.signedIn()
	return n.brought(ada, must[*browser.Page](n.t)(ada.Take(n.t.Context(), roles, "/console", "acs:ram::"+believing+":role/try")))
}

// becameUser signs a person in as their RAM user, likewise.
func (n *needing) becameUser() (reason, detail string) {
	n.t.Helper()
	ada, _ := n.signedIn()
	return n.brought(ada, must[*browser.Page](n.t)(ada.Open(n.t.Context(), n.URL+"/idp/"+peopled+"/start")))
}

// brought is what Alibaba Cloud makes of the response on a page.
func (n *needing) brought(ada *person.Person, page *browser.Page) (reason, detail string) {
	n.t.Helper()
	form := must[browser.Form](n.t)(page.Form("/saml"))
	console := must[*browser.Page](n.t)(ada.Submit(n.t.Context(), page, form, nil))
	if console.Status == http.StatusOK && console.URL.Path == "/console" {
		return "", ""
	}
	return fmt.Sprint(console.Status), console.Body
}

func (n *needing) exchanged(account string) (reason, detail string) {
	n.t.Helper()
	got := exchange(n.t, n.Stack, n.platform.Token(n.t, nil), "resource", "acs:ram::"+account+":role/try")
	if got.status == http.StatusOK {
		return "", ""
	}
	return n.decision(got.Reference)
}

func (n *needing) responded() (reason, detail string) {
	n.t.Helper()
	role, provider := "acs:ram::"+direct+":role/dev-shop", "acs:ram::"+direct+":saml-provider/okta"
	got := callSTS(n.t, n.Stack, "AssumeRoleWithSAML", "RoleArn", role, "SAMLProviderArn", provider, "SAMLAssertion", n.okta.Response(
		validatetest.For(validate.Expectation{EntityID: "urn:alibaba:cloudcomputing", ACSURL: roleACS}),
		validatetest.At(time.Now()), validatetest.Subject("ada"), validatetest.Signed(true, true),
		validatetest.Attribute("https://www.aliyun.com/SAML-Role/Attributes/Role", role+","+provider),
		validatetest.Attribute("https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName", "ada@acme.com"),
	))
	if got.status == http.StatusOK {
		return "", ""
	}
	_, reference, _ := strings.Cut(strings.TrimSuffix(got.Message, ")"), "reference ")
	return n.decision(reference)
}

// pushed has the account brought up to date by the timer and by the operator, and
// returns what either is told.
func (n *needing) pushed() (reason, detail string) {
	n.t.Helper()
	before := len(linesOf(n.t, n.Stack, "ram stays as it was"))
	runTimer(n.t, n.Stack, 1)
	for _, said := range linesOf(n.t, n.Stack, "ram stays as it was")[before:] {
		if said["account"] == maintained {
			return "logged", said["error"]
		}
	}
	command := exec.CommandContext(context.WithoutCancel(n.t.Context()), filepath.Join(stack.Bin(n.t), "ssoctl"), "push", "maintained")
	command.Env = append(os.Environ(), "SSO_LOCAL_STACK=1", "SSO_URL="+n.URL,
		"SSO_OTS_ENDPOINT="+n.Tablestore.Endpoint, "SSO_OTS_INSTANCE="+n.Tablestore.Instance,
		"SSO_STS_ENDPOINT="+n.Cloud.STS, "SSO_IMS_ENDPOINT="+n.Cloud.IMS, "SSO_RAM_ENDPOINT="+n.Cloud.RAM,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+n.Cloud.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+n.Cloud.AccessKeySecret)
	if said, err := command.CombinedOutput(); err != nil {
		return "told", string(said)
	}
	return "", ""
}

// decision is what is logged of a refusal that somebody holds the reference of.
func (n *needing) decision(reference string) (reason, detail string) {
	n.t.Helper()
	return decisionOf(n.t, n.Stack, reference)
}

func decisionOf(t *testing.T, s *stack.Stack, reference string) (reason, detail string) {
	t.Helper()
	until(t, 10*time.Second, "reference "+reference+" is logged", func() bool { // what an instance has written is in the file a moment later
		for _, line := range linesOf(t, s, "decision") {
			if reference != "" && line["reference"] == reference {
				reason, detail = line["reason"], line["detail"]
				return true
			}
		}
		return false
	})
	return reason, detail
}

// linesOf are those of the functions' logs with a message, their texts alone.
func linesOf(t *testing.T, s *stack.Stack, message string) []map[string]string {
	t.Helper()
	var found []map[string]string
	for _, text := range logs(t, s) {
		for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
			var line map[string]any
			if !strings.Contains(scanner.Text(), `"msg":"`+message+`"`) || json.Unmarshal(scanner.Bytes(), &line) != nil {
				continue
			}
			texts := map[string]string{}
			for name, value := range line {
				if text, ok := value.(string); ok {
					texts[name] = text
				}
			}
			found = append(found, texts)
		}
	}
	return found
}
