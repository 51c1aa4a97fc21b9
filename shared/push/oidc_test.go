package push_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

func wantsOIDC(clientIDs, thumbprints []string, manage federation.Manage) push.Wanted {
	return push.Wanted{
		Account: ci.Account(), Manage: manage,
		OIDC: []push.OIDCProvider{{ARN: ci, By: []string{"ci", "cd"}, Issuer: issuer, ClientIDs: clientIDs, Thumbprints: thumbprints}},
	}
}

func hasOIDC(clientIDs, fingerprints []string) push.Has {
	return push.Has{OIDC: map[ram.OIDCProviderARN]*push.OIDCHas{ci: {Issuer: issuer, ClientIDs: clientIDs, Fingerprints: fingerprints, IssuanceLimitTime: 6}}}
}

// words are the calls in a line each.
func words(calls []push.Call) string {
	var lines []string
	for _, c := range calls {
		lines = append(lines, fmt.Sprintf("%s: %s", c.Action, c.Words))
	}
	return strings.Join(lines, "\n")
}

func fingerprintsKnown(known map[string]memory.Known) memory.Account {
	return memory.Account{Providers: map[string]memory.Provider{ci.String(): {Fingerprints: known}}}
}

func TestFingerprintsAreAddedBeforeOthersGo(t *testing.T) {
	old := memory.Known{Confirmed: noon.Add(-99 * day), Left: noon.Add(-2 * day)}
	older := memory.Known{Confirmed: noon.Add(-99 * day), Left: noon.Add(-3 * day)}
	there := memory.Known{Confirmed: noon.Add(-2 * day)}
	for name, c := range map[string]struct {
		serves, has string
		known       map[string]memory.Known
		repair      bool
		calls       []string
		drift       string
	}{
		"all is well":             {serves: "aa", has: "aa"},
		"as somebody typed it":    {serves: "aabb", has: "AA:BB"},
		"a new chain":             {serves: "bb", has: "aa", known: map[string]memory.Known{"aa": there}, calls: []string{"+bb"}},
		"it is there for a day":   {serves: "bb", has: "aa bb", known: map[string]memory.Known{"aa": old, "bb": there}, calls: []string{"-aa"}},
		"served until lately":     {serves: "bb", has: "aa bb", known: map[string]memory.Known{"aa": {Confirmed: old.Confirmed, Left: noon.Add(-day + time.Second)}, "bb": there}},
		"removed as it is spelt":  {serves: "bb", has: "AA bb", known: map[string]memory.Known{"aa": old, "bb": there}, calls: []string{"-AA"}},
		"two servers":             {serves: "bb cc", has: "aa", known: map[string]memory.Known{"aa": there}, calls: []string{"+bb", "+cc"}},
		"a stranger's":            {serves: "aa", has: "aa xx", known: map[string]memory.Known{"aa": there}, drift: string(alert.FingerprintUnknown)},
		"a stranger's may go":     {serves: "aa", has: "aa xx", known: map[string]memory.Known{"aa": there}, repair: true, calls: []string{"-xx"}, drift: string(alert.FingerprintUnknown)},
		"never the last":          {serves: "bb", has: "aa", known: map[string]memory.Known{"aa": old, "bb": there}, calls: []string{"+bb"}},
		"no room":                 {serves: "zz", has: "a1 a2 a3 a4 a5", known: map[string]memory.Known{"a1": old, "a2": older, "a3": old, "a4": old, "a5": old}, calls: []string{"-a2", "+zz"}},
		"no room for two":         {serves: "yy zz", has: "a1 a2 a3 a4", known: map[string]memory.Known{"a1": old, "a2": older, "a3": old, "a4": old}, calls: []string{"+yy", "-a2", "+zz"}},
		"no room among strangers": {serves: "zz", has: "a1 a2 a3 a4 a5", drift: "fingerprint_unknown metadata_older"},
		"room, where that may be": {serves: "zz", has: "a1 a2 a3 a4 a5", repair: true, calls: []string{"-a1", "+zz"}, drift: string(alert.FingerprintUnknown)},
	} {
		t.Run(name, func(t *testing.T) {
			w := wantsOIDC([]string{"x"}, strings.Fields(c.serves), federation.Manage{Repair: c.repair})
			got := push.Plan(w, hasOIDC([]string{"x"}, strings.Fields(c.has)), fingerprintsKnown(c.known), noon)
			var calls []string
			for _, call := range got.Calls {
				sign := map[string]string{"AddFingerprintToOIDCProvider": "+", "RemoveFingerprintFromOIDCProvider": "-"}[call.Action]
				calls = append(calls, sign+call.Params.Get("Fingerprint"))
			}
			if !slices.Equal(calls, c.calls) || kinds(got.Drift) != c.drift {
				t.Errorf("calls %v, drift %q; want %v, %q", calls, kinds(got.Drift), c.calls, c.drift)
			}
		})
	}
}

