package push_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	account    = "1234567890123456"
	bothByName = "acs:ram::" + account + ":oidc-provider/both"
)

func issuerSource(id, audience string) trust.Source {
	s := validatetest.TokenSource()
	s.ID, s.OIDC.Audiences = id, []string{audience}
	return s
}

// declared has an account with three identity providers, of which two are records of
// one issuer, and rules that name roles of it in both ways.
func declared(t *testing.T) federation.Revision {
	t.Helper()
	everybody := &federation.ConditionDraft{Any: true}
	rule := func(name, idp string) federation.RuleDraft {
		return federation.RuleDraft{Name: name, IdP: idp, Condition: everybody, Session: federation.SessionDraft{Name: "x"}}
	}
	named, asserted, elsewhere := rule("named", "test"), rule("asserted", "test"), rule("elsewhere", "test")
	named.Roles = []string{"acs:ram::" + account + ":role/Deploy", "acs:ram::2222222222222222:role/admin"}
	asserted.AssertedRoles = &federation.AssertedDraft{Accounts: []string{account}, Roles: []string{"dev-*"}}
	elsewhere.AssertedRoles = &federation.AssertedDraft{Accounts: []string{"2222222222222222"}, Roles: []string{"*"}}
	r, problems := federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{validatetest.Source(), issuerSource("one", "x"), issuerSource("two", "y")},
		Accounts: []federation.AccountDraft{
			{
				ID: account, Alias: "acme", MaintenanceRole: "acs:ram::" + account + ":role/maintenance",
				SAMLProviders: map[string]string{"test": okta.String()}, OIDCProviders: map[string]string{"one": bothByName, "two": bothByName},
				FederatedProvider: "acs:ram::" + account + ":saml-provider/fc-sso", UserSSO: &federation.UserSSO{Suffixes: []string{"acme.onaliyun.com"}},
				Manage: federation.Manage{Repair: true},
			},
			{ID: "2222222222222222", SAMLProviders: map[string]string{"test": "acs:ram::2222222222222222:saml-provider/okta"}},
		},
		Rules: []federation.RuleDraft{named, asserted, elsewhere},
	}, federation.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return r
}

func acme(t *testing.T) federation.Account {
	t.Helper()
	a, ok := declared(t).AccountNamed("acme")
	if !ok {
		t.Fatal("no account")
	}
	return a
}

func roles(t *testing.T) push.Roles {
	t.Helper()
	return push.RolesOf(declared(t).Rules())[must(ram.ParseAccountID(account))]
}

func records(t *testing.T, suspended ...string) map[string]trust.Record {
	t.Helper()
	learned := validatetest.NewIssuer(t).Learned()
	learned.Chains = []trust.Chain{{Host: "issuer.example", Thumbprint: strings.Repeat("a", 40)}, {Host: "keys.example", Thumbprint: strings.Repeat("b", 40)}}
	all := map[string]trust.Record{"test": validatetest.New(t).Record(func(s *trust.Source, _ *trust.Keys) {
		s.Suspended = slices.Contains(suspended, s.ID)
	})}
	for _, s := range []trust.Source{issuerSource("one", "x"), issuerSource("two", "y")} {
		s.Suspended = slices.Contains(suspended, s.ID)
		all[s.ID] = validatetest.IssuerRecord(t, s, learned)
	}
	return all
}

func TestAnAccountWantsWhatItsRecordsHave(t *testing.T) {
	own := push.Introduced{Introduction: samldoc.Introduction{EntityID: "https://sso.example/idp/" + account + "/metadata"}}
	w := push.For(acme(t), records(t), push.Own{Federated: &own}, validatetest.Now())
	if w.Name != "acme" || w.Account.String() != account || w.Maintenance.Name() != "maintenance" || !w.Manage.Repair || w.Manage.Create || w.Part {
		t.Errorf("%+v", w)
	}
	if len(w.SAML) != 2 || w.SAML[0].ARN != okta || w.SAML[0].EntityID != validatetest.EntityID || len(w.SAML[0].Certificates) != 1 || len(w.SAML[0].SSO) != 1 || w.SAML[1].EntityID != own.EntityID {
		t.Errorf("%+v", w.SAML)
	}
	if len(w.OIDC) != 1 || w.OIDC[0].Issuer != validatetest.IssuerURL || !slices.Equal(w.OIDC[0].ClientIDs, []string{"x", "y"}) || len(w.OIDC[0].Thumbprints) != 2 {
		t.Errorf("%+v", w.OIDC)
	}
	if w.UserSSO == nil || w.UserSSO.Introduced != nil {
		t.Errorf("%+v", w.UserSSO)
	}
	if w := push.For(acme(t), records(t), push.Own{UserSSO: &own}, validatetest.Now()); len(w.SAML) != 1 || w.UserSSO.EntityID != own.EntityID {
		t.Errorf("%+v, %+v", w.SAML, w.UserSSO)
	}
}

