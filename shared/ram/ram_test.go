package ram_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/ram"
)

func TestWellFormedARNsComeBackAsTheyWere(t *testing.T) {
	for _, s := range []string{
		"acs:ram::1234567890123456:role/admin",
		"acs:ram::0000000000000001:role/Dev-ops.2_x",
		"acs:ram::1234567890123456:role/" + strings.Repeat("r", 64),
	} {
		role, err := ram.ParseRoleARN(s)
		if err != nil || role.String() != s || role.IsZero() {
			t.Errorf("%s: got %q, %v", s, role, err)
		}
	}
	role, _ := ram.ParseRoleARN("acs:ram::1234567890123456:role/admin")
	if role.Account().String() != "1234567890123456" || role.Name() != "admin" {
		t.Errorf("account %q, name %q", role.Account(), role.Name())
	}
	provider, err := ram.ParseSAMLProviderARN("acs:ram::1234567890123456:saml-provider/Okta.prod")
	if err != nil || provider.Name() != "Okta.prod" || provider.String() != "acs:ram::1234567890123456:saml-provider/Okta.prod" {
		t.Errorf("provider %q, %v", provider, err)
	}
}

func TestMalformedARNsAreRefused(t *testing.T) {
	for _, s := range []string{
		"",
		"admin",
		"acs:ram::1234567890123456:role/",
		"acs:ram::1234567890123456:role/a/b",
		"acs:ram::1234567890123456:role/a b",
		"acs:ram::1234567890123456:role/dev-*",
		"acs:ram::1234567890123456:role/管理",
		"acs:ram::1234567890123456:role/admin\n",
		" acs:ram::1234567890123456:role/admin",
		"acs:ram::1234567890123456:user/admin",
		"acs:ram::1234567890123456:role/" + strings.Repeat("r", 65),
		"acs:ram::12345678901234x6:role/admin",
		"acs:ram:::role/admin",
		"acs:ram:cn-hangzhou:1234567890123456:role/admin",
		"arn:aws:iam::123456789012:role/admin",
	} {
		if role, err := ram.ParseRoleARN(s); err == nil || !role.IsZero() {
			t.Errorf("%q was taken as %q", s, role)
		}
	}
	for _, name := range []string{"-okta", "okta.", "_", strings.Repeat("p", 129)} {
		if _, err := ram.ParseSAMLProviderARN("acs:ram::1234567890123456:saml-provider/" + name); err == nil {
			t.Errorf("provider %q was taken", name)
		}
	}
}

func TestAccountIDsAreText(t *testing.T) {
	var id ram.AccountID
	if err := json.Unmarshal([]byte(`"0034567890123456"`), &id); err != nil || id.String() != "0034567890123456" {
		t.Errorf("got %q, %v", id, err)
	}
	for _, s := range []string{"", "1234", "-1234567", "1e15000", "１２３４５６", strings.Repeat("1", 33)} {
		if got, err := ram.ParseAccountID(s); err == nil {
			t.Errorf("%q was taken as %q", s, got)
		}
	}
}

func TestSessionNamesAreCleanedVisibly(t *testing.T) {
	long := strings.Repeat("a", 70)
	for _, tt := range []struct{ in, want string }{
		{"ada@acme.com", "ada@acme.com"},
		{`ACME\ada`, "ACME-ada"},
		{"Ada  Lovelace", "Ada-Lovelace"},
		{" ada ", "ada"},
		{"a+b=c,d", "a-b-c-d"},
		{"a", "a-ca978112"},
		{"张三", "x-1d841bc0"},
		{"zhang张三", "zhang-0ec85a8b"},
		{"José", "Jos-24c2ab65"},
		{long, long[:55] + "-6bd5e503"},
		{long[:64], long[:64]},
	} {
		got, err := ram.CleanSessionName(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("%q: got %q (%v), want %q", tt.in, got, err, tt.want)
		}
	}
	if name, err := ram.CleanSessionName(" \t"); err == nil {
		t.Errorf("blanks became %q", name)
	}
}

func FuzzSessionNamesAreLegal(f *testing.F) {
	f.Add("张三")
	f.Add("\xff\x00")
	f.Fuzz(func(t *testing.T, s string) {
		name, err := ram.CleanSessionName(s)
		if err != nil {
			return
		}
		if len(name) < 2 || len(name) > 64 || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.@_-") != "" {
			t.Errorf("%q became %q", s, name)
		}
	})
}

func TestSecretsDoNotPrint(t *testing.T) {
	c := ram.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "swordfish", SecurityToken: "marlin"}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", c, c.AccessKeySecret)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "c", c, "s", c.SecurityToken)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "c", c, "s", c.SecurityToken)
	if err := json.NewEncoder(&out).Encode(c); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"swordfish", "marlin", fmt.Sprintf("%x", "swordfish")} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is in\n%s", secret, out.String())
		}
	}
	if c.AccessKeySecret.Reveal() != "swordfish" {
		t.Error("Reveal does not reveal")
	}
}

func TestTheTwoKindsOfProvidersAreNotMistaken(t *testing.T) {
	const saml, oidc = "acs:ram::1234567890123456:saml-provider/Okta", "acs:ram::1234567890123456:oidc-provider/Okta"
	provider, err := ram.ParseOIDCProviderARN(oidc)
	if err != nil || provider.String() != oidc || provider.Name() != "Okta" || provider.Account().String() != "1234567890123456" || provider.IsZero() {
		t.Errorf("%v, %v", provider, err)
	}
	if _, err := ram.ParseOIDCProviderARN(saml); err == nil {
		t.Error("a SAML provider was taken for one of OpenID Connect")
	}
	if _, err := ram.ParseSAMLProviderARN(oidc); err == nil {
		t.Error("a provider of OpenID Connect was taken for one of SAML")
	}
	for _, name := range []string{"", "-a", "a.", "_", "a b", "a*"} {
		if _, err := ram.ParseOIDCProviderARN("acs:ram::1234567890123456:oidc-provider/" + name); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}
