package federation_test

import (
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

func TestAPresetSaysWhatTheFileLeavesOpen(t *testing.T) {
	for _, preset := range federation.Presets() {
		d := withPreset(preset.Name, nil)
		got := compile(t, d).IdentityProviders()[0]
		if got.SAML.ClockSkewSeconds != int(preset.ClockSkew/time.Second) || len(got.Attributes) != len(preset.Attributes) {
			t.Errorf("%s: %+v", preset.Name, got)
		}
		for alias, name := range preset.Attributes {
			if got.AttributeName(alias) != name {
				t.Errorf("%s: %s is %q", preset.Name, alias, got.AttributeName(alias))
			}
		}
		if d.IdentityProviders[0].Attributes != nil {
			t.Errorf("%s: the draft was changed", preset.Name)
		}
	}
}

func TestAPresetPermitsNothing(t *testing.T) {
	for _, preset := range federation.Presets() {
		saml := compile(t, withPreset(preset.Name, nil)).IdentityProviders()[0].SAML
		if saml.AllowSHA1 || saml.AllowIdPInitiated || preset.ClockSkew > trust.MaxClockSkew {
			t.Errorf("%s: %+v", preset.Name, saml)
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
