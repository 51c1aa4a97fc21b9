package trust_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

const okta = `{"id":"okta","displayName":"Okta","saml":{"metadataURL":"https://acme.okta.com/metadata","allowIdPInitiated":true,"clockSkewSeconds":90},
	"attributes":{"email":"mail"},"emailDomains":["acme.com"],"suspended":true}`

func certificate(tb testing.TB) string {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}, NotAfter: time.Unix(1<<31, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func keys(tb testing.TB, change func(*trust.Keys)) []byte {
	tb.Helper()
	k := trust.Keys{
		EntityID: "https://acme.okta.com/entity",
		SSO: []trust.Endpoint{
			{Binding: trust.BindingPOST, Location: "https://acme.okta.com/sso"},
			{Binding: trust.BindingPOST, Location: "https://acme.okta.com/second"},
		},
		Certificates: []string{certificate(tb)},
	}
	if change != nil {
		change(&k)
	}
	body, err := json.Marshal(k)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func TestARecordSaysWhatWasDeclaredAndLearned(t *testing.T) {
	r, err := trust.Parse("r1", []byte(okta), keys(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if r.ID() != "okta" || r.DisplayName() != "Okta" || r.Revision() != "r1" || r.EntityID() != "https://acme.okta.com/entity" {
		t.Errorf("names: %q %q %q %q", r.ID(), r.DisplayName(), r.Revision(), r.EntityID())
	}
	if r.IsZero() || r.Pending() || !r.Suspended() || !r.AllowIdPInitiated() || r.AllowSHA1() || r.ClockSkew() != 90*time.Second {
		t.Errorf("flags: %+v", r)
	}
	if location, ok := r.SSO(trust.BindingPOST); !ok || location != "https://acme.okta.com/sso" {
		t.Errorf("SSO by POST: %q %v", location, ok)
	}
	if location, ok := r.SSO(trust.BindingRedirect); ok {
		t.Errorf("SSO by redirect: %q", location)
	}
	if r.Attribute("email") != "mail" || r.Attribute("memberOf") != "memberOf" {
		t.Errorf("attributes: %q %q", r.Attribute("email"), r.Attribute("memberOf"))
	}
}

func TestARecordCannotBeChangedThroughWhatItGives(t *testing.T) {
	r, err := trust.Parse("r1", []byte(okta), keys(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	r.Published()[0] = nil
	r.EmailDomains()[0] = "evil.example"
	r.Source().Attributes["email"] = "other"
	if r.Published()[0] == nil || r.EmailDomains()[0] != "acme.com" || r.Attribute("email") != "mail" {
		t.Error("the record changed")
	}
}

func TestWithoutKeysARecordIsPending(t *testing.T) {
	r, err := trust.Parse("r1", []byte(okta), nil)
	if err != nil || !r.Pending() || r.EntityID() != "" || r.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestKeysOfAnotherSourceAreNotBelieved(t *testing.T) {
	moved := keys(t, func(k *trust.Keys) { k.Origin = "https://old.example/metadata" })
	if r, err := trust.Parse("r1", []byte(okta), moved); err != nil || !r.Pending() {
		t.Errorf("pending %v, %v", r.Pending(), err)
	}
	here := keys(t, func(k *trust.Keys) { k.Origin = "https://acme.okta.com/metadata" })
	if r, err := trust.Parse("r1", []byte(okta), here); err != nil || r.Pending() {
		t.Errorf("pending %v, %v", r.Pending(), err)
	}
}

func TestIDsArePlain(t *testing.T) {
	for id, want := range map[string]bool{
		"okta": true, "a": true, "0-a_b": true, strings.Repeat("a", 63): true,
		"": false, "-a": false, "_a": false, "A": false, "a.b": false, "a/b": false, "a\n": false, "é": false, strings.Repeat("a", 64): false,
	} {
		if trust.ValidID(id) != want {
			t.Errorf("%q: want %v", id, want)
		}
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	for _, source := range []string{
		``, `null`, `{}`, `[]`, `{"id":"okta"}`, okta + okta, okta + "x",
		strings.Replace(okta, `"id":"okta"`, `"id":"../okta"`, 1),
		strings.Replace(okta, `"id":"okta"`, `"id":"Okta"`, 1),
		strings.Replace(okta, `"suspended":true`, `"suspendedUntil":1`, 1),
		strings.Replace(okta, `90`, `301`, 1),
		strings.Replace(okta, `90`, `-1`, 1),
		strings.Replace(okta, `https://acme.okta.com/metadata`, `http://acme.okta.com/metadata`, 1),
		strings.Replace(okta, `https://acme.okta.com/metadata`, `javascript:alert(1)`, 1),
		strings.Replace(okta, `"metadataURL"`, `"metadata":"eHg=","metadataURL"`, 1),
		strings.Replace(okta, `"acme.com"`, `""`, 1),
	} {
		if r, err := trust.Parse("r1", []byte(source), nil); reason.Of(err) != reason.ConfigurationInvalid || !r.IsZero() {
			t.Errorf("source %s: %v", source, err)
		}
	}
	if _, err := trust.Parse("", []byte(okta), nil); err == nil {
		t.Error("no revision was taken")
	}
}

func TestKeysThatVerifyNobodyAreRefused(t *testing.T) {
	for name, change := range map[string]func(*trust.Keys){
		"no entity ID":        func(k *trust.Keys) { k.EntityID = "" },
		"long entity ID":      func(k *trust.Keys) { k.EntityID = strings.Repeat("e", 1025) },
		"entity ID of lines":  func(k *trust.Keys) { k.EntityID = "https://idp.example\nokta: keys fetched" },
		"entity ID backwards": func(k *trust.Keys) { k.EntityID = "https://idp.example/\u202emoc.atko" },
		"no service":          func(k *trust.Keys) { k.SSO = nil },
		"script as a service": func(k *trust.Keys) { k.SSO[0].Location = "javascript:alert(1)" },
		"endless service":     func(k *trust.Keys) { k.SSO[0].Location += strings.Repeat("x", 2048) },
		"http service":        func(k *trust.Keys) { k.SSO[0].Location = "http://acme.okta.com/sso" },
		"no binding":          func(k *trust.Keys) { k.SSO[0].Binding = "" },
		"no certificate":      func(k *trust.Keys) { k.Certificates = nil },
		"bad base64":          func(k *trust.Keys) { k.Certificates[0] += "*" },
		"no X.509":            func(k *trust.Keys) { k.Certificates[0] = "AAAA" },
		"a bad one beside":    func(k *trust.Keys) { k.Certificates = append(k.Certificates, "AAAA") },
		"too many":            func(k *trust.Keys) { k.Certificates = append(k.Certificates, make([]string, 10)...) },
	} {
		if r, err := trust.Parse("r1", []byte(okta), keys(t, change)); reason.Of(err) != reason.MetadataInvalid || !r.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, body := range []string{"null", "{}", `{"entityID":"x","unknown":1}`} {
		if _, err := trust.Parse("r1", []byte(okta), []byte(body)); err == nil {
			t.Errorf("keys %q were taken", body)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(okta), keys(f, nil))
	f.Add([]byte(okta), []byte(nil))
	f.Add([]byte(`{"id":"a","displayName":"A","saml":{"metadata":"eHg=","clockSkewSeconds":0}}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, source, keys []byte) {
		r, err := trust.Parse("r1", source, keys)
		if (err == nil) == r.IsZero() {
			t.Fatalf("record %+v with error %v", r, err)
		}
		if err != nil {
			return
		}
		if !trust.ValidID(r.ID()) || r.ClockSkew() < 0 || r.ClockSkew() > trust.MaxClockSkew {
			t.Errorf("accepted %+v", r.Source())
		}
		if r.Pending() != (r.EntityID() == "") {
			t.Errorf("pending %v with entity ID %q", r.Pending(), r.EntityID())
		}
		if location, ok := r.SSO(trust.BindingPOST); ok && !bytes.HasPrefix([]byte(location), []byte("http")) {
			t.Errorf("location %q", location)
		}
	})
}
