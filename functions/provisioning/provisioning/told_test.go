package provisioning_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/store"
)

func (w *world) event(n int) lifecycle.Event {
	sum := sha256.Sum256(fmt.Append(nil, w.idp, n))
	e := lifecycle.Event{Key: hex.EncodeToString(sum[:]), From: "scim", IdP: w.idp}
	e.Order = lifecycle.Order{At: time.Unix(1_800_000_000+int64(n), 0).UTC(), Key: e.Key}
	return e
}

func (w *world) person(n int, id, name string, status lifecycle.Status) lifecycle.Event {
	e := w.event(n)
	e.Kind = lifecycle.KindPerson
	e.Person = &lifecycle.Person{ID: id, Person: name + "@acme.com", UserName: name, DisplayName: name, Status: status}
	return e
}

func (w *world) group(n int, name string, gone bool) lifecycle.Event {
	e := w.event(n)
	e.Kind, e.Group = lifecycle.KindGroup, &lifecycle.Group{ID: "g", Name: name, Gone: gone}
	return e
}

func (w *world) member(n int, person string, in bool) lifecycle.Event {
	e := w.event(n)
	e.Kind, e.Member = lifecycle.KindMember, &lifecycle.Member{Person: person, Group: "g", In: in}
	return e
}

// waiting are the events that wait, with why.
func (w *world) waiting() []string {
	w.t.Helper()
	events, err := store.NewEvents(w.client).Pending(w.t.Context(), store.Event{}, w.now().Add(1000*time.Hour), 500)
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, e := range events {
		if strings.Contains(e.Subject, `"`+w.idp+`"`) {
			lines = append(lines, fmt.Sprintf("%s %d %s", e.Subject, e.Attempts, e.Code))
		}
	}
	return lines
}

// dead are the codes of all dead letters.
func (w *world) dead() []string {
	w.t.Helper()
	letters, err := store.NewEvents(w.client).DeadLetters(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var codes []string
	for _, l := range letters {
		codes = append(codes, string(l.Code))
	}
	slices.Sort(codes)
	return codes
}

// settles sweeps until nothing waits, as the timer would.
func (w *world) settles() {
	w.t.Helper()
	for range 20 {
		if len(w.waiting()) == 0 {
			return
		}
		w.turn(11 * time.Minute)
		w.instance().sweeps()
	}
	w.t.Fatalf("there still wait %q\n%s", w.waiting(), w.log.String())
}

func (w *world) owners() string {
	w.t.Helper()
	list, err := store.NewPeople(w.client).Owned(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, o := range list {
		if o.Owner.IdP == w.idp {
			lines = append(lines, o.Account+" "+o.User+" "+o.Owner.Person)
		}
	}
	return strings.Join(lines, "\n")
}

func (w *world) wants(want ...string) {
	w.t.Helper()
	slices.Sort(want)
	if got := w.ram.text(); got != strings.Join(want, "\n") {
		w.t.Errorf("RAM has\n%s\nwant\n%s\n%s", got, strings.Join(want, "\n"), w.log.String())
	}
	if len(w.ram.overlap) > 0 {
		w.t.Errorf("two at once: %q", w.ram.overlap)
	}
}
