package validate_test

import (
	"context"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func TestAnHonestLogoutIsBelieved(t *testing.T) {
	idp := validatetest.New(t)
	for name, options := range map[string][]validatetest.Option{
		"as is":           nil,
		"without an end":  {validatetest.Before(func(e *etree.Element) { e.RemoveAttr("NotOnOrAfter") })},
		"no index":        {validatetest.Before(func(e *etree.Element) { e.RemoveChild(e.SelectElement("samlp:SessionIndex")) })},
		"several indexes": {validatetest.Before(func(e *etree.Element) { e.CreateElement("samlp:SessionIndex").SetText("_2") })},
		"a slow clock":    {validatetest.At(validatetest.Now().Add(59 * time.Second))},
		"SHA-512":         {validatetest.By(validatetest.RSASHA512())},
	} {
		logout, err := guard().Logout(t.Context(), idp.Record(), validatetest.Service, idp.Logout(validatetest.Service, options...))
		if err != nil || logout.IsZero() || logout.Subject() != "ada@example.com" || logout.IdentityProvider() != "test" || logout.RequestID() == "" {
			t.Errorf("%s: %+v, %v", name, logout, err)
		}
	}
}

func TestALogoutThatIsNotBelievedIsRefused(t *testing.T) {
	idp, later := validatetest.New(t), func(d time.Duration) validatetest.Option { return validatetest.At(validatetest.Now().Add(d)) }
	attribute := func(name, value string) validatetest.Option {
		return validatetest.Before(func(e *etree.Element) { e.CreateAttr(name, value) })
	}
	child := func(name string, change func(parent, child *etree.Element)) validatetest.Option {
		return validatetest.Before(func(e *etree.Element) { change(e, e.SelectElement(name)) })
	}
	text := func(value string) func(_, child *etree.Element) {
		return func(_, child *etree.Element) { child.SetText(value) }
	}
	for name, c := range map[string]struct {
		option validatetest.Option
		want   reason.Code
	}{
		"unsigned":          {validatetest.Signed(false, false), reason.SignatureMissing},
		"SHA-1":             {validatetest.By(validatetest.RSASHA1()), reason.SignatureAlgorithm},
		"changed":           {validatetest.After(func(e *etree.Element) { e.SelectElement("saml:NameID").SetText("bob") }), reason.SignatureInvalid},
		"another issuer":    {child("saml:Issuer", text("https://else.example")), reason.IssuerMismatch},
		"no issuer":         {child("saml:Issuer", func(e, issuer *etree.Element) { issuer.SetText("") }), reason.IssuerMismatch},
		"another service":   {attribute("Destination", "https://else.example/slo"), reason.DestinationMismatch},
		"no destination":    {validatetest.Before(func(e *etree.Element) { e.RemoveAttr("Destination") }), reason.DestinationMismatch},
		"SAML 1.1":          {attribute("Version", "1.1"), reason.VersionUnsupported},
		"from tomorrow":     {later(2 * time.Minute), reason.NotYetValid},
		"from yesterday":    {later(-12 * time.Minute), reason.Expired},
		"over":              {attribute("NotOnOrAfter", "2027-03-01T11:58:00Z"), reason.Expired},
		"nobody":            {child("saml:NameID", func(e, id *etree.Element) { e.RemoveChild(id) }), reason.SubjectMissing},
		"encrypted":         {child("saml:NameID", func(_, id *etree.Element) { id.Tag = "EncryptedID"; id.Attr = nil; id.SetText("") }), reason.SubjectMissing},
		"two people":        {validatetest.Before(func(e *etree.Element) { e.CreateElement("saml:NameID").SetText("bob") }), reason.MessageMalformed},
		"an assertion":      {validatetest.Before(func(e *etree.Element) { e.CreateElement("saml:Assertion") }), reason.MessageMalformed},
		"another root":      {validatetest.Before(func(e *etree.Element) { e.Tag = "Response" }), reason.MessageMalformed},
		"no time":           {validatetest.Before(func(e *etree.Element) { e.RemoveAttr("IssueInstant") }), reason.MessageMalformed},
		"a comment in text": {child("saml:NameID", func(_, id *etree.Element) { id.CreateComment("x") }), reason.MessageMalformed},
	} {
		logout, err := guard().Logout(t.Context(), idp.Record(), validatetest.Service, idp.Logout(validatetest.Service, c.option))
		if reason.Of(err) != c.want || !logout.IsZero() {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestALogoutOfAnotherKeyIsRefused(t *testing.T) {
	idp := validatetest.New(t)
	_, err := guard().Logout(t.Context(), idp.Record(), validatetest.Service, validatetest.Stranger(t).Logout(validatetest.Service))
	if reason.Of(err) != reason.SignatureInvalid {
		t.Error(err)
	}
	suspended := idp.Record(func(s *trust.Source, _ *trust.Keys) { s.Suspended = true })
	if _, err = guard().Logout(t.Context(), suspended, validatetest.Service, idp.Logout(validatetest.Service)); reason.Of(err) != reason.IdPSuspended {
		t.Error(err)
	}
}

func TestALogoutIsOfUseOnce(t *testing.T) {
	idp, g := validatetest.New(t), guard()
	encoded := idp.Logout(validatetest.Service)
	for _, want := range []reason.Code{"", reason.Replayed} {
		if _, err := g.Logout(t.Context(), idp.Record(), validatetest.Service, encoded); reason.Of(err) != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	used, ok := g.Nonces.(*validatetest.Nonces)
	if !ok || len(used.Used()) != 1 || !used.Used()[0].Equal(validatetest.Now().Add(11*time.Minute)) {
		t.Errorf("remembered until %v", used.Used())
	}
}

func TestARefusedLogoutSpendsNothing(t *testing.T) {
	idp, nonces := validatetest.New(t), validatetest.NewNonces()
	g := validate.Guard{Nonces: nonces, Now: validatetest.Now}
	_, err := g.Logout(context.Background(), idp.Record(), validatetest.Service, idp.Logout("https://else.example/slo"))
	if err == nil || len(nonces.Used()) != 0 {
		t.Errorf("%v, %v", err, nonces.Used())
	}
}

func TestEachCheckHasANumberAndAName(t *testing.T) {
	for _, list := range [][]validate.Check{validate.Checks(), validate.LogoutChecks()} {
		numbers, names := map[int]bool{}, map[string]bool{}
		for _, check := range list {
			if check.Number < 1 || check.Name == "" || numbers[check.Number] || names[check.Name] {
				t.Errorf("%+v", check)
			}
			numbers[check.Number], names[check.Name] = true, true
		}
	}
}
