package validate_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

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

// A change costs at most what an honest message of the most bytes does.
func TestAChangedMessageIsNotDearer(t *testing.T) {
	record := validatetest.New(t).Record()
	dearest := allocated(t, validatetest.New(t).Response(append(typical(250, 900), validatetest.Signed(true, true))...), record, true)
	for name, encoded := range changed(t) {
		if cost := allocated(t, encoded, record, false); cost > dearest {
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