// TestWhatIsKnownOfOurOwnSideStaysKnown while our keys cannot be read.
func TestWhatIsKnownOfOurOwnSideStaysKnown(t *testing.T) {
	a := acme(t)
	known := memory.Provider{Certificates: map[string]memory.Known{"c": {Confirmed: noon}}}
	before := memory.Account{Providers: map[string]memory.Provider{a.FederatedProvider().String(): known, memory.UserSSO: known, "removed": known}}
	got := push.Plan(push.For(a, records(t), push.Own{}, noon), push.Has{}, before, noon)
	if _, forgotten := got.Memory.Confirmed("removed", "c"); forgotten || len(got.Memory.Providers) != 2 {
		t.Errorf("%+v", got.Memory)
	}
}

func TestASuspendedRecordSaysNothingOfRAM(t *testing.T) {
	w := push.For(acme(t), records(t, "test", "one"), push.Own{}, validatetest.Now())
	if w.SAML[0].EntityID != "" || !slices.Equal(w.OIDC[0].ClientIDs, []string{"y"}) || !slices.Equal(w.OIDC[0].Suspended, []string{"x"}) || len(w.OIDC[0].Thumbprints) != 2 {
		t.Errorf("%+v, %+v", w.SAML, w.OIDC)
	}
	w = push.For(acme(t), records(t, "one", "two"), push.Own{}, validatetest.Now())
	if len(w.OIDC[0].ClientIDs) != 0 || len(w.OIDC[0].Thumbprints) != 0 || w.OIDC[0].Issuer == "" {
		t.Errorf("%+v", w.OIDC)
	}
	w = push.For(acme(t), nil, push.Own{}, validatetest.Now())
	if w.SAML[0].EntityID != "" || !w.OIDC[0].Unread || len(w.OIDC[0].By) != 2 {
		t.Errorf("none could be read: %+v, %+v", w.SAML, w.OIDC)
	}
}

// TestARecordThatCouldNotBeReadTakesNothingFromTheOther: its client IDs would else seem
// to be nobody's any more.
func TestARecordThatCouldNotBeReadTakesNothingFromTheOther(t *testing.T) {
	all := records(t)
	delete(all, "two")
	w := push.For(acme(t), all, push.Own{}, noon)
	long := memory.Known{Confirmed: noon.Add(-9 * day)}
	both, err := ram.ParseOIDCProviderARN(bothByName)
	if err != nil {
		t.Fatal(err)
	}
	before := memory.Account{Providers: map[string]memory.Provider{bothByName: {ClientIDs: map[string]memory.Known{"x": long, "y": long}}}}
	has := push.Has{OIDC: map[ram.OIDCProviderARN]*push.OIDCHas{both: {Issuer: validatetest.IssuerURL, ClientIDs: []string{"x", "y"}}}}
	got := push.Plan(w, has, before, noon)
	if len(got.Calls) != 0 || string(must(got.Memory.Row())) != string(must(before.Row())) {
		t.Errorf("%+v, %+v", got.Calls, got.Memory)
	}
}

// TestAWishIsForAllThatAProviderHas: two records share one provider.
func TestAWishIsForAllThatAProviderHas(t *testing.T) {
	w := push.For(acme(t), records(t), push.Own{}, validatetest.Now())
	w.Roles = roles(t)
	for idp, want := range map[string][2]int{"test": {1, 0}, "one": {0, 1}, "two": {0, 1}, "nobody": {0, 0}} {
		part := w.Only(idp)
		if len(part.SAML) != want[0] || len(part.OIDC) != want[1] || !part.Part || part.IsEmpty() != (idp == "nobody") {
			t.Errorf("%s: %+v", idp, part)
		}
		if len(part.OIDC) == 1 && len(part.OIDC[0].ClientIDs) != 2 {
			t.Errorf("%s: %+v", idp, part.OIDC)
		}
	}
}

func TestTheRolesOfAnAccountAreThoseThatRulesMayGive(t *testing.T) {
	got := roles(t)
	if !slices.Equal(got.Named, []ram.RoleARN{role}) || len(got.Asserted) != 1 || got.IsZero() {
		t.Errorf("%+v", got)
	}
	if all := push.RolesOf(declared(t).Rules()); len(all) != 2 {
		t.Errorf("%+v", all)
	}
}

// TestOurOwnSideIsToldToWhoDeclaresIt, with the certificates that are published.
func TestOurOwnSideIsToldToWhoDeclaresIt(t *testing.T) {
	certificates, err := validatetest.New(t).Keys().Parse()
	if err != nil {
		t.Fatal(err)
	}
	ours := push.Ours("https://sso.acme.com", acme(t), certificates)
	for _, side := range []*push.Introduced{ours.Federated, ours.UserSSO} {
		if side == nil || side.EntityID != "https://sso.acme.com/idp/"+account+"/metadata" || side.SSO[0].Location != "https://sso.acme.com/idp/"+account+"/sso" || len(side.Certificates) != 1 {
			t.Errorf("%+v", side)
		}
	}
	if none := push.Ours("https://sso.acme.com", acme(t), nil); none != (push.Own{}) {
		t.Errorf("without keys: %+v", none)
	}
	if none := push.Ours("https://sso.acme.com", declared(t).Accounts()[1], certificates); none != (push.Own{}) {
		t.Errorf("an account to which we are nothing: %+v", none)
	}
}
