package rotation

import (
	"slices"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestANoticeCountsInTheLastQuarterOfALife: what renews itself does so with a third
// left, and nobody hears of it.
func TestANoticeCountsInTheLastQuarterOfALife(t *testing.T) {
	for life, want := range map[int][]int{
		365: {30, 14, 7, 1, 0},
		121: {30, 14, 7, 1, 0},
		120: {14, 7, 1, 0},
		90:  {14, 7, 1, 0}, // renewed when 30 days are left
		47:  {7, 1, 0},     // 15
		10:  {1, 0},        // 3
		6:   {1, 0},        // 2
		4:   {0},
		1:   {0},
	} {
		e := ending{kind: alert.HTTPSExpires, name: "a", from: now(), until: now().Add(time.Duration(life) * day)}
		var got []int
		var before told
		for at := now(); at.Before(e.until.Add(3 * day)); at = at.Add(time.Hour) {
			next, alerts := e.tell(alert.About{Record: "okta"}, at, before)
			if before = next; len(alerts) > 0 {
				got = append(got, next.Days)
			}
			if critical := len(alerts) > 0 && alerts[0].Severity == alert.Critical; critical != (len(alerts) > 0 && next.Days <= 1) {
				t.Errorf("%d days: %+v", life, alerts)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("a certificate of %d days: told at %d, want %d", life, got, want)
		}
	}
}

// TestAServersCertificateIsToldOfBesideTheProviders, and again when another one ends;
// a run that did not see it forgets nothing.
func TestAServersCertificateIsToldOfBesideTheProviders(t *testing.T) {
	chain := func(days int) []ending {
		return servers([]trust.Chain{
			{Host: "idp.example", NotBefore: now().Add(-365 * day), NotAfter: now().Add(time.Duration(days) * day)},
			{Host: "keys.example:8443", NotBefore: now().Add(-365 * day), NotAfter: now().Add(300 * day)},
		})
	}
	var w watch
	for n, run := range []struct {
		seen seen
		want int
	}{
		{seen{endings: chain(40)}, 0},
		{seen{endings: chain(7)}, 1},
		{seen{endings: chain(7)}, 0},
		{seen{err: errAway}, 0},
		{seen{endings: chain(7)}, 0},
		{seen{endings: chain(6)}, 1}, // another certificate, which ends too
		{seen{endings: chain(400)}, 0},
		{seen{endings: chain(7)}, 1},
	} {
		run.seen.at = now()
		w = w.after(alert.About{Record: "okta"}, run.seen)
		if len(w.Waiting) != run.want || len(w.Waiting) > 0 && w.Waiting[0].Kind != alert.HTTPSExpires {
			t.Errorf("run %d: %+v", n+1, w.Waiting)
		}
		w.Waiting = nil
	}
}

// TestAReplacementThatNobodyToldOfIsSeenInTheRecord: whoever wrote the keys was killed
// before it could say so.
func TestAReplacementThatNobodyToldOfIsSeenInTheRecord(t *testing.T) {
	source := validatetest.Source()
	first, other := validatetest.New(t).Keys(), validatetest.Stranger(t).Keys()
	both := first
	both.Certificates = slices.Concat(first.Certificates, other.Certificates)
	plan := func(known, fetched trust.Keys, at time.Time) trust.Keys {
		keys, _, err := trust.PlanKeys(source, known, fetched, at)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	one, later := now(), now().Add(3*time.Hour)
	began := plan(trust.Keys{}, first, one)
	for name, c := range map[string]struct {
		keys trust.Keys
		want time.Time
	}{
		"the first keys":   {began, time.Time{}},
		"one more":         {plan(began, both, later), time.Time{}},
		"one less":         {plan(plan(began, both, later), other, later.Add(time.Hour)), time.Time{}},
		"all at once":      {plan(began, other, later), later},
		"none that is old": {first, time.Time{}},
	} {
		if got := lastReplaced(validatetest.Record(t, source, &c.keys)); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestAReplacementIsToldOnce, whoever saw it, and not where somebody approved it.
func TestAReplacementIsToldOnce(t *testing.T) {
	for name, runs := range map[string][]struct {
		seen seen
		want int
	}{
		"taken by a run":    {{seen{digest: "d", replaced: now()}, 1}, {seen{replaced: now()}, 0}, {seen{digest: "d", replaced: now()}, 0}},
		"a run was killed":  {{seen{replaced: now()}, 1}, {seen{replaced: now()}, 0}, {seen{digest: "e", replaced: now().Add(time.Hour)}, 1}},
		"it was approved":   {{seen{err: errAway, held: "d"}, 1}, {seen{replaced: now()}, 0}, {seen{replaced: now()}, 0}},
		"nothing ever does": {{seen{}, 0}, {seen{}, 0}},
	} {
		var w watch
		for n, run := range runs {
			run.seen.at = now()
			if w = w.after(alert.About{Record: "okta"}, run.seen); len(w.Waiting) != run.want {
				t.Errorf("%s, run %d: %+v", name, n+1, w.Waiting)
			}
			w.Waiting = nil
		}
	}
}
