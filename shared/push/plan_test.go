package push_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

func TestMetadataOfAnIdentityProviderIsKeptFresh(t *testing.T) {
	b := newBench(t)
	remembers := func(known map[string]memory.Known) memory.Account {
		return memory.Account{Providers: map[string]memory.Provider{okta.String(): {Certificates: known}}}
	}
	for name, c := range map[string]struct {
		publishes, has string
		before         memory.Account
		manage         federation.Manage
		writes, drift  string // writes "": nothing
	}{
		"all is well":                        {publishes: "A", has: "A"},
		"the next one":                       {publishes: "AB", has: "A", writes: "AB"},
		"without overlap":                    {publishes: "B", has: "A", before: remembers(b.known("A", 9*day)), writes: "AB"},
		"a day later":                        {publishes: "B", has: "AB", before: remembers(b.left("A", "B", day)), writes: "B"},
		"a moment before":                    {publishes: "B", has: "AB", before: remembers(b.left("A", "B", day-time.Second))},
		"there for long, and just left":      {publishes: "B", has: "AB", before: remembers(b.known("AB", 9*day))},
		"a file of long ago":                 {publishes: "B", has: "A", writes: "AB", drift: "certificate_unknown"},
		"it stays":                           {publishes: "B", has: "AB", before: remembers(b.known("B", 99*day)), drift: "certificate_unknown"},
		"unless repair is allowed":           {publishes: "B", has: "AB", before: remembers(b.known("B", day)), manage: federation.Manage{Repair: true}, writes: "B", drift: "certificate_unknown"},
		"three are published":                {publishes: "ABC", has: "AB", drift: "metadata_older"},
		"three, and RAM has one":             {publishes: "ABC", has: "A", writes: "AC", drift: "metadata_older"},
		"one of them has ended":              {publishes: "YBC", has: "YB", before: remembers(b.known("YB", 9*day)), writes: "BC"},
		"the one that has ended may stay":    {publishes: "YB", has: "YB", before: remembers(b.known("YB", 9*day))},
		"all have ended":                     {publishes: "YZ", has: "Y", writes: "YZ"},
		"strangers have the room":            {publishes: "C", has: "AB", drift: "certificate_unknown metadata_older"},
		"and lose it where that is allowed":  {publishes: "C", has: "AB", manage: federation.Manage{Repair: true}, writes: "BC", drift: "certificate_unknown"},
		"unreadable memory removes nothing":  {publishes: "B", has: "AB", before: memory.Account{}, drift: "certificate_unknown"},
		"a clock that was set back for long": {publishes: "B", has: "AB", before: remembers(b.known("AB", -99*day))},
	} {
		t.Run(name, func(t *testing.T) {
			got := push.Plan(b.wantsSAML(c.publishes, c.manage), hasSAML(b.metadata(c.has)), c.before, noon)
			writes := ""
			for _, call := range got.Calls {
				if call.Action != "UpdateSAMLProvider" || call.Subject != okta.String() || call.Params.Get("SAMLProviderName") != "okta" || call.Params.Get("AuthnSignAlgo") != "rsa-sha1" {
					t.Errorf("call %+v", call)
				}
				writes += b.letters(call.Params.Get("NewEncodedSAMLMetadataDocument"))
			}
			if writes != c.writes || kinds(got.Drift) != c.drift {
				t.Errorf("writes %q, drift %q; want %q, %q", writes, kinds(got.Drift), c.writes, c.drift)
			}
		})
	}
}

func TestAnotherIdentityProviderUnderTheNameIsNeverWrittenOver(t *testing.T) {
	b := newBench(t)
	all := federation.Manage{Create: true, Repair: true}
	for name, metadata := range map[string][]byte{
		"another entity ID": b.metadata("A", func(i *samldoc.Introduction) { i.EntityID += "/" }),
		"no metadata":       []byte("<html>"),
		"two of them":       []byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"/>`),
	} {
		got := push.Plan(b.wantsSAML("B", all), hasSAML(metadata), memory.Account{}, noon)
		if len(got.Calls) != 0 || kinds(got.Drift) != string(alert.ProviderForeign) {
			t.Errorf("%s: %+v, %+v", name, got.Calls, got.Drift)
		}
	}
	w := push.Wanted{Manage: all, OIDC: []push.OIDCProvider{{ARN: ci, By: []string{"ci"}, Issuer: issuer, ClientIDs: []string{"x"}, Thumbprints: []string{"aa"}}}}
	got := push.Plan(w, push.Has{OIDC: map[ram.OIDCProviderARN]*push.OIDCHas{ci: {Issuer: issuer + "/", ClientIDs: []string{"y"}}}}, memory.Account{}, noon)
	if len(got.Calls) != 0 || kinds(got.Drift) != string(alert.ProviderForeign) {
		t.Errorf("another issuer: %+v, %+v", got.Calls, got.Drift)
	}
}

