package validate_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func guard() validate.Guard {
	return validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
}

func TestAnHonestResponseIsBelieved(t *testing.T) {
	idp := validatetest.New(t)
	for name, signed := range map[string]validatetest.Option{
		"response":  validatetest.Signed(true, false),
		"assertion": validatetest.Signed(false, true),
		"both":      validatetest.Signed(true, true),
	} {
		encoded := idp.Response(signed)
		who, err := guard().Response(t.Context(), idp.Record(), validatetest.Expectation(), encoded)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		switch {
		case who.IsZero(), who.IdentityProvider() != "test", who.Revision() != "revision-1",
			who.Subject() != "ada@example.com", who.NameIDFormat() == "", !strings.HasSuffix(who.AuthnContext(), "PasswordProtectedTransport"),
			len(who.Attribute("groups")) != 2, len(who.AttributeNames()) != 2, who.Attribute("Groups") != nil,
			!who.AuthenticatedAt().Equal(validatetest.Now().Add(-time.Minute)),
			!who.SessionNotOnOrAfter().Equal(validatetest.Now().Add(8 * time.Hour)),
			len(who.Warnings()) != 0:
			t.Errorf("%s: %+v", name, who)
		}
	}
}

func TestAttributesOfOneNameAreJoined(t *testing.T) {
	idp := validatetest.New(t)
	who := idp.Identity(validatetest.Attribute("g", "a", ""), validatetest.Attribute("g", "b"), validatetest.Attribute("none"))
	if got := strings.Join(who.Attribute("g"), "|"); got != "a||b" {
		t.Errorf("g is %q", got)
	}
	if got := strings.Join(who.AttributeNames(), " "); got != "g none" {
		t.Errorf("the names are %q", got)
	}
	who.Attribute("g")[0] = "changed"
	if who.Attribute("g")[0] != "a" {
		t.Error("an identity was changed through what it gave")
	}
}

func TestStructuredValuesAreReadOrLeftOut(t *testing.T) {
	idp := validatetest.New(t)
	who := idp.Identity(validatetest.Attribute("x", "", "", ""), validatetest.Before(func(r *etree.Element) {
		values := r.FindElements("./saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue")
		values[0].CreateElement("saml:NameID").SetText("targeted")
		values[1].CreateAttr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
		values[1].CreateAttr("xsi:nil", "true")
		values[2].CreateElement("y:z").CreateAttr("xmlns:y", "urn:y")
	}))
	if got := strings.Join(who.Attribute("x"), "|"); got != "targeted" {
		t.Errorf("x is %q", got)
	}
}

// One assertion is used once, in whatever envelope and for whatever request.
func TestAnAssertionInANewEnvelopeIsReplayed(t *testing.T) {
	idp, g := validatetest.New(t), guard()
	record := idp.Record(func(s *trust.Source, _ *trust.Keys) { s.SAML.AllowIdPInitiated = true })
	want := validatetest.Expectation()
	want.RequestID = ""
	first := string(idp.XML(validatetest.For(want)))
	again := strings.NewReplacer(`ID="_response-1"`, `ID="_other"`, "<samlp:Status>", "\n <samlp:Status>").Replace(first)
	if _, err := g.Response(t.Context(), record, want, encode(first)); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Response(t.Context(), record, want, encode(again)); reason.Of(err) != reason.Replayed {
		t.Errorf("the same assertion in another envelope: %v", err)
	}
}

func TestARequestIsAnsweredOnce(t *testing.T) {
	idp, g := validatetest.New(t), guard()
	for i, want := range []reason.Code{"", reason.Replayed} {
		_, err := g.Response(t.Context(), idp.Record(), validatetest.Expectation(), idp.Response())
		if want == "" && err != nil || want != "" && reason.Of(err) != want {
			t.Errorf("answer %d: %v, want %q", i+1, err, want)
		}
	}
}

func TestARefusedResponseSpendsNothing(t *testing.T) {
	nonces := validatetest.NewNonces()
	for _, v := range vectors(t) {
		if v.expect == "verified" || v.expect == "replayed" {
			continue
		}
		want := validatetest.Expectation()
		want.RequestID = v.request
		g := v.guard(t)
		g.Nonces = nonces
		_, _ = g.Response(t.Context(), v.record, want, v.field)
		if len(nonces.Used()) > 0 {
			t.Fatalf("%s used up a nonce", v.name)
		}
	}
}

func TestNoncesLiveAsLongAsTheAssertion(t *testing.T) {
	idp, nonces := validatetest.New(t), validatetest.NewNonces()
	record := idp.Record(func(s *trust.Source, _ *trust.Keys) { s.SAML.AllowIdPInitiated = true })
	want := validatetest.Expectation()
	want.RequestID = ""
	g := validate.Guard{Nonces: nonces, Now: validatetest.Now}
	if _, err := g.Response(t.Context(), record, want, idp.Response(validatetest.For(want))); err != nil {
		t.Fatal(err)
	}
	used := nonces.Used()
	if len(used) != 1 || !used[0].Equal(validatetest.Now().Add(6*time.Minute)) {
		t.Errorf("used until %v, want five minutes and the skew", used)
	}
}

