package rotation

import (
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

func now() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

// TestEachThingIsToldOnce follows one record through many runs.
func TestEachThingIsToldOnce(t *testing.T) {
	ends := func(days float64) *x509.Certificate {
		end := now().Add(time.Duration(days * float64(day)))
		return &x509.Certificate{Raw: []byte(end.String()), NotAfter: end}
	}
	down, held := reason.New(reason.SourceUnavailable, "status 500"), reason.New(reason.KeysHeld, "approve")
	first, next := ends(40), ends(400)
	for name, runs := range map[string][]struct {
		seen seen
		want []string
	}{
		"nothing ever": {{seen{}, nil}, {seen{last: next}, nil}, {seen{}, nil}},
		"a source that is down for long": {
			{seen{err: down}, nil},
			{seen{err: down}, nil},
			{seen{err: down}, []string{sourceFailing}},
			{seen{err: down}, nil},
			{seen{err: down}, nil},
			{seen{}, []string{sourceRecovered}},
			{seen{}, nil},
			{seen{err: errors.New("another")}, nil},
		},
		"a source that is down now and then": {{seen{err: down}, nil}, {seen{err: down}, nil}, {seen{}, nil}, {seen{err: down}, nil}, {seen{err: down}, nil}, {seen{}, nil}},
		"keys that wait": {
			{seen{err: held, held: "a"}, []string{keysHeld}},
			{seen{err: held, held: "a"}, nil},
			{seen{err: held, held: "b"}, []string{keysHeld}}, // others now
			{seen{}, nil},
			{seen{err: held, held: "b"}, []string{keysHeld}},
		},
		"a certificate that nobody replaces": {
			{seen{last: first}, nil},
			{seen{last: first, at: now().Add(9 * day)}, nil},
			{seen{last: first, at: now().Add(10 * day)}, []string{certificateExpires}}, // 30 days
			{seen{last: first, at: now().Add(20 * day)}, nil},
			{seen{last: first, at: now().Add(26 * day)}, []string{certificateExpires}}, // 14
			{seen{last: first, at: now().Add(33 * day)}, []string{certificateExpires}}, // 7
			{seen{last: first, at: now().Add(39*day + time.Hour)}, []string{certificateExpires}},
			{seen{last: first, at: now().Add(39*day + 2*time.Hour)}, nil},
			{seen{last: first, at: now().Add(40 * day)}, []string{certificateExpires}}, // it has ended
			{seen{last: first, at: now().Add(400 * day)}, nil},
			{seen{last: ends(420), at: now().Add(400 * day)}, []string{certificateExpires}}, // another one
		},
		"a certificate that is replaced in time": {
			{seen{last: first, at: now().Add(20 * day)}, []string{certificateExpires}},
			{seen{last: next, at: now().Add(21 * day)}, nil},
			{seen{last: next, at: now().Add(300 * day)}, nil},
		},
	} {
		var w watch
		for n, run := range runs {
			if run.seen.at.IsZero() {
				run.seen.at = now()
			}
			var alerts []alert
			w, alerts = w.after(run.seen)
			var kinds []string
			for _, a := range alerts {
				kinds = append(kinds, a.kind)
			}
			if !slices.Equal(kinds, run.want) {
				t.Errorf("%s, run %d: %q, want %q", name, n+1, kinds, run.want)
			}
		}
	}
}
