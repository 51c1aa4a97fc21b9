package validate_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// FuzzResponse: no bytes make the guard panic, and what it believes is what the
// test key signed. All seeds that this key signed say one thing of one person,
// so whatever mutation is believed must say that too, in each value.
func FuzzResponse(f *testing.F) {
	idp := validatetest.New(f)
	record := idp.Record()
	for _, signed := range []validatetest.Option{validatetest.Signed(true, false), validatetest.Signed(false, true), validatetest.Signed(true, true)} {
		f.Add(idp.XML(signed))
	}
	seeds := map[string]bool{}
	for _, group := range [][]attack{wrapping(), signatures(), references(), algorithms()} {
		for _, a := range group {
			seeds[a.name] = true
		}
	}
	for _, v := range vectors(f) {
		if xml, err := base64.StdEncoding.DecodeString(v.field); err == nil && seeds[v.name] {
			f.Add(xml)
		}
	}
	honest := saying(f, record, idp.XML())
	f.Fuzz(func(t *testing.T, xml []byte) {
		if said := saying(t, record, xml); said != "" && said != honest {
			t.Errorf("believed:\n%s\nof what was signed:\n%s", said, honest)
		}
	})
}

// saying is all that an identity says, or "" for a refused message.
func saying(tb testing.TB, record trust.Record, xml []byte) string {
	tb.Helper()
	return sayingTo(tb, guard(), record, xml)
}

func sayingTo(tb testing.TB, g validate.Guard, record trust.Record, xml []byte) string {
	tb.Helper()
	encoded := base64.StdEncoding.EncodeToString(xml)
	who, err := g.Response(tb.Context(), record, validatetest.Expectation(), encoded)
	if err != nil {
		if reason.Of(err) == reason.Internal {
			tb.Errorf("a refusal without a code: %v", err)
		}
		return ""
	}
	return all(who)
}

func all(who validate.Identity) string {
	said := fmt.Sprint(who.IdentityProvider(), who.Subject(), who.NameIDFormat(), who.AuthenticatedAt(), who.AuthnContext(), who.SessionNotOnOrAfter())
	for _, name := range who.AttributeNames() {
		said += fmt.Sprintf("\n%q %q", name, who.Attribute(name))
	}
	return said
}
