package validate_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// places are where a signed element can be put that a forged one replaces: by
// the element's kind, below the root.
func places() []string {
	return []string{
		"", "samlp:Extensions", "samlp:Status", "samlp:Status/samlp:StatusDetail", "saml:Issuer", "ds:Signature", "ds:Signature/ds:Object",
		"ds:Signature/ds:KeyInfo", "ds:Signature/ds:SignedInfo", "ds:Signature/ds:SignedInfo/ds:Reference",
		"saml:Assertion", "saml:Assertion/saml:Advice", "saml:Assertion/saml:Subject", "saml:Assertion/saml:Conditions",
		"saml:Assertion/saml:Conditions/saml:Condition", "saml:Assertion/saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextDecl",
		"saml:Assertion/saml:AttributeStatement/saml:Attribute", "saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue",
		"saml:Assertion/ds:Signature", "saml:Assertion/ds:Signature/ds:Object", "saml:Assertion/ds:Signature/ds:KeyInfo",
		"saml:EncryptedAssertion", "samlp:Response", "x:Foreign", "samlp:Extensions/x:Foreign/x:Foreign",
	}
}

// Whatever is signed, the response, the assertion or both, and wherever the
// signed element is moved or copied to, with its signature or without, with its
// ID or another, before what is there or behind: nobody becomes admin.
func TestNoWrappingIsBelieved(t *testing.T) {
	idp := validatetest.New(t)
	tried := 0
	record := idp.Record()
	for _, signed := range [][2]bool{{true, false}, {false, true}, {true, true}} {
		honest := etree.NewDocument()
		if err := honest.ReadFromBytes(idp.XML(validatetest.Signed(signed[0], signed[1]))); err != nil {
			t.Fatal(err)
		}
		for _, place := range places() {
			for variant := range 32 {
				root := honest.Root().Copy()
				wrapped(root, place, variant)
				_, err := guard().Response(t.Context(), record, validatetest.Expectation(), encode(string(idp.Write(root))))
				tried++
				if code := reason.Of(err); err == nil || code == reason.Internal {
					t.Errorf("signed %v, in %q, variant %05b: %v", signed, place, variant, err)
				}
			}
		}
	}
	t.Logf("%d wrappings", tried)
}

// wrapped puts the original into a place and makes what it was taken from the
// admin's; the bits of variant say how.
func wrapped(r el, place string, variant int) {
	is := func(bit int) bool { return variant>>bit&1 == 1 }
	original := assertionOf(r).Copy()
	if is(0) {
		original = r.Copy()
	}
	if s := signatureOf(original); s != nil && is(1) {
		original.RemoveChild(s)
	}
	at(r, "saml:Assertion/saml:Subject/saml:NameID").SetText("admin@example.com")
	if is(2) {
		assertionOf(r).CreateAttr("ID", "_evil")
		r.CreateAttr("ID", "_evil-response")
	}
	if s := signatureOf(assertionOf(r)); s != nil && is(3) {
		assertionOf(r).RemoveChild(s)
	}
	parent := r
	for name := range strings.SplitSeq(place, "/") {
		if name == "" {
			break
		}
		next := parent.SelectElement(name)
		if next == nil {
			next = parent.CreateElement(name)
			next.CreateAttr("xmlns:x", "urn:x")
			next.CreateAttr("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")
		}
		parent = next
	}
	if is(4) {
		parent.InsertChildAt(0, original)
	} else {
		parent.AddChild(original)
	}
}

// No vector is dearer to refuse than an honest message of its size, signed twice
// and, like it, encrypted, is to believe: in objects and in bytes, but for a tenth, since pools of buffers
// are emptied when they like.
func TestNoAttackIsDearerThanAnHonestMessage(t *testing.T) {
	g := validate.Guard{Decrypters: validatetest.Decrypters(t)}
	bars := map[string]expense{}
	for _, v := range vectors(t) {
		if v.expect == "verified" || v.expect == string(reason.Replayed) {
			continue
		}
		honest := opts{validatetest.Signed(true, true)}
		if strings.HasPrefix(v.name, "encrypted-") {
			honest = append(honest, validatetest.Encrypted(encryption{Content: validatetest.AES256CBC}))
		}
		size := len(v.field) / 1024
		name := fmt.Sprint(size, strings.HasPrefix(v.name, "encrypted-"))
		if _, ok := bars[name]; !ok {
			bars[name] = honestExpense(t, g, size*1024, honest...)
		}
		if got, bar := expenseOf(t, g, v), bars[name]; got.objects > bar.objects*11/10 || got.bytes > bar.bytes*11/10 {
			t.Errorf("%s, %d bytes: %d objects in %d bytes, an honest message takes %d in %d", v.name, len(v.field), got.objects, got.bytes, bar.objects, bar.bytes)
		}
	}
}

// expense is what one judgement allocates.
type expense struct{ objects, bytes uint64 }

// honestExpense is that of a message of a size, or of the least there is.
func honestExpense(t *testing.T, g validate.Guard, size int, options ...validatetest.Option) expense {
	t.Helper()
	idp := validatetest.New(t)
	v := vector{record: idp.Record(), request: validatetest.Expectation().RequestID, now: validatetest.Now()}
	least := len(idp.Response(options...))
	v.field = idp.Response(append(options, validatetest.Attribute("x", strings.Repeat("x", max(size-least, 0)*3/4)))...)
	return expenseOf(t, g, v)
}

func expenseOf(t *testing.T, g validate.Guard, v vector) expense {
	t.Helper()
	g.Nonces, g.Now = validatetest.NewNonces(), func() time.Time { return v.now }
	want := validatetest.Expectation()
	want.RequestID = v.request
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := g.Response(t.Context(), v.record, want, v.field)
	runtime.ReadMemStats(&after)
	if (err == nil) != (v.name == "") {
		t.Errorf("%q: %v", v.name, err)
	}
	return expense{after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc}
}