// TestWhatIsThereNoMoreIsNotConfirmed: whoever waits to sign until RAM has his
// certificate would rely on it.
func TestWhatIsThereNoMoreIsNotConfirmed(t *testing.T) {
	b := newBench(t)
	w := b.wantsSAML("A", federation.Manage{})
	first := push.Plan(w, hasSAML(b.metadata("A")), memory.Account{}, noon)
	name := slices.Collect(maps.Keys(b.known("A", 0)))[0]
	if _, ok := first.Memory.Confirmed(okta.String(), name); !ok {
		t.Fatalf("%+v", first.Memory)
	}
	for why, has := range map[string]push.Has{
		"gone":      {SAML: map[ram.SAMLProviderARN]*push.SAMLHas{okta: nil}},
		"another's": hasSAML(b.metadata("A", func(i *samldoc.Introduction) { i.EntityID += "/" })),
	} {
		got := push.Plan(w, has, first.Memory, noon.Add(day))
		if _, ok := got.Memory.Confirmed(okta.String(), name); ok {
			t.Errorf("%s: %+v", why, got.Memory)
		}
		if _, ok := first.Memory.Confirmed(okta.String(), name); !ok {
			t.Errorf("%s: what was remembered changed", why)
		}
		again := push.Plan(w, hasSAML(b.metadata("A")), got.Memory, noon.Add(2*day))
		if since, ok := again.Memory.Confirmed(okta.String(), name); !ok || !since.Equal(noon.Add(2*day)) {
			t.Errorf("%s, and back: since %v", why, since)
		}
	}
}

func TestAProviderIsCreatedOnlyWhereThatIsAllowed(t *testing.T) {
	b := newBench(t)
	for _, create := range []bool{false, true} {
		w := b.wantsSAML("AB", federation.Manage{Create: create})
		w.OIDC = []push.OIDCProvider{{ARN: ci, By: []string{"ci"}, Issuer: issuer, ClientIDs: []string{"x", "y"}, Thumbprints: []string{"aa", "bb"}}}
		has := push.Has{SAML: map[ram.SAMLProviderARN]*push.SAMLHas{okta: nil}, OIDC: map[ram.OIDCProviderARN]*push.OIDCHas{ci: nil}}
		got := push.Plan(w, has, memory.Account{}, noon)
		if kinds(got.Drift) != string(alert.ProviderMissing) || len(got.Drift) != 2 || create != (len(got.Calls) == 2) {
			t.Fatalf("create %v: %+v, %+v", create, got.Calls, got.Drift)
		}
		if !create {
			continue
		}
		saml, oidc := got.Calls[0], got.Calls[1]
		if saml.Action != "CreateSAMLProvider" || b.letters(saml.Params.Get("EncodedSAMLMetadataDocument")) != "AB" {
			t.Errorf("%+v", saml)
		}
		if oidc.Action != "CreateOIDCProvider" || oidc.Params.Get("IssuerUrl") != issuer || oidc.Params.Get("ClientIds") != "x,y" || oidc.Params.Get("Fingerprints") != "aa,bb" {
			t.Errorf("%+v", oidc)
		}
	}
}

// TestWhatIsNotKnownSaysNothing: a record that is pending or suspended, a chain that
// was not seen, a provider that could not be read.
func TestWhatIsNotKnownSaysNothing(t *testing.T) {
	b := newBench(t)
	all := federation.Manage{Create: true, Repair: true}
	before := memory.Account{
		Providers: map[string]memory.Provider{okta.String(): {Certificates: b.known("A", 9*day)}, ci.String(): {Fingerprints: map[string]memory.Known{"aa": {Confirmed: noon.Add(-9 * day)}}}},
	}
	w := b.wantsSAML("", all)
	w.SAML[0].Introduced = push.Introduced{}
	w.OIDC = []push.OIDCProvider{{ARN: ci, By: []string{"ci"}, Issuer: issuer, Suspended: []string{"x"}}}
	has := hasSAML(b.metadata("A"))
	has.OIDC = map[ram.OIDCProviderARN]*push.OIDCHas{ci: {Issuer: issuer, ClientIDs: []string{"x", "z"}, Fingerprints: []string{"aa", "cc"}}}
	for name, has := range map[string]push.Has{"read": has, "not read": {}, "missing": {SAML: map[ram.SAMLProviderARN]*push.SAMLHas{okta: nil}, OIDC: map[ram.OIDCProviderARN]*push.OIDCHas{ci: nil}}} {
		got := push.Plan(w, has, before, noon)
		if len(got.Calls) != 0 || name != "missing" && len(got.Drift) != 0 {
			t.Errorf("%s: %+v, %+v", name, got.Calls, got.Drift)
		}
		if want, row := must(before.Row()), must(got.Memory.Row()); string(row) != string(want) {
			t.Errorf("%s: remembers %s, knew %s", name, row, want)
		}
	}
}

func TestSigningInElsewhereIsADifference(t *testing.T) {
	b := newBench(t)
	moved := b.metadata("A", func(i *samldoc.Introduction) { i.SSO[0].Location = "https://old.example/sso" })
	got := push.Plan(b.wantsSAML("A", federation.Manage{}), hasSAML(moved), memory.Account{}, noon)
	if len(got.Calls) != 1 || b.letters(got.Calls[0].Params.Get("NewEncodedSAMLMetadataDocument")) != "A" {
		t.Errorf("%+v", got.Calls)
	}
	more := b.metadata("A", func(i *samldoc.Introduction) {
		i.SSO = append([]samldoc.Endpoint{{Binding: "urn:x", Location: "https://okta.example/soap"}}, i.SSO...)
	})
	if got := push.Plan(b.wantsSAML("A", federation.Manage{}), hasSAML(more), memory.Account{}, noon); len(got.Calls) != 0 {
		t.Errorf("that it is found elsewhere too: %+v", got.Calls)
	}
}
