package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// said is the order of an event.
func said(n int) lifecycle.Order {
	return lifecycle.Order{Version: int64(n), At: time.Unix(1_700_000_000, int64(n)), Key: fmt.Sprintf("%064x", n)}
}

// stands writes a standing at a moment, and wants what is known then.
func (k known) stands(left bool, order int, now, validFrom time.Time, wantLeft bool) {
	k.t.Helper()
	want(k.t, k.p.Standing(k.t.Context(), k.idp, "ada", left, said(order), now), "")
	there := k.of("ada")
	alone, err := k.p.Left(k.t.Context(), k.idp, "ada")
	want(k.t, err, "")
	if there.Left != wantLeft || alone != wantLeft || !there.ValidFrom.Equal(validFrom) {
		k.t.Fatalf("event %d, left %v: %+v, %v alone, want %v since %s", order, left, there, alone, wantLeft, validFrom)
	}
}

func standingMoves(k known) {
	k.t.Helper()
	at := time.Unix(1_800_000_000, 123_456_789)
	if left, err := k.p.Left(k.t.Context(), k.idp, "ada"); left || err != nil {
		k.t.Fatal(left, err)
	}
	k.stands(false, 1, at, time.Time{}, false) // who joined has no session that would have to end
	k.stands(true, 2, at, at, true)
	k.stands(true, 2, at.Add(time.Hour), at, true) // the same once more
	k.stands(true, 3, at.Add(-time.Hour), at, true)
	k.favour(1)
	k.wantMarks(k.of("ada").Favourites, 1)
	if !k.of("ada").Left || k.of("bob").Left {
		k.t.Error("a favourite brings somebody back, or bob has left")
	}
}

func standingOlder(k known) {
	k.t.Helper()
	at := time.Unix(1_800_000_000, 0)
	k.stands(true, 12, at, at, true)
	k.stands(false, 9, at.Add(1), at, true) // 9 is after 12 as a text that is not padded
	k.stands(false, 11, at.Add(1), at, true)
	k.stands(false, 100, at, at, false)
	k.stands(true, 99, at.Add(time.Hour), at, false)
}

// standingBack: a session that was just being opened while its person left would count
// once they are back.
func standingBack(k known) {
	k.t.Helper()
	at := time.Unix(1_800_000_000, 0)
	k.stands(true, 1, at, at, true)
	k.stands(false, 2, at.Add(time.Hour), at.Add(time.Hour), false)
	k.stands(false, 3, at.Add(2*time.Hour), at.Add(time.Hour), false) // who is here stays signed in
}

func standingRace(k known) {
	t := k.t
	t.Helper()
	const many = 4 // as often as one write is tried again, less one
	at := time.Unix(1_800_000_000, 0)
	for round := range 10 {
		person := fmt.Sprint("person ", round)
		errs := make([]error, many)
		var wait sync.WaitGroup
		for i := range many {
			order := (i*3 + round) % many
			wait.Go(func() {
				errs[i] = k.p.Standing(t.Context(), k.idp, person, order%2 == round%2, said(order), at.Add(time.Duration(order)))
			})
		}
		wait.Wait()
		want(t, errors.Join(errs...), "")
		if there := k.of(person); there.Left != ((many-1)%2 == round%2) {
			t.Fatalf("round %d: %+v", round, there)
		}
	}
}

// standingEnds: an operator ends sessions while an event says that their person has left.
func standingEnds(k known) {
	t := k.t
	t.Helper()
	at := time.Unix(1_800_000_000, 0)
	for round := range 10 {
		person := fmt.Sprint("person ", round)
		var wait sync.WaitGroup
		var one, other error
		wait.Go(func() { one = k.p.EndSessions(t.Context(), k.idp, person, at.Add(time.Second)) })
		wait.Go(func() { other = k.p.Standing(t.Context(), k.idp, person, true, said(1), at) })
		wait.Wait()
		want(t, errors.Join(one, other), "")
		if there := k.of(person); !there.Left || !there.ValidFrom.Equal(at.Add(time.Second)) {
			t.Fatalf("round %d: %+v", round, there)
		}
	}
}

// standingOnce breaks the writing of a standing.
func standingOnce(b bench, f fault) {
	b = b.with(func(c *store.Config) { c.Request = 250 * time.Millisecond })
	k := known{b.t, b.people(), b.sessions(), "idp" + newAccount()}
	f.Table, f.Action = "sso_person", "UpdateRow"
	at := time.Unix(1_800_000_000, 5)
	b.breaks(f)
	k.stands(true, 1, at, at, true)
	b.breaks(f)
	k.stands(false, 2, at.Add(1), at.Add(1), false)
}

// standingNoAnswer: nobody comes in by a store's silence.
func standingNoAnswer(b bench) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Budget = 100 * time.Millisecond })
	people, idp := b.people(), "idp"+newAccount()
	for _, action := range []string{"GetRow", "UpdateRow"} {
		b.breaks(fault{Table: "sso_person", Action: action, Kind: "lost", Times: 100})
		want(t, people.Standing(t.Context(), idp, "ada", true, said(1), time.Unix(1_800_000_000, 0)), reason.StoreUnavailable)
	}
	b.breaks(fault{Table: "sso_person", Action: "GetRow", Kind: "error", Code: "OTSServerBusy", Times: 100})
	left, err := people.Left(t.Context(), idp, "ada")
	if want(t, err, reason.StoreUnavailable); left {
		t.Error("an answer beside a refusal")
	}
}
