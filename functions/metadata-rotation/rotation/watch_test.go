package rotation

import (
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

var errAway = reason.New(reason.SourceUnavailable, "away")

func now() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

// TestEachThingIsToldOnce follows one record through many runs.
func TestEachThingIsToldOnce(t *testing.T) {
	ends := func(days float64) []ending {
		end := now().Add(time.Duration(days * float64(day)))
		return lastOf([]*x509.Certificate{{Raw: []byte(end.String()), NotAfter: end}})
	}
	down, held := reason.New(reason.SourceUnavailable, "status 500"), reason.New(reason.KeysHeld, "approve")
	first, next := ends(40), ends(400)
	for name, runs := range map[string][]struct {
		seen seen
		want []alert.Kind
	}{
		"nothing ever": {{seen{}, nil}, {seen{endings: next}, nil}, {seen{}, nil}},
		"a source that is down for long": {
			{seen{err: down}, nil},
			{seen{err: down}, nil},
			{seen{err: down}, []alert.Kind{alert.SourceFailing}},
			{seen{err: down}, nil},
			{seen{err: down}, nil},
			{seen{}, []alert.Kind{alert.SourceRecovered}},
			{seen{}, nil},
			{seen{err: errors.New("another")}, nil},
		},
		"a source that is down now and then": {{seen{err: down}, nil}, {seen{err: down}, nil}, {seen{}, nil}, {seen{err: down}, nil}, {seen{err: down}, nil}, {seen{}, nil}},
		"keys that wait": {
			{seen{err: held, held: "a"}, []alert.Kind{alert.KeysHeld}},
			{seen{err: held, held: "a"}, nil},
			{seen{err: down}, nil},
			{seen{err: held, held: "a"}, nil},
			{seen{err: held, held: "b"}, []alert.Kind{alert.KeysHeld}}, // others now
			{seen{}, nil},
			{seen{err: held, held: "b"}, []alert.Kind{alert.KeysHeld}},
		},
		"a certificate that nobody replaces": {
			{seen{endings: first}, nil},
			{seen{endings: first, at: now().Add(9 * day)}, nil},
			{seen{endings: first, at: now().Add(10 * day)}, []alert.Kind{alert.CertificateExpires}}, // 30 days
			{seen{endings: first, at: now().Add(20 * day)}, nil},
			{seen{endings: first, at: now().Add(26 * day)}, []alert.Kind{alert.CertificateExpires}}, // 14
			{seen{endings: first, at: now().Add(33 * day)}, []alert.Kind{alert.CertificateExpires}}, // 7
			{seen{endings: first, at: now().Add(39*day + time.Hour)}, []alert.Kind{alert.CertificateExpires}},
			{seen{endings: first, at: now().Add(39*day + 2*time.Hour)}, nil},
			{seen{endings: first, at: now().Add(40 * day)}, []alert.Kind{alert.CertificateExpires}}, // it has ended
			{seen{endings: first, at: now().Add(400 * day)}, nil},
			{seen{endings: ends(420), at: now().Add(400 * day)}, []alert.Kind{alert.CertificateExpires}}, // another one
		},
		"servers that send no root": {
			{seen{chains: []trust.Chain{{Host: "a", Root: true}}}, nil},
			{seen{chains: []trust.Chain{{Host: "a"}, {Host: "b"}}}, []alert.Kind{alert.ChainWithoutRoot, alert.ChainWithoutRoot}},
			{seen{err: down}, nil},
			{seen{chains: []trust.Chain{{Host: "a", Thumbprint: "other"}, {Host: "b"}}}, nil},
			{seen{chains: []trust.Chain{{Host: "c"}}}, []alert.Kind{alert.ChainWithoutRoot}},
		},
		"a certificate that is replaced in time": {
			{seen{endings: first, at: now().Add(20 * day)}, []alert.Kind{alert.CertificateExpires}},
			{seen{endings: next, at: now().Add(21 * day)}, nil},
			{seen{endings: next, at: now().Add(300 * day)}, nil},
		},
	} {
		var w watch
		for n, run := range runs {
			if run.seen.at.IsZero() {
				run.seen.at = now()
			}
			w = w.after(alert.About{Record: "okta"}, run.seen)
			var kinds []alert.Kind
			for _, a := range w.Waiting {
				kinds = append(kinds, a.Kind)
			}
			w.Waiting = nil // they were told
			if !slices.Equal(kinds, run.want) {
				t.Errorf("%s, run %d: %q, want %q", name, n+1, kinds, run.want)
			}
		}
	}
}
