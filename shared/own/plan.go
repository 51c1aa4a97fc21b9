package own

import (
	"slices"
	"time"
)

// Pause is how long a certificate is published, and confirmed in each account, before
// its key signs; and how long the one before it stays published after that. Who reads
// our metadata does so once a day, most of them.
const Pause = 24 * time.Hour

// Need is a place that must know our certificate before its key signs: an account's
// SAML provider that we are, or its user SSO.
type Need struct {
	Account   string
	What      string
	Confirmed map[string]time.Time // since when RAM was seen to have a certificate, by its fingerprint
}

// Hold is a need that is not met, and why.
type Hold struct{ Account, What, Why string }

// Plan is the one thing that comes next.
type Plan struct {
	Move  State     // what Key becomes: Current, Gone; "" where no key is on its way
	Key   Key       // the one that moves
	Ready bool      // it may be done now
	At    time.Time // else when, if nothing else happens; zero while somebody holds it
	Holds []Hold    // who has no confirmed certificate
}

// Plan says what comes next. It changes nothing.
func (k Keys) Plan(now time.Time, needs []Need) Plan {
	if old, ok := k.In(Retiring); ok {
		at := old.Left.Add(Pause)
		return Plan{Move: Gone, Key: old, Ready: !now.Before(at), At: at}
	}
	next, ok := k.In(Next)
	if !ok {
		return Plan{}
	}
	p := Plan{Move: Current, Key: next, At: later(next.Announced.Add(Pause), next.Certificate.NotBefore)}
	if now.After(next.Certificate.NotAfter) {
		p.Holds = append(p.Holds, Hold{What: "its certificate", Why: "has ended: announce another key"})
	}
	for _, need := range needs {
		since := need.Confirmed[next.Fingerprint()]
		if since.IsZero() {
			p.Holds = append(p.Holds, Hold{need.Account, need.What, "RAM was not yet seen to have the certificate"})
		}
		p.At = later(p.At, since.Add(Pause))
	}
	if len(p.Holds) > 0 {
		p.At = time.Time{}
		return p
	}
	p.Ready = !now.Before(p.At)
	return p
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// After is what there is once the plan is done; k itself where it is not ready.
func (k Keys) After(p Plan, now time.Time) Keys {
	if !p.Ready {
		return k
	}
	now = now.UTC().Truncate(time.Second)
	moved := Keys{k.All()}
	for i := range moved.keys {
		switch key := &moved.keys[i]; {
		case key.ID == p.Key.ID && p.Move == Current:
			key.State, key.Signed = Current, now
		case key.ID == p.Key.ID && p.Move == Gone:
			key.State, key.Ended = Gone, now
		case p.Move == Current && key.State == Current:
			key.State, key.Left = Retiring, now
		}
	}
	return moved.forget()
}

// forget drops the oldest of those that are gone.
func (k Keys) forget() Keys {
	gone := 0
	for _, key := range slices.Backward(k.keys) {
		if key.State != Gone {
			continue
		}
		if gone++; gone > mostGone {
			k.keys = slices.DeleteFunc(k.keys, func(other Key) bool { return other.ID == key.ID })
		}
	}
	return k
}

// Withdraw takes back a key that was announced and has never signed.
func (k Keys) Withdraw() Keys {
	return Keys{slices.DeleteFunc(k.All(), func(key Key) bool { return key.State == Next })}
}