func TestClientIDsAreThoseOfAllRecordsOfTheIssuer(t *testing.T) {
	known := memory.Known{Confirmed: noon.Add(-2 * day)}
	left := memory.Known{Confirmed: noon.Add(-2 * day), Left: noon.Add(-time.Hour)}
	before := memory.Account{Providers: map[string]memory.Provider{ci.String(): {ClientIDs: map[string]memory.Known{"x": known, "y": known, "late": known, "old": left}}}}
	many := make([]string, 51)
	for n := range many {
		many[n] = fmt.Sprintf("client-%d", n)
	}
	for name, c := range map[string]struct {
		wants, has []string
		repair     bool
		ids, drift string // ids "": no call
	}{
		"all is well":            {wants: []string{"x", "y"}, has: []string{"y", "x"}},
		"one more":               {wants: []string{"x", "z"}, has: []string{"x"}, ids: "x,z"},
		"one that nobody has":    {wants: []string{"x"}, has: []string{"x", "w"}, drift: string(alert.ClientIDUnknown)},
		"it may go":              {wants: []string{"x"}, has: []string{"x", "w"}, repair: true, ids: "x", drift: string(alert.ClientIDUnknown)},
		"one that a record had":  {wants: []string{"x"}, has: []string{"x", "old"}, ids: "x"},
		"until a moment ago":     {wants: []string{"x"}, has: []string{"x", "late"}},
		"in the place of it":     {wants: []string{"new"}, has: []string{"old"}, ids: "new,old"},
		"one that RAM must lack": {wants: []string{"x", "api://a,b"}, has: []string{"x"}, drift: string(alert.MetadataOlder)},
		"and only such":          {wants: []string{"é"}, has: []string{"x"}, drift: string(alert.MetadataOlder)},
		"too many":               {wants: many, has: many[1:], drift: string(alert.MetadataOlder)},
	} {
		t.Run(name, func(t *testing.T) {
			w := wantsOIDC(c.wants, nil, federation.Manage{Repair: c.repair})
			got := push.Plan(w, hasOIDC(c.has, []string{"whatever"}), before, noon)
			ids := ""
			for _, call := range got.Calls {
				if call.Action != "UpdateOIDCProvider" || call.Params.Get("IssuanceLimitTime") != "6" {
					t.Errorf("%+v", call)
				}
				ids += call.Params.Get("ClientIds")
			}
			if ids != c.ids || kinds(got.Drift) != c.drift {
				t.Errorf("%q, drift %q; want %q, %q", ids, kinds(got.Drift), c.ids, c.drift)
			}
		})
	}
}

func TestAClientIDOfASuspendedRecordStays(t *testing.T) {
	w := wantsOIDC([]string{"x"}, nil, federation.Manage{Repair: true})
	w.OIDC[0].Suspended = []string{"s", "not there"}
	before := memory.Account{Providers: map[string]memory.Provider{ci.String(): {ClientIDs: map[string]memory.Known{"x": {Confirmed: noon.Add(-9 * day)}}}}}
	if got := push.Plan(w, hasOIDC([]string{"x", "s"}, nil), before, noon); len(got.Calls) != 0 || len(got.Drift) != 0 {
		t.Errorf("%+v, %+v", got.Calls, got.Drift)
	}
}

func TestUserSSOIsLeftAsItIsButForItsKeys(t *testing.T) {
	b := newBench(t)
	yes := true
	for name, c := range map[string]struct {
		has    push.UserSSOHas
		nobody bool // we are not its identity provider
		create bool
		words  string
		drift  string
	}{
		"all is well":        {has: push.UserSSOHas{Metadata: b.metadata("A"), Enabled: true, AuthnSignAlgo: "rsa-sha256"}},
		"the next key":       {has: push.UserSSOHas{Metadata: b.metadata("B"), Enabled: true, AuxiliaryDomain: "acme.com", AuthnSignAlgo: "rsa-sha256", LoginWithDomain: &yes}, words: "add certificate", drift: string(alert.CertificateUnknown)},
		"signed by SHA-1":    {has: push.UserSSOHas{Metadata: b.metadata("A"), Enabled: true, AuthnSignAlgo: "rsa-sha1"}, words: "have requests signed by rsa-sha256"},
		"switched off":       {has: push.UserSSOHas{Metadata: b.metadata("B")}, words: "add certificate", drift: "certificate_unknown sso_disabled"},
		"another's":          {has: push.UserSSOHas{Metadata: b.metadata("A", func(i *samldoc.Introduction) { i.EntityID = "x" }), Enabled: true, AuthnSignAlgo: "rsa-sha1"}, create: true, drift: string(alert.ProviderForeign)},
		"nobody's":           {has: push.UserSSOHas{Enabled: true}, drift: string(alert.ProviderMissing)},
		"nobody's, and ours": {has: push.UserSSOHas{Enabled: true}, create: true, words: "add certificate", drift: string(alert.ProviderMissing)},
		"not for us":         {has: push.UserSSOHas{AuthnSignAlgo: "rsa-sha1"}, nobody: true, drift: string(alert.UserSSODisabled)},
	} {
		t.Run(name, func(t *testing.T) {
			own := b.introduced("A")
			w := push.Wanted{UserSSO: &push.UserSSO{Introduced: &own}, Manage: federation.Manage{Create: c.create}}
			if c.nobody {
				w.UserSSO.Introduced = nil
			}
			got := push.Plan(w, push.Has{UserSSO: &c.has}, memory.Account{}, noon)
			if !strings.Contains(words(got.Calls), c.words) || (c.words == "") != (len(got.Calls) == 0) || kinds(got.Drift) != c.drift {
				t.Fatalf("%q, drift %q", words(got.Calls), kinds(got.Drift))
			}
			for _, call := range got.Calls {
				checkSettings(t, call, c.has)
			}
		})
	}
}

