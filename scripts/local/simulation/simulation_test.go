// Package simulation_test is the bundle's life in one process: handlers, identity
// providers, Tablestore and the emulated cloud go by one clock, which a test drives
// through months.
package simulation_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const count = 20

// outcome is what a simulation ends with.
type outcome struct {
	logins           map[string]*tally  // by the way: over the bundle, directly, and at the bundle after that was refused
	news             map[*provider]bool // what changed at a provider without overlap, and nobody has met yet
	smooth           map[*provider]bool // its last change overlapped
	probes, believed int                // keys that were tried after their time, and those that were believed
	wrote            int                // calls that changed RAM
	faults           []string
}

func newOutcome() *outcome {
	return &outcome{
		logins: map[string]*tally{bundleWay: {}, directWay: {}, dropInWay: {}}, news: map[*provider]bool{}, smooth: map[*provider]bool{},
	}
}

const (
	bundleWay = "over the bundle"
	directWay = "directly at STS"
	dropInWay = "at the bundle's /sts after STS had refused"
)

// found notes that a provider changed.
func (o *outcome) found(p *provider, overlapped bool) {
	o.smooth[p] = overlapped
	if !overlapped {
		o.news[p] = true
	}
}

// count adds one login. Of a change that nobody was told of, one refusal is that of
// the login which met it.
func (o *outcome) count(way string, p *provider, refusal string, at time.Time) {
	t := o.logins[way]
	t.tried++
	if refusal == "" {
		return
	}
	t.refused++
	told := fmt.Sprintf("%s at %s: %.200s", p.id, at.Format(time.RFC3339), refusal)
	switch {
	case o.news[p]:
		o.news[p] = false
	case o.smooth[p]:
		t.overlapped = append(t.overlapped, told)
	default:
		t.late = append(t.late, told)
	}
}

func (o *outcome) probe(where string, p *provider, refusal string) {
	o.probes++
	if refusal == "" {
		o.believed++
		o.faults = append(o.faults, fmt.Sprintf("%s believes a key of %s beyond its time", where, p.id))
	}
}

// login is one honest login. A client that STS refuses goes to the bundle's /sts,
// which has RAM told.
func (w *world) login(t *testing.T, p *provider, overBundle bool, o *outcome) {
	t.Helper()
	if overBundle {
		o.count(bundleWay, p, w.overBundle(t, p, p.current()), w.clock.Now())
		return
	}
	if p.down && !p.saml { // STS asks the issuer itself, and no bundle can help it
		return
	}
	refusal := w.direct(t, p, p.current())
	o.count(directWay, p, refusal, w.clock.Now())
	if refusal != "" {
		o.count(dropInWay, p, w.dropIn(t, p, p.current()), w.clock.Now())
	}
}

// simulate drives the world through its days.
func simulate(t *testing.T, keys *forge, rotates bool) *outcome {
	t.Helper()
	begin := time.Now().UTC().Truncate(time.Hour)
	keys.used = 0
	w := newWorld(t, begin, keys, rotates)
	end := begin.AddDate(0, 0, days)
	var s schedule
	o := newOutcome()
	for n, p := range w.providers {
		w.life(t, &s, p, habits()[n%len(habits())], begin, end, o)
	}
	for at, n := begin.Add(7*time.Minute), 0; at.Before(end); at, n = at.Add(time.Hour), n+1 {
		s.add(at, func() {
			if n%11 == 7 { // the platform owes nobody a run
				return
			}
			w.lose(t, n)
			if err := w.hourly(t); err != nil {
				o.faults = append(o.faults, fmt.Sprintf("%s: %v", at.Format(time.RFC3339), err))
			}
		})
	}
	s.run(t, w, end)
	o.wrote = w.wrote
	return o
}

// lose has answers get lost every few hours, after what they answer was done.
func (w *world) lose(t *testing.T, n int) {
	t.Helper()
	if !w.rotates {
		return
	}
	if n%5 == 3 {
		trouble(t, w.tables.Faults(), `{"table":"sso_trust","kind":"lost","commit":true,"times":1}`)
	}
	if n%7 == 2 {
		trouble(t, w.cloud.Troubles(), fmt.Sprintf(`{"service":"ims","kind":"lost","after":%d,"writes":true}`, 1+n%3))
	}
}

func trouble(t *testing.T, door http.Handler, wish string) {
	t.Helper()
	answer := httptest.NewRecorder()
	door.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(wish)))
	if answer.Code >= http.StatusBadRequest {
		t.Fatal(answer.Body)
	}
}

func (o *outcome) String() string {
	var text strings.Builder
	for _, way := range []string{bundleWay, directWay, dropInWay} {
		t := o.logins[way]
		fmt.Fprintf(&text, "%s: %d logins, %d refused, %d of them although the keys overlapped, %d after another had met the change\n", way, t.tried, t.refused, len(t.overlapped), len(t.late))
	}
	fmt.Fprintf(&text, "%d keys were tried when their time was up, %d were believed; %d calls changed RAM", o.probes, o.believed, o.wrote)
	return text.String()
}

// TestTrustKeepsItselfFresh is months of it: no honest login is refused where keys
// overlapped, one at the most where they did not, and no key is believed beyond its
// time. The same months without anybody who keeps anything fresh show that all of
// these could be otherwise.
func TestTrustKeepsItselfFresh(t *testing.T) {
	keys := &forge{}
	kept := simulate(t, keys, true)
	t.Logf("%d days\n%s", days, kept)
	for way, tally := range kept.logins {
		for _, refusal := range append(tally.overlapped, tally.late...) {
			t.Errorf("%s: %s", way, refusal)
		}
	}
	if n := kept.logins[dropInWay].refused; n > 0 {
		t.Errorf("%d were refused at the bundle's /sts too", n)
	}
	for _, fault := range kept.faults {
		t.Error(fault)
	}
	left := simulate(t, keys, false)
	t.Logf("%d days, and nobody keeps anything fresh\n%s", days, left)
	if left.logins[bundleWay].refused == 0 || left.logins[directWay].refused == 0 || left.believed == 0 {
		t.Error("nothing would have gone wrong")
	}
}
