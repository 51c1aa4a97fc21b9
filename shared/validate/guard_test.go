package validate_test

import (
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func guard() validate.Guard {
	return validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
}

func TestAnHonestResponseIsBelieved(t *testing.T) {
	idp := validatetest.New(t)
	for name, sign := range map[string]validatetest.Option{
		"response":  validatetest.Signed(true, false),
		"assertion": validatetest.Signed(false, true),
		"both":      validatetest.Signed(true, true),
	} {
		encoded := idp.Response(sign)
		who, err := guard().Response(t.Context(), idp.Record(), validatetest.Expectation(), encoded)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		switch {
		case who.IsZero(), who.IdentityProvider() != "test", who.Revision() != "revision-1",
			who.Subject() != "ada@example.com", len(who.Attribute("groups")) != 2, len(who.AttributeNames()) != 2,
			!who.AuthenticatedAt().Equal(validatetest.Now().Add(-time.Minute)),
			!who.SessionNotOnOrAfter().Equal(validatetest.Now().Add(8 * time.Hour)),
			who.MessageSHA256() != validate.MessageSHA256(encoded), len(who.Warnings()) != 0:
			t.Errorf("%s: %+v", name, who)
		}
	}
}
