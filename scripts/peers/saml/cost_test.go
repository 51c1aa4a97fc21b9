//go:build prices

package saml_test

import (
	"fmt"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/peers/price"
)

// TestCosts holds us to the bars. A busy machine gets three tries: it can make a
// race look worse, never better than it is.
func TestCosts(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			var missed string
			for range 3 {
				if missed = s.missed(t, s.race(t)); missed == "" {
					return
				}
			}
			t.Error(missed)
		})
	}
}

func (s shape) race(tb testing.TB) map[string]price.Cost {
	tb.Helper()
	idp := s.idp(tb)
	xml := idp.XML(s.options...)
	return price.Race(tb, []price.Judge{ours(tb, idp, xml), theCrewjam(tb, idp, xml), theGosaml2(tb, idp, xml), bare(tb, idp, xml)})
}

func (s shape) missed(tb testing.TB, got map[string]price.Cost) string {
	tb.Helper()
	us, them := got["ours"], got["crewjam"]
	for _, name := range []string{"ours", "crewjam", "gosaml2", "bare crypto"} {
		c := got[name]
		tb.Logf("%-12s %9.1f us %7.0f objects %6.2f of crewjam %6.1f of the bare crypto", name,
			float64(c.CPU.Nanoseconds())/1e3, c.Allocs, price.Ratio(c, them), price.Ratio(c, got["bare crypto"]))
	}
	switch {
	case s.bar > 0 && price.Ratio(us, them) > s.bar:
		return fmt.Sprintf("%.2f of crewjam's time, at most %.2f", price.Ratio(us, them), s.bar)
	case s.objects > 0 && us.Allocs > s.objects:
		return fmt.Sprintf("%.0f objects, at most %.0f", us.Allocs, s.objects)
	}
	return ""
}

// BenchmarkOurs is for profiles.
func BenchmarkOurs(b *testing.B) {
	for _, s := range shapes() {
		b.Run(s.name, func(b *testing.B) {
			idp := s.idp(b)
			price.Bench(b, ours(b, idp, idp.XML(s.options...)))
		})
	}
}
