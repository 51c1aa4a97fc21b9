package trust_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

const entra = `{"id":"entra","displayName":"Entra","oidc":{"issuer":"https://login.example/t/v2.0","audiences":["client","sts"],"tokenUse":"once","maxAgeSeconds":3600,
	"login":{"clientID":"client","clientSecret":"env:SSO_SECRET_ENTRA","scopes":["openid"]}}}`

func TestARecordOfOpenIDConnectIsPendingAndSaysSo(t *testing.T) {
	for name, learned := range map[string][]byte{"none": nil, "of SAML, from before": keys(t, nil), "nonsense": []byte("{")} {
		r, err := trust.Parse("r1", []byte(entra), learned)
		if err != nil || r.Kind() != trust.KindOIDC || !r.Pending() || r.EntityID() != "" {
			t.Errorf("keys %s: kind %q, pending %v, %v", name, r.Kind(), r.Pending(), err)
		}
	}
	if r, err := trust.Parse("r1", []byte(okta), nil); err != nil || r.Kind() != trust.KindSAML {
		t.Errorf("kind %q, %v", r.Kind(), err)
	}
}

func TestAnOIDCSourceThatCannotBeMeantIsRefused(t *testing.T) {
	for _, change := range [][2]string{
		{`https://login.example/t/v2.0`, `http://login.example/`},
		{`https://login.example/t/v2.0`, `https://login.example/?t=1`},
		{`https://login.example/t/v2.0`, `https://login.example/?`},
		{`https://login.example/t/v2.0`, `https://login.example/#`},
		{`https://login.example/t/v2.0`, `https://user@login.example/`},
		{`https://login.example/t/v2.0`, `https://login.example/ `},
		{`https://login.example/t/v2.0`, ``},
		{`["client","sts"]`, `[]`},
		{`["client","sts"]`, `["client",""]`},
		{`["client","sts"]`, `["sts"]`},
		{`"once"`, `"twice"`},
		{`3600`, `0`},
		{`3600`, `90000`},
		{`env:SSO_SECRET_ENTRA`, `env:SSO_URL`},
		{`env:SSO_SECRET_ENTRA`, `hunter2`},
		{`"oidc":`, `"saml":{"metadataURL":"https://idp.example/"},"oidc":`},
		{`"login":`, `"logIn2":`},
	} {
		text := strings.Replace(entra, change[0], change[1], 1)
		r, err := trust.Parse("r1", []byte(text), nil)
		if reason.Of(err) != reason.ConfigurationInvalid || !r.IsZero() {
			t.Errorf("%s was taken: %v", text, err)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("the secret is told: %v", err)
		}
	}
}

func TestOnlySecretsThatAreMeantForItAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"env:SSO_SECRET_ENTRA": "SSO_SECRET_ENTRA",
		"env:SSO_SECRET_":      "", "env:SSO_SECRET": "", "env:PATH": "", "env:SSO_SECRETS": "", "SSO_SECRET_ENTRA": "",
		"env:SSO_SECRET_a": "", "env:SSO_SECRET_A=": "", " env:SSO_SECRET_A": "", "env:env:SSO_SECRET_A": "", "hunter2": "", "": "",
	} {
		if name, ok := trust.SecretReference(text).Variable(); name != want || ok != (want != "") {
			t.Errorf("%q names %q, %v", text, name, ok)
		}
	}
}

func TestWhatIsNoReferenceDoesNotPrint(t *testing.T) {
	login := trust.Login{ClientID: "client", ClientSecret: "hunter2"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if printed := fmt.Sprintf(verb, login); strings.Contains(printed, "hunter2") || strings.Contains(printed, "68756e7465723") {
			t.Errorf("%s prints %s", verb, printed)
		}
	}
	if printed := fmt.Sprint(trust.SecretReference("env:SSO_SECRET_A")); printed != "env:SSO_SECRET_A" {
		t.Errorf("a reference prints as %s", printed)
	}
}

// What was stored before there was OpenID Connect is still what it was: its
// bytes make up the revision's ID.
func TestASAMLSourceIsStoredAsBefore(t *testing.T) {
	const stored = `{"id":"okta","displayName":"Okta","saml":{"metadataURL":"https://acme.okta.com/metadata","clockSkewSeconds":0}}`
	r, err := trust.Parse("r1", []byte(stored), nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(r.Source()); err != nil || string(again) != stored {
		t.Errorf("%s, %v", again, err)
	}
}

func TestAnOIDCSourceCannotBeChangedThroughWhatARecordGives(t *testing.T) {
	r, err := trust.Parse("r1", []byte(entra), nil)
	if err != nil {
		t.Fatal(err)
	}
	given := r.Source()
	given.OIDC.Audiences[0], given.OIDC.Login.Scopes[0], given.OIDC.Login.ClientID = "x", "x", "x"
	if again := r.Source().OIDC; again.Audiences[0] != "client" || again.Login.Scopes[0] != "openid" || again.Login.ClientID != "client" {
		t.Error("the record changed")
	}
}
