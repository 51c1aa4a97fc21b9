package simulation_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const (
	hour = time.Hour
	day  = 24 * hour
)

// act is something that happens.
type act struct {
	at time.Time
	do func()
}

// schedule is all that happens, in order of time.
type schedule []act

func (s *schedule) add(at time.Time, do func()) { *s = append(*s, act{at, do}) }

// run drives the clock until the end.
func (s *schedule) run(t *testing.T, w *world, end time.Time) {
	t.Helper()
	slices.SortStableFunc(*s, func(a, b act) int { return a.at.Compare(b.at) })
	for _, a := range *s {
		if !a.at.Before(end) {
			return
		}
		w.clock.set(a.at)
		a.do()
	}
}

// habit is how an identity provider replaces its key: what comes when, counted
// from its beginning.
type habit struct {
	every, first  time.Duration // the first one begins then
	sign, drop    time.Duration // the next key signs, the old one is published no more
	third         time.Duration // yet another one is published; 0: none is
	down, downFor time.Duration // its documents cannot be had
	chain         bool          // its server proves itself by another authority, at the beginning
	key           bool          // it has a new key
}

// overlaps says whether a careful follower can keep step.
func (r habit) overlaps() bool { return r.sign >= 2*hour && !r.chain }

// habits are the ways of the identity providers, one of each protocol for each.
func habits() []habit {
	return []habit{
		{every: 21 * day, first: 6 * hour, sign: 3 * day, drop: 5 * day, key: true},
		{every: 30 * day, first: 9 * hour, sign: 14 * day, drop: 15 * day, key: true},
		{every: 5 * day, first: 12 * hour, sign: day, drop: 2 * day, key: true},
		{every: 9 * day, first: 15 * hour, sign: 3 * hour, drop: 4 * hour, key: true}, // in a hurry
		{every: 28 * day, first: 3 * hour, sign: 40 * hour, drop: 50 * hour, third: day, key: true},
		{every: 17 * day, first: 20 * hour, key: true}, // one for the other, at once
		{every: 7 * day, first: 26 * hour, key: true},
		{every: 30 * day, first: 10 * hour, sign: 18 * hour, drop: 3 * day, down: 4 * hour, downFor: day, key: true}, // down while the new key begins
		{every: 10 * day, first: 30 * hour, chain: true},
		{every: 12 * day, first: 36 * hour, chain: true, key: true}, // all at once
	}
}

// tally is what came of the logins of one kind.
type tally struct {
	tried, refused int
	overlapped     []string // refusals of identity providers whose keys overlapped
	late           []string // refusals after one that had found the change already
}

// life plans one identity provider's rotations, and everybody who signs in.
func (w *world) life(t *testing.T, s *schedule, p *provider, r habit, begin, end time.Time, outcome *outcome) {
	t.Helper()
	for at := begin.Add(r.first); at.Before(end); at = at.Add(r.every + 71*time.Minute) { // each time at another minute of the hour
		if r.key {
			w.replace(t, s, p, r, at, outcome)
		}
		if r.chain && !p.saml {
			s.add(at, func() { p.tls.changeAuthority(1); outcome.found(p, false) })
			w.rush(t, s, p, at, outcome)
			s.add(at.Add(28*hour), func() { outcome.probe("RAM, by its fingerprint,", p, w.byFormerAuthority(t, p)) })
		}
		if r.downFor > 0 {
			s.add(at.Add(r.down), func() { p.change(func() { p.down = true }) })
			s.add(at.Add(r.down+r.downFor), func() { p.change(func() { p.down = false }) })
		}
	}
	random := rand.New(rand.NewPCG(1, uint64(len(*s))))
	bundle := true
	for at := begin.Add(time.Minute); at.Before(end); at = at.Add(3*hour + time.Duration(random.IntN(int(2*hour)))) {
		over := bundle
		bundle = !bundle
		s.add(at, func() { w.login(t, p, over, outcome) })
	}
}

// byFormerAuthority asks STS while the issuer proves itself as it did before.
func (w *world) byFormerAuthority(t *testing.T, p *provider) string {
	t.Helper()
	p.tls.changeAuthority(-1)
	defer p.tls.changeAuthority(1)
	return w.direct(t, p, p.current())
}

// replace plans one rotation of keys.
func (w *world) replace(t *testing.T, s *schedule, p *provider, r habit, at time.Time, outcome *outcome) {
	t.Helper()
	var old, next, third key
	s.add(at, func() { old, next = p.current(), p.newKey(t); p.publish(next) })
	s.add(at.Add(r.sign), func() { p.sign(next); outcome.found(p, r.overlaps()) })
	if !r.overlaps() {
		w.rush(t, s, p, at.Add(r.sign), outcome)
	}
	s.add(at.Add(r.drop), func() { p.drop(old) })
	w.probe(t, s, p, &old, at.Add(r.drop), outcome)
	if r.third == 0 {
		return
	}
	s.add(at.Add(r.third), func() { third = p.newKey(t); p.publish(third) })
	s.add(at.Add(r.drop+10*day), func() { p.sign(third) })
	s.add(at.Add(r.drop+11*day), func() { p.drop(next) })
	w.probe(t, s, p, &next, at.Add(r.drop+11*day), outcome)
}

// rush are people and jobs who come right after a change that nobody was told of, by
// either way: before the timer does.
func (w *world) rush(t *testing.T, s *schedule, p *provider, changed time.Time, outcome *outcome) {
	t.Helper()
	for minute, over := range []bool{p.count%2 == 0, false, true, false} {
		s.add(changed.Add(time.Duration(minute+1)*time.Minute), func() { w.login(t, p, over, outcome) })
	}
}

// probe tries a key when its time must be up: at the bundle an hour after the timer,
// of which one run may be missing, has found it gone; in RAM a day after that.
func (w *world) probe(t *testing.T, s *schedule, p *provider, k *key, dropped time.Time, outcome *outcome) {
	t.Helper()
	s.add(dropped.Add(3*hour+10*time.Minute), func() {
		outcome.probe("the bundle", p, w.overBundle(t, p, *k))
	})
	s.add(dropped.Add(28*hour), func() { outcome.probe("RAM", p, w.direct(t, p, *k)) })
}
