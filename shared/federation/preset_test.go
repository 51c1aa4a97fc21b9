package federation_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

func withPreset(preset string, change func(*trust.Source)) federation.Draft {
	source := trust.Source{ID: "idp", Preset: preset, SAML: trust.SAML{MetadataURL: "https://idp.example/metadata", ClockSkewSeconds: federation.ByPreset}}
	if change != nil {
		change(&source)
	}
	return federation.Draft{IdentityProviders: []trust.Source{source}}
}

// overOIDC is the same with the other protocol.
func overOIDC(s *trust.Source) {
	s.SAML, s.OIDC = trust.SAML{}, &trust.OIDC{Issuer: "https://idp.example", Audiences: []string{"client"}}
}

func TestAPresetSaysWhatTheFileLeavesOpen(t *testing.T) {
	for _, preset := range federation.Presets() {
		if side := preset.SAML; side != nil {
			got := complete(t, preset, nil, side.Attributes)
			if got.SAML.ClockSkewSeconds != int(side.ClockSkew/time.Second) {
				t.Errorf("%s: %+v", preset.Name, got)
			}
		}
		if side := preset.OIDC; side != nil {
			got := complete(t, preset, func(s *trust.Source) { overOIDC(s); s.OIDC.Issuer = cmp.Or(side.Issuer, s.OIDC.Issuer) }, side.Attributes)
			if got.OIDC.Issuer != cmp.Or(side.Issuer, "https://idp.example") || got.OIDC.TokenUse != cmp.Or(side.TokenUse, trust.Once) || got.OIDC.MaxAgeSeconds != 3600 {
				t.Errorf("%s: %+v", preset.Name, got.OIDC)
			}
		}
	}
}

func complete(t *testing.T, preset federation.Preset, change func(*trust.Source), attributes map[string]string) trust.Source {
	t.Helper()
	d := withPreset(preset.Name, change)
	got := compile(t, d).IdentityProviders()[0]
	if len(got.Attributes) != len(attributes) {
		t.Errorf("%s: %+v", preset.Name, got)
	}
	for alias, name := range attributes {
		if got.AttributeName(alias) != name {
			t.Errorf("%s: %s is %q", preset.Name, alias, got.AttributeName(alias))
		}
	}
	if d.IdentityProviders[0].Attributes != nil {
		t.Errorf("%s: the draft was changed", preset.Name)
	}
	return got
}

func TestAPresetKnowsTheIssuerThatEverybodyShares(t *testing.T) {
	for preset, want := range map[string]string{
		"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.com", "google": "https://accounts.google.com",
	} {
		got := compile(t, withPreset(preset, func(s *trust.Source) { overOIDC(s); s.OIDC.Issuer = "" })).IdentityProviders()[0]
		if got.OIDC.Issuer != want {
			t.Errorf("%s: %q", preset, got.OIDC.Issuer)
		}
		own := compile(t, withPreset(preset, overOIDC)).IdentityProviders()[0]
		if own.OIDC.Issuer != "https://idp.example" {
			t.Errorf("%s of one's own: %q", preset, own.OIDC.Issuer)
		}
	}
}

func TestAPresetPermitsNothing(t *testing.T) {
	for _, preset := range federation.Presets() {
		if side := preset.SAML; side != nil {
			saml := compile(t, withPreset(preset.Name, nil)).IdentityProviders()[0].SAML
			if saml.AllowSHA1 || saml.AllowIdPInitiated || saml.AllowUnsignedCBC || side.ClockSkew > trust.MaxClockSkew {
				t.Errorf("%s: %+v", preset.Name, saml)
			}
		}
		if side := preset.OIDC; side != nil {
			oidc := compile(t, withPreset(preset.Name, overOIDC)).IdentityProviders()[0].OIDC
			if oidc.Exchange || oidc.Login != nil || len(oidc.Audiences) != 1 {
				t.Errorf("%s: %+v", preset.Name, oidc)
			}
		}
	}
}

func TestWhatTheFileSaysWins(t *testing.T) {
	got := compile(t, withPreset("adfs", func(s *trust.Source) {
		s.SAML.ClockSkewSeconds = 0
		s.Attributes = map[string]string{"email": "mail", "dept": "department"}
	})).IdentityProviders()[0]
	if got.SAML.ClockSkewSeconds != 0 || got.AttributeName("email") != "mail" || got.AttributeName("dept") != "department" ||
		got.AttributeName("groups") != "http://schemas.xmlsoap.org/claims/Group" {
		t.Errorf("%+v", got)
	}
}

func TestWithoutAPresetThereAreOnlyTheDefaults(t *testing.T) {
	got := compile(t, withPreset("", nil)).IdentityProviders()[0]
	if got.SAML.ClockSkewSeconds != 60 || len(got.Attributes) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestAStoredRevisionKeepsThePresetOfItsDay(t *testing.T) {
	items := compile(t, withPreset("adfs", nil)).Items()
	for i := range items {
		items[i].Body = []byte(strings.ReplaceAll(string(items[i].Body), "claims/Group", "claims/Crowd"))
	}
	again, err := federation.FromItems(items)
	if err != nil || again.IdentityProviders()[0].AttributeName("groups") != "http://schemas.xmlsoap.org/claims/Crowd" {
		t.Errorf("%v", err)
	}
}

func TestPresetsAreInOrder(t *testing.T) {
	if !slices.IsSortedFunc(federation.Presets(), func(a, b federation.Preset) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("a person looks a preset up by its name")
	}
}
