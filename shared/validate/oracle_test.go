package validate_test

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// FuzzOracle cuts a piece out of an honest message and puts another in: that
// stays near enough to be believed now and then. Whatever is believed, goxmldsig
// must verify by the test key, and encoding/xml must read in the verified bytes,
// and in nothing else, exactly what the identity says.
func FuzzOracle(f *testing.F) {
	idp := validatetest.New(f)
	messages := honestMessages(idp)
	for at, insert := range map[string]string{
		"</saml:NameID>": "<!---->", "ada@": "&#x61;", "<saml:Subject>": "<saml:Subject/>", "</saml:Assertion>": "<saml:Advice/>",
		"<samlp:Status>": "\r\n <samlp:Extensions><x xmlns=\"urn:x\"/></samlp:Extensions>", "</samlp:Response>": "<saml:Assertion/>",
		"<saml:Assertion ": "xmlns:saml='urn:other' ", " Destination": " xmlns:a='urn:a' a:ID='_x'", "</ds:SignatureValue>": " \n",
		"<ds:KeyInfo>": "<ds:Object/>", "<saml:Conditions": "<![CDATA[x]]>", "</saml:AttributeValue>": "<x/>", "</saml:Issuer>": "<?x?>",
	} {
		for which, message := range messages {
			if begin := strings.Index(string(message), at); begin >= 0 {
				for _, cut := range []int{0, len(at)} {
					f.Add(uint8(which), uint16(begin), uint16(cut), insert)
				}
			}
		}
	}
	for which := range messages {
		f.Add(uint8(which), uint16(0), uint16(0), "")
	}
	record := idp.Record()
	f.Fuzz(func(t *testing.T, which uint8, at, cut uint16, insert string) {
		message := messages[int(which)%len(messages)]
		begin := min(int(at), len(message))
		end := min(begin+int(cut), len(message))
		changed := slices.Concat(message[:begin], []byte(insert), message[end:])
		who, err := guard().Response(t.Context(), record, validatetest.Expectation(), base64.StdEncoding.EncodeToString(changed))
		if err != nil {
			if reason.Of(err) == reason.Internal {
				t.Errorf("a refusal without a code: %v", err)
			}
			return
		}
		checkWithOracles(t, record, changed, who)
	})
}

func TestOraclesAgreeOnHonestMessages(t *testing.T) {
	idp := validatetest.New(t)
	for _, message := range honestMessages(idp) {
		who, err := guard().Response(t.Context(), idp.Record(), validatetest.Expectation(), base64.StdEncoding.EncodeToString(message))
		if err != nil {
			t.Error(err)
			continue
		}
		checkWithOracles(t, idp.Record(), message, who)
	}
}

// honestMessages say different things in different forms.
func honestMessages(idp validatetest.IdP) [][]byte {
	odd := validatetest.Before(func(response *etree.Element) {
		values := response.FindElements("./saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue")
		values[0].CreateElement("saml:NameID").SetText("targeted")
		values[1].CreateAttr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
		values[1].CreateAttr("xsi:nil", "true")
		values[2].CreateElement("y:z").CreateAttr("xmlns:y", "urn:y")
	})
	attributes := validatetest.Attribute("x", "", "", "", "a <b> & \r\n\t\"c\" d\u00e9", " blank ")
	return [][]byte{
		idp.XML(validatetest.Signed(true, false)),
		idp.XML(validatetest.Signed(false, true)),
		idp.XML(validatetest.Signed(true, true), validatetest.Subject("grace@example.com")),
		idp.XML(validatetest.Signed(true, false), attributes, odd, validatetest.By(validatetest.RSASHA512())),
		idp.XML(validatetest.Signed(false, true), attributes, odd, validatetest.Subject("<&>")),
	}
}

