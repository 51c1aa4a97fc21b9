package validate_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// brokenSignatures are forms of a signature that only the identity provider's
// key can have made, and so are no attack alone: they are what an attack needs
// who can make it sign.
func brokenSignatures() []attack {
	const sha1 = "http://www.w3.org/2000/09/xmldsig#sha1"
	other := func(path, value string) func(el) {
		return func(i el) {
			e := at(i, path)
			e.CreateAttr("xmlns:x", "urn:x")
			e.CreateAttr("x:"+algorithm, value)
		}
	}
	return []attack{
		{name: "algorithm-twice-sha1", expect: "signature_algorithm", why: "encoding/xml, and so goxmldsig, takes x:Algorithm for Algorithm: SHA-1 against the record's word", options: opts{validatetest.By(validatetest.RSASHA1()), validatetest.Info(func(i el) {
			for path, shown := range map[string]string{
				"ds:SignatureMethod":           "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
				"ds:Reference/ds:DigestMethod": "http://www.w3.org/2001/04/xmlenc#sha256",
			} {
				other(path, at(i, path).SelectAttrValue(algorithm, ""))(i)
				at(i, path).RemoveAttr(algorithm)
				at(i, path).CreateAttr(algorithm, shown)
			}
		})}},
		{name: "algorithm-twice-digest", expect: "signature_algorithm", why: "two digests by name", options: info(other("ds:Reference/ds:DigestMethod", sha1))},
		{name: "algorithm-twice-transform", expect: "signature_algorithm", why: "two transforms in one", options: info(other("ds:Reference/ds:Transforms/ds:Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116"))},
		{name: "algorithm-twice-canonicalization", expect: "signature_algorithm", why: "two canonicalizations in one", options: info(other("ds:CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))},
		{name: "algorithm-missing", expect: "signature_algorithm", why: "a method without a name", options: info(set("ds:SignatureMethod", algorithm, ""))},
		{name: "reference-with-type", expect: "message_malformed", why: "a Reference says where to and nothing else", options: info(set("ds:Reference", "Type", "http://www.w3.org/2000/09/xmldsig#Object"))},
		{name: "reference-percent-encoded", expect: "message_malformed", why: "the parent's ID in another spelling", options: info(func(i el) {
			e := at(i, "ds:Reference")
			e.CreateAttr("URI", strings.Replace(e.SelectAttrValue("URI", ""), "#_", "#%5F", 1))
		})},
		{name: "reference-xpointer-id", expect: "message_malformed", why: "the parent's ID by xpointer(id())", options: info(func(i el) {
			e := at(i, "ds:Reference")
			e.CreateAttr("URI", "#xpointer(id('"+e.SelectAttrValue("URI", "")[1:]+"'))")
		})},
		{name: "reference-with-blank", expect: "message_malformed", why: "the parent's ID with a blank behind it", options: info(func(i el) {
			e := at(i, "ds:Reference")
			e.CreateAttr("URI", e.SelectAttrValue("URI", "")+" ")
		})},
	}
}

// nearlyOurs are names that a service provider or a person may register at the
// identity provider beside ours.
func nearlyOurs() []attack {
	const audience = conditions + "/saml:AudienceRestriction/saml:Audience"
	ours := validatetest.Expectation()
	var list []attack
	for name, value := range map[string]string{
		"slash": ours.EntityID + "/", "case": strings.Replace(ours.EntityID, "https://sso", "https://SSO", 1),
		"port": strings.Replace(ours.EntityID, ".example/", ".example:443/", 1), "escaped": strings.Replace(ours.EntityID, "saml", "%73aml", 1),
		"no-break-space": ours.EntityID + "\u00a0", "next-line": "\u0085" + ours.EntityID, "zero-width": ours.EntityID + "\u200b", "two-in-one": ours.EntityID + " https://else.example",
	} {
		list = append(list, attack{name: "audience-nearly-" + name, expect: "audience_mismatch", why: "another service provider's name that looks like ours", options: before(setText(audience, value))})
	}
	for name, value := range map[string]string{
		"slash": ours.ACSURL + "/", "case": strings.Replace(ours.ACSURL, "sso", "SSO", 1), "port": strings.Replace(ours.ACSURL, ".example/", ".example:443/", 1),
		"query": ours.ACSURL + "?", "blank": ours.ACSURL + " ", "dots": strings.Replace(ours.ACSURL, "/acs", "/x/../acs", 1), "scheme": strings.Replace(ours.ACSURL, "https", "http", 1),
	} {
		list = append(list,
			attack{name: "recipient-nearly-" + name, expect: "recipient_mismatch", why: "addresses are compared exactly", options: before(set(data, "Recipient", value))},
			attack{name: "destination-nearly-" + name, expect: "destination_mismatch", why: "addresses are compared exactly", options: before(set("", "Destination", value))})
	}
	slices.SortFunc(list, func(a, b attack) int { return strings.Compare(a.name, b.name) })
	return append(list,
		attack{name: "issuer-no-break-space", expect: "issuer_mismatch", why: "entity IDs are compared exactly, but for the blanks of XML", options: before(setText("saml:Assertion/saml:Issuer", validatetest.EntityID+"\u00a0"))},
		attack{name: "good-audience-indented", expect: "verified", why: "a printer's blanks round an xs:anyURI mean nothing", options: before(setText(audience, "\n\t  "+ours.EntityID+"\n"))},
	)
}

// oddTimes are at the edges of xs:dateTime, and of what Go takes for one.
func oddTimes() []attack {
	const malformed, end = "message_malformed", "the bearer confirmation's end"
	var list []attack
	for _, odd := range []struct{ name, value, expect, why string }{
		{"comma", "2027-03-01T12:05:00,5Z", malformed, "a comma is no decimal point"},
		{"one-digit-hour", "2027-03-01T9:05:00Z", malformed, "an hour has two digits"},
		{"leap-second", "2027-03-01T12:04:60Z", malformed, "xs:dateTime has no second 60"},
		{"hour-24", "2027-03-01T24:00:00Z", malformed, "the next day has a name of its own"},
		{"year-0", "0000-03-01T12:05:00Z", "expired", "a year long ago"},
		{"year-1", "0001-01-01T00:00:00Z", malformed, "Go's zero time, which means that none was given"},
		{"year-1-offset", "0001-01-01T05:00:00+05:00", malformed, "Go's zero time in another zone"},
		{"year-negative", "-0001-03-01T12:05:00Z", malformed, "a year before all"},
		{"year-10000", "12027-03-01T12:05:00Z", malformed, "a year after all"},
		{"year-9999", "9999-12-31T23:59:59Z", "verified", "the conditions end it"},
		{"offset-14", "2027-03-02T02:05:00+14:00", "verified", "the same instant on the other side of the world"},
		{"offset-negative", "2027-03-01T00:05:00-12:00", "verified", "the same instant, the day before"},
		{"offset-25", "2027-03-01T12:05:00+25:00", malformed, "no zone"},
		{"offset-short", "2027-03-01T12:05:00+0000", malformed, "an offset without colon"},
		{"offset-late", "2027-03-01T13:05:00+02:00", "expired", "an hour ago, in a zone ahead"},
		{"fraction-20", "2027-03-01T12:05:00.12345678901234567890Z", "verified", "more digits than nanoseconds"},
		{"fraction-empty", "2027-03-01T12:05:00.Z", malformed, "a point without digits"},
		{"lower-case", "2027-03-01t12:05:00z", malformed, "RFC 3339 would take it, xs:dateTime does not"},
		{"blank", "2027-03-01T12:05:00Z ", malformed, "a blank behind it"},
		{"day-30", "2027-02-30T12:05:00Z", malformed, "no day"},
		{"no-zone", "2027-03-01T12:05:00", malformed, "no zone, no instant"},
	} {
		list = append(list, attack{name: "time-" + odd.name, expect: odd.expect, why: end + ": " + odd.why, options: before(set(data, "NotOnOrAfter", odd.value))})
	}
	return append(list,
		attack{name: "time-issued-at-the-border", expect: "verified", why: "issued exactly one skew ahead", now: later(-time.Minute)},
		attack{name: "time-ended-before-the-border", expect: "verified", why: "the last second of the skew", now: later(6*time.Minute - time.Second)},
		attack{name: "time-window-empty", expect: "expired", why: "a window that ends as it begins", options: before(func(r el) {
			set(conditions, "NotBefore", offset(0))(r)
			set(conditions, "NotOnOrAfter", offset(0))(r)
		})},
		attack{name: "time-session-ends-now", expect: "expired", why: "SessionNotOnOrAfter excludes its own instant, and has no skew", options: before(set(authn, "SessionNotOnOrAfter", offset(0)))},
		attack{name: "nameid-blank", expect: "subject_missing", why: "a name of blanks is nobody's", options: opts{validatetest.Subject(" \t\n\u00a0\u2003")}},
	)
}

// brokenContexts change what stands round a signature, and is not under it.
func brokenContexts() []attack {
	outside := validatetest.Signed(true, false)
	// The plaintext takes a prefix from the response, where nothing else uses it:
	// exclusive canonicalization leaves its declaration out.
	borrowing := func(inside string) validatetest.Option {
		return validatetest.Encrypted(encryption{Plain: func(xml string) string {
			xml = strings.ReplaceAll(xml, ` xmlns:x="urn:x"`, "")
			return strings.Replace(xml, ">sre<", ">"+inside+"<", 1)
		}})
	}
	declared := validatetest.Before(set("", "xmlns:x", "urn:x"))
	rebound := validatetest.After(set("", "xmlns:x", "urn:oasis:names:tc:SAML:2.0:assertion"))
	return []attack{
		{name: "encrypted-context-rebound", expect: "message_malformed", why: "the signature covers the ciphertext, but not what a prefix in it stands for", options: opts{outside, declared, borrowing("<x:NameID>admin</x:NameID>"), rebound}},
		{name: "encrypted-context-rebound-both-signed", expect: "signature_invalid", why: "the signature inside covers what the prefix stands for", options: opts{validatetest.Signed(true, true), declared, borrowing("<x:NameID>admin</x:NameID>"), rebound}},
	}
}

// Whoever may sign in here has a message that the identity provider signed.
// He changes it, so that the signature of its SignedInfo still holds and the
// content has to be canonicalized before anybody sees that it was changed.
func changed(tb testing.TB) map[string]string {
	tb.Helper()
	idp := validatetest.New(tb)
	both := validatetest.Signed(true, true)
	after := func(change func(r el)) string { return idp.Response(both, validatetest.After(change)) }
	inValue := func(r el) el {
		return at(r, "saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue")
	}
	return map[string]string{
		"a long namespace in each element": after(func(r el) {
			r.CreateAttr("xmlns:x", "urn:"+strings.Repeat("x", 180_000))
			for range 800 {
				inValue(r).CreateElement("x:a")
			}
		}),
		"the longest namespaces in each element": after(func(r el) {
			prefixes := "abcdefgh"
			for _, p := range prefixes {
				r.CreateAttr("xmlns:"+string(p), "urn:"+string(p)+strings.Repeat("x", 250))
			}
			for range 360 {
				e := inValue(r).CreateElement("a:a")
				for _, p := range prefixes {
					e.CreateAttr(string(p)+":x", "")
				}
			}
		}),
		"what canonical form spells out": after(func(r el) { inValue(r).CreateAttr("x", strings.Repeat("\"", 40_000)) }),
		"text in 250 KB":                 after(func(r el) { inValue(r).SetText(strings.Repeat("x", 250_000)) }),
		"a long name":                    after(func(r el) { inValue(r).CreateElement(strings.Repeat("x", 100_000)) }),
	}
}

// A change costs about what an honest message of the most bytes does at most:
// the half more is for pools of buffers, which are emptied when they like.
func TestAChangedMessageIsNotDearer(t *testing.T) {
	record := validatetest.New(t).Record()
	dearest := allocated(t, validatetest.New(t).Response(append(typical(250, 900), validatetest.Signed(true, true))...), record, true)
	for name, encoded := range changed(t) {
		if cost := allocated(t, encoded, record, false); cost > dearest*3/2 {
			t.Errorf("%s: %d KB are allocated, %d KB for the largest honest message", name, cost>>10, dearest>>10)
		}
	}
}

// allocated is how many bytes the judging takes. Bytes, not objects: what grows
// here is one buffer.
func allocated(t *testing.T, encoded string, record trust.Record, believed bool) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	g := guard()
	runtime.ReadMemStats(&before)
	_, err := g.Response(t.Context(), record, validatetest.Expectation(), encoded)
	runtime.ReadMemStats(&after)
	if (err == nil) != believed {
		t.Fatal(err)
	}
	return after.TotalAlloc - before.TotalAlloc
}

// What a refusal tells goes to the log of every function, whoever asks.
func TestARefusalDoesNotRepeatTheMessage(t *testing.T) {
	idp, long := validatetest.New(t), strings.Repeat("\u0085", 50_000)
	name := strings.Repeat("x", 100_000)
	for what, encoded := range map[string]string{
		"name":        idp.Response(after(func(r el) { r.CreateElement(name) })...),
		"prefix":      idp.Response(after(func(r el) { r.CreateElement(name + ":x") })...),
		"attribute":   idp.Response(after(func(r el) { r.CreateAttr(name+":x", "") })...),
		"end tag":     encode("<" + name + "></x>"),
		"namespace":   encode(`<x xmlns="` + long + `"/>`),
		"declaration": encode(`<?xml version="` + long + `"?><x/>`),
		"entity":      encode("<x>&" + name + ";</x>"),
		"status":      idp.Response(before(set("samlp:Status/samlp:StatusCode", "Value", long))...),
		"ID":          idp.Response(before(set("", "ID", long))...),
		"version":     idp.Response(before(set("", "Version", long))...),
		"issuer":      idp.Response(before(setText("saml:Issuer", long))...),
		"destination": idp.Response(before(set("", "Destination", long))...),
		"request":     idp.Response(before(set("", "InResponseTo", long))...),
		"recipient":   idp.Response(before(set(data, "Recipient", long))...),
		"audience":    idp.Response(before(setText(conditions+"/saml:AudienceRestriction/saml:Audience", long))...),
		"audiences":   idp.Response(before(manyAudiences)...),
		"condition": idp.Response(before(func(r el) {
			add(conditions, "saml:Condition", "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance", "xsi:type", long)(r)
		})...),
		"time":             idp.Response(before(set(data, "NotOnOrAfter", long))...),
		"reference":        idp.Response(info(set("ds:Reference", "URI", long))...),
		"canonicalization": idp.Response(info(set("ds:CanonicalizationMethod", algorithm, long))...),
		"signature method": idp.Response(info(set("ds:SignatureMethod", algorithm, long))...),
		"digest method":    idp.Response(info(set("ds:Reference/ds:DigestMethod", algorithm, long))...),
		"transform":        idp.Response(info(set("ds:Reference/ds:Transforms/ds:Transform", algorithm, long))...),
		"content":          idp.Response(encrypted(encryption{Edit: set("xenc:EncryptedData/xenc:EncryptionMethod", algorithm, long)})...),
		"transport":        idp.Response(encrypted(encryption{Edit: set(keyPath+"/xenc:EncryptionMethod", algorithm, long)})...),
		"type":             idp.Response(encrypted(encryption{Edit: set("xenc:EncryptedData", "Type", long)})...),
	} {
		_, err := guard().Response(t.Context(), idp.Record(), validatetest.Expectation(), encoded)
		if err == nil || len(err.Error()) > 3000 {
			t.Errorf("%s: a detail of %d bytes", what, len(fmt.Sprint(err)))
		}
	}
}

func manyAudiences(r el) {
	restriction := at(r, conditions+"/saml:AudienceRestriction")
	restriction.ChildElements()[0].SetText("https://else.example")
	for range 200 {
		restriction.CreateElement("saml:Audience").SetText("https://else.example/" + strings.Repeat("x", 500))
	}
}

func BenchmarkChanged(b *testing.B) {
	record := validatetest.New(b).Record()
	for name, encoded := range changed(b) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := guard().Response(b.Context(), record, validatetest.Expectation(), encoded); err == nil {
					b.Fatal("believed")
				}
			}
		})
	}
}
