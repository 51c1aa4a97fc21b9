package validate_test

import (
	"encoding/base64"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// alibabaCloud is what a response for Alibaba Cloud's role sign-in is made for: it
// never sends requests.
func alibabaCloud() validate.Expectation {
	return validate.Expectation{EntityID: "urn:alibaba:cloudcomputing", ACSURL: "https://signin.aliyun.com/saml-role/sso", AsksNobody: true}
}

// TestAResponseIsGoodForOneServiceAlone: what was made for Alibaba Cloud never signs
// anybody in here, whatever the record allows, and what was made for a sign-in here
// is no proof for Alibaba Cloud.
func TestAResponseIsGoodForOneServiceAlone(t *testing.T) {
	idp := validatetest.New(t)
	asked := validatetest.Expectation()
	unasked := asked
	unasked.RequestID = ""
	changed := func(changes ...func(*validate.Expectation)) validate.Expectation {
		e := alibabaCloud()
		for _, change := range changes {
			change(&e)
		}
		return e
	}
	international := changed(func(e *validate.Expectation) {
		e.EntityID, e.ACSURL = "urn:alibaba:cloudcomputing:international", "https://signin.alibabacloud.com/saml-role/sso"
	})
	for _, c := range []struct {
		name      string
		made      validate.Expectation
		want      validate.Expectation
		initiated bool // the record's allowIdPInitiated
		code      reason.Code
	}{
		{"for Alibaba Cloud, there", alibabaCloud(), alibabaCloud(), false, ""},
		{"for Alibaba Cloud, here, unasked", alibabaCloud(), unasked, true, reason.DestinationMismatch},
		{"for Alibaba Cloud, here, asked", alibabaCloud(), asked, true, reason.DestinationMismatch},
		{"for Alibaba Cloud, with our recipient", changed(func(e *validate.Expectation) { e.ACSURL = unasked.ACSURL }), unasked, true, reason.AudienceMismatch},
		{"for us, with Alibaba Cloud's recipient", changed(func(e *validate.Expectation) { e.EntityID = unasked.EntityID }), unasked, true, reason.DestinationMismatch},
		{"for us, there", unasked, alibabaCloud(), true, reason.DestinationMismatch},
		{"for our audience, there", changed(func(e *validate.Expectation) { e.EntityID = unasked.EntityID }), alibabaCloud(), true, reason.AudienceMismatch},
		{"for the other site", international, alibabaCloud(), false, reason.DestinationMismatch},
		{"an answer, there", changed(func(e *validate.Expectation) { e.RequestID = "_request" }), alibabaCloud(), false, reason.RequestMismatch},
	} {
		record := idp.Record(func(s *trust.Source, _ *trust.Keys) { s.SAML.AllowIdPInitiated = c.initiated })
		guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
		who, err := guard.Response(t.Context(), record, c.want, idp.Response(validatetest.For(c.made)))
		if reason.Of(err) != c.code && (err != nil || c.code != "") || who.IsZero() != (c.code != "") {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
		}
	}
}

// TestWhatGoesOnIsUsedUpToo, in whatever envelope it comes again.
func TestWhatGoesOnIsUsedUpToo(t *testing.T) {
	idp := validatetest.New(t)
	guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
	twins := []string{}
	root := idp.XML(validatetest.For(alibabaCloud()), validatetest.Signed(false, true))
	for _, id := range []string{"_first", "_second"} {
		document := etree.NewDocument()
		if err := document.ReadFromBytes(root); err != nil {
			t.Fatal(err)
		}
		document.Root().CreateAttr("ID", id)
		twins = append(twins, base64.StdEncoding.EncodeToString(idp.Write(document.Root())))
	}
	if _, err := guard.Response(t.Context(), idp.Record(), alibabaCloud(), twins[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := guard.Response(t.Context(), idp.Record(), alibabaCloud(), twins[1]); reason.Of(err) != reason.Replayed {
		t.Errorf("%v", err)
	}
}

func TestWhoAsksNobodyNamesNoRequest(t *testing.T) {
	idp, want := validatetest.New(t), alibabaCloud()
	want.RequestID = "_request"
	guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
	if _, err := guard.Response(t.Context(), idp.Record(), want, idp.Response(validatetest.For(want))); reason.Of(err) != reason.Internal {
		t.Errorf("%v", err)
	}
}