// said is a message as encoding/xml reads it.
type said struct {
	NameID struct {
		Format string `xml:",attr"`
		Text   string `xml:",chardata"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Subject>NameID"`
	Statements []saidAuthn `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnStatement"`
	Attributes []struct {
		Name   string `xml:",attr"`
		Values []struct {
			Nil      string     `xml:"http://www.w3.org/2001/XMLSchema-instance nil,attr"`
			Text     string     `xml:",chardata"`
			NameID   *string    `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
			Children []struct{} `xml:",any"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AttributeValue"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AttributeStatement>Attribute"`
}

type saidAuthn struct {
	AuthnInstant time.Time `xml:",attr"`
	Class        string    `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnContext>AuthnContextClassRef"`
}

func (s said) attributes() map[string][]string {
	index := map[string][]string{}
	for _, a := range s.Attributes {
		values := index[a.Name]
		for _, v := range a.Values {
			switch {
			case v.Nil == "true" || v.Nil == "1":
			case v.NameID != nil && len(v.Children) == 0 && strings.TrimSpace(v.Text) == "":
				values = append(values, *v.NameID)
			case v.NameID == nil && len(v.Children) == 0:
				values = append(values, v.Text)
			}
		}
		index[a.Name] = values
	}
	return index
}

func checkWithOracles(t *testing.T, record trust.Record, message []byte, who validate.Identity) {
	t.Helper()
	verified, err := oracleVerified(record, message)
	if err != nil {
		t.Fatalf("believed, but goxmldsig says %v:\n%s", err, message)
	}
	var says said
	if err := xml.Unmarshal(verified, &says); err != nil {
		t.Fatalf("believed, but encoding/xml says %v:\n%s", err, verified)
	}
	attributes := map[string][]string{}
	for _, name := range who.AttributeNames() {
		attributes[name] = who.Attribute(name)
	}
	newest := slices.MaxFunc(says.Statements, func(a, b saidAuthn) int { return a.AuthnInstant.Compare(b.AuthnInstant) })
	if who.Subject() != says.NameID.Text || who.NameIDFormat() != says.NameID.Format ||
		!reflect.DeepEqual(attributes, says.attributes()) || !who.AuthenticatedAt().Equal(newest.AuthnInstant) ||
		who.AuthnContext() != strings.TrimSpace(newest.Class) {
		t.Errorf("believed:\n%s\nwhat was signed:\n%s", all(who), verified)
	}
}

// oracleVerified returns the bytes of the one assertion that goxmldsig verifies
// in a message, by its own reading of it: under the response's signature, or by
// its own.
func oracleVerified(record trust.Record, message []byte) ([]byte, error) {
	judge := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: record.Certificates(validatetest.Now())})
	judge.Clock = dsig.NewFakeClockAt(validatetest.Now())
	document := etree.NewDocument()
	if err := document.ReadFromBytes(message); err != nil {
		return nil, err
	}
	root := document.Root()
	assertions := root.FindElements("./Assertion")
	if len(assertions) != 1 {
		return nil, errors.New("not one assertion")
	}
	if own := root.SelectElement("Signature"); own != nil {
		verified, err := judge.Validate(readable(root))
		if err != nil {
			return nil, err
		}
		return alone(verified.FindElement("./Assertion"))
	}
	verified, err := judge.Validate(readable(assertions[0]))
	if err != nil {
		return nil, err
	}
	return alone(verified)
}

// readable copies an element and takes from its signature what goxmldsig is
// stricter about than the standard: KeyInfo and blanks in base64.
func readable(e *etree.Element) *etree.Element {
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return e
	}
	detached, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		return e
	}
	signature := detached.SelectElement("Signature")
	if signature == nil {
		return detached
	}
	if info := signature.SelectElement("KeyInfo"); info != nil {
		signature.RemoveChild(info)
	}
	if value := signature.SelectElement("SignatureValue"); value != nil {
		value.SetText(strings.Join(strings.Fields(value.Text()), ""))
	}
	return detached
}

func alone(e *etree.Element) ([]byte, error) {
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	detached, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		return nil, err
	}
	document := etree.NewDocument()
	document.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	document.SetRoot(detached)
	return document.WriteToBytes()
}