// down is a store that does not answer.
type down struct{}

func (down) Use(context.Context, [32]byte, time.Time) error {
	return reason.New(reason.StoreUnavailable, "no answer")
}

func TestNoStoreNoSignIn(t *testing.T) {
	idp := validatetest.New(t)
	g := validate.Guard{Nonces: down{}, Now: validatetest.Now}
	who, err := g.Response(t.Context(), idp.Record(), validatetest.Expectation(), idp.Response())
	if reason.Of(err) != reason.StoreUnavailable || !who.IsZero() {
		t.Errorf("%v, %v", who, err)
	}
}

func TestAGuardThatCannotJudgeRefuses(t *testing.T) {
	idp := validatetest.New(t)
	encoded, record, want := idp.Response(), idp.Record(), validatetest.Expectation()
	for name, err := range map[string]error{
		"no clock":       judge(t, validate.Guard{Nonces: validatetest.NewNonces()}, record, want, encoded),
		"no nonces":      judge(t, validate.Guard{Now: validatetest.Now}, record, want, encoded),
		"no record":      judge(t, guard(), trust.Record{}, want, encoded),
		"no expectation": judge(t, guard(), record, validate.Expectation{}, encoded),
	} {
		if err == nil || reason.Of(err) != reason.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func judge(t *testing.T, g validate.Guard, record trust.Record, want validate.Expectation, encoded string) error {
	t.Helper()
	who, err := g.Response(t.Context(), record, want, encoded)
	if !who.IsZero() {
		t.Error("an identity beside an error")
	}
	return err
}

func TestExplainGoesOnAndUsesNothing(t *testing.T) {
	idp, nonces := validatetest.New(t), validatetest.NewNonces()
	g := validate.Guard{Nonces: nonces, Now: validatetest.Now}
	encoded := idp.Response(validatetest.Before(setText(conditions+"/saml:AudienceRestriction/saml:Audience", "https://else.example")),
		validatetest.After(setText("saml:Assertion/saml:Subject/saml:NameID", "")))
	report, err := g.Explain(idp.Record(), validatetest.Expectation(), encoded)
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	for i, f := range report.Findings {
		if f.Number != i+1 {
			t.Errorf("row %d has the number %d", i+1, f.Number)
		}
		if f.Outcome == validate.Fails {
			failed = append(failed, string(f.Code))
		}
		if f.Number > 22 && f.Outcome != validate.NotAsked {
			t.Errorf("%s: %s", f.Name, f.Outcome)
		}
	}
	if got, want := strings.Join(failed, " "), "signature_invalid subject_missing audience_mismatch"; got != want {
		t.Errorf("failed: %s, want %s", got, want)
	}
	if report.Verdict != reason.SignatureInvalid || len(nonces.Used()) > 0 || report.SHA256 != validate.MessageSHA256(encoded) {
		t.Errorf("%+v", report)
	}
}

func TestExplainStopsWhereNothingCanBeRead(t *testing.T) {
	report, err := guard().Explain(validatetest.New(t).Record(), validatetest.Expectation(), "%")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings[2:] {
		if f.Outcome != validate.NotAsked {
			t.Errorf("%d %s: %s", f.Number, f.Name, f.Outcome)
		}
	}
}

func TestAnExpiredCertificateIsAWarning(t *testing.T) {
	idp := validatetest.New(t)
	late := time.Date(2127, 1, 1, 0, 0, 0, 0, time.UTC)
	g := validate.Guard{Nonces: validatetest.NewNonces(), Now: func() time.Time { return late }}
	who, err := g.Response(t.Context(), idp.Record(), validatetest.Expectation(), idp.Response(validatetest.At(late)))
	if err != nil || len(who.Warnings()) != 1 || !strings.Contains(who.Warnings()[0], "expired on 2126") {
		t.Errorf("%v, %v", who.Warnings(), err)
	}
}

// A Guard is shared by handlers that run side by side.
func TestOneOfManyWins(t *testing.T) {
	idp, g := validatetest.New(t), guard()
	encoded, record := idp.Response(), idp.Record()
	results := make(chan error)
	for range 16 {
		go func() {
			_, err := g.Response(context.Background(), record, validatetest.Expectation(), encoded)
			results <- err
		}()
	}
	won := 0
	for range 16 {
		switch err := <-results; {
		case err == nil:
			won++
		case reason.Of(err) != reason.Replayed:
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d sign-ins by one response", won)
	}
}

func encode(xml string) string { return base64.StdEncoding.EncodeToString([]byte(xml)) }