// checkSettings wants all fields written back but the two that are ours.
func checkSettings(t *testing.T, call push.Call, has push.UserSSOHas) {
	t.Helper()
	p := call.Params
	if call.Action != "SetUserSsoSettings" || p.Get("AuthnSignAlgo") != "rsa-sha256" || p.Get("SsoEnabled") != fmt.Sprint(has.Enabled) || p.Get("AuxiliaryDomain") != has.AuxiliaryDomain {
		t.Errorf("%+v", call)
	}
	if p.Has("SsoLoginWithDomain") != (has.LoginWithDomain != nil) || has.LoginWithDomain != nil && p.Get("SsoLoginWithDomain") != fmt.Sprint(*has.LoginWithDomain) {
		t.Errorf("%+v", call)
	}
	if document, err := base64.StdEncoding.DecodeString(p.Get("MetadataDocument")); err != nil || len(document) == 0 {
		t.Errorf("%q, %v", document, err)
	}
}

func TestARoleThatAnySubjectMayTakeIsTold(t *testing.T) {
	const allow = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Federated":%s},"Condition":%s}]}`
	provider := fmt.Sprintf("[%q]", ci)
	for document, told := range map[string]bool{
		fmt.Sprintf(allow, provider, `{"StringEquals":{"oidc:aud":"x","oidc:sub":"repo:acme/shop"}}`):                                       false,
		fmt.Sprintf(allow, provider, `{"StringEquals":{"oidc:aud":"x"},"StringLike":{"oidc:sub":["repo:acme/*"]}}`):                         false,
		fmt.Sprintf(allow, provider, `{"StringEquals":{"oidc:aud":"x"}}`):                                                                   true,
		fmt.Sprintf(allow, provider, `{"StringLike":{"oidc:sub":"*"}}`):                                                                     true,
		fmt.Sprintf(allow, provider, `{"StringLike":{"oidc:sub":["repo:acme/shop","**"]}}`):                                                 true,
		fmt.Sprintf(allow, provider, `{"StringLike":{"oidc:sub":[]}}`):                                                                      true,
		fmt.Sprintf(allow, provider, `{"StringNotEquals":{"oidc:sub":"x"}}`):                                                                true,
		fmt.Sprintf(allow, `"`+ci.String()+`"`, `{}`):                                                                                       true,
		fmt.Sprintf(allow, `"*"`, `{}`):                                                                                                     true,
		fmt.Sprintf(allow, `["`+okta.String()+`"]`, `{"StringEquals":{"saml:recipient":"x"}}`):                                              false,
		`{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::1:root"]}}]}`:                false,
		`{"Version":"1","Statement":[{"Effect":"Deny","Action":"sts:AssumeRole","Principal":{"Federated":["` + ci.String() + `"]}}]}`:       false,
		fmt.Sprintf(allow, provider, `{"StringEquals":{"oidc:sub":"x"},"Bool":{"acs:SecureTransport":true},"NumericLessThan":{"x":[1,2]}}`): false,
		``: true, `{}`: true, `<html>`: true,
	} {
		got := push.Plan(push.Wanted{}, push.Has{Roles: map[ram.RoleARN]push.RoleHas{role: {MaxSession: 7200, Trust: document, Looked: true}}}, memory.Account{}, noon)
		if (kinds(got.Drift) == string(alert.RoleTrustsAnySubject)) != told || len(got.Calls) != 0 {
			t.Errorf("%s: %+v", document, got.Drift)
		}
		if longest, ok := got.Memory.LongestSession(role); !ok || longest != 2*time.Hour {
			t.Errorf("%v, %v", longest, ok)
		}
	}
}
