package provisioning_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/store"
)

func TestALeaverLosesWhatTheySignedInAs(t *testing.T) {
	w := newWorld(t)
	people := store.NewPeople(w.client)
	w.instance().takes(w.person(1, "7", "ada", lifecycle.Active))
	if _, err := people.Claim(t.Context(), prod, "root.ada", store.Owner{IdP: w.idp, Person: "ada@acme.com", Since: w.now()}); err != nil {
		t.Fatal(err)
	}
	w.ram.users[prod+" root.ada"] = userThere{Display: "root.ada", Active: true}
	w.instance().takes(w.person(2, "7", "ada", lifecycle.Active))
	w.wants(user(prod, "ada", true), user(prod, "root.ada", true))
	w.instance().takes(w.person(3, "7", "ada", lifecycle.Inactive))
	w.wants(user(prod, "ada", false), user(prod, "root.ada", false))
	known, _, err := people.Known(t.Context(), w.idp, "ada@acme.com", [32]byte{})
	if err != nil || !known.Left || known.ValidFrom.IsZero() {
		t.Errorf("%+v, %v", known, err)
	}
}

func TestALeaverIsOutBeforeRAMAnswers(t *testing.T) {
	w := newWorld(t)
	w.instance().takes(w.person(1, "7", "ada", lifecycle.Active))
	w.ram.fails = func(string) error { return errors.New("throttled") }
	w.instance().takes(w.person(2, "7", "ada", lifecycle.Gone))
	known, _, err := store.NewPeople(w.client).Known(t.Context(), w.idp, "ada@acme.com", [32]byte{})
	if err != nil || !known.Left {
		t.Errorf("%+v, %v", known, err)
	}
	w.wants(user(prod, "ada", true))
	w.ram.fails = nil
	w.settles()
	w.wants(user(prod, "ada", false))
}

func (w *world) signIn(n int, person, name string) lifecycle.Event {
	e := w.event(n)
	e.Kind = lifecycle.KindSignIn
	e.SignIn = &lifecycle.SignIn{Person: person, Account: prod, User: name + "@acme.onaliyun.com", DisplayName: name}
	return e
}

func TestAUserIsMadeAtTheFirstSignIn(t *testing.T) {
	w := newWorld(t)
	w.instance().takes(w.signIn(1, "ada@acme.com", "ada"))
	w.wants(user(prod, "ada", true))
	if !w.made[prod+" ada"] || w.owners() != prod+" ada ada@acme.com" {
		t.Errorf("made %v, owners %s", w.made, w.owners())
	}
	w.instance().takes(w.person(2, "7", "bob", lifecycle.Inactive))
	w.instance().takes(w.signIn(3, "bob@acme.com", "bob"))
	w.wants(user(prod, "ada", true))
	stranger := w.signIn(4, "eve@acme.com", "ada")
	w.instance().takes(stranger)
	w.wants(user(prod, "ada", true))
	if dead := w.dead(); !slices.Equal(dead, []string{"principal_taken"}) {
		t.Errorf("%q", dead)
	}
}

// TestWhoLeavesWhileTheirUserIsMadeHasNone: the event that says so finds nothing in RAM.
func TestWhoLeavesWhileTheirUserIsMadeHasNone(t *testing.T) {
	w := newWorld(t)
	var begun atomic.Bool
	w.ram.during = func(string) {
		if begun.CompareAndSwap(false, true) {
			w.instance().takes(w.person(2, "7", "ada", lifecycle.Inactive))
		}
	}
	w.instance().takes(w.signIn(1, "ada@acme.com", "ada"))
	w.ram.overlap = nil // they are two subjects, and each has its lease
	w.wants(user(prod, "ada", false))
}

// TestTwoWhoAreCalledAlikeAreOnePerson: an identity provider may give somebody who comes
// back another ID. By the newest word about the name it is known whether they are here.
func TestTwoWhoAreCalledAlikeAreOnePerson(t *testing.T) {
	t.Run("who left is not let back by what was before", func(t *testing.T) {
		w := newWorld(t)
		w.instance().takes(w.person(1, "7", "ada", lifecycle.Active), w.person(3, "7", "ada", lifecycle.Gone))
		w.instance().takes(w.person(2, "8", "ada", lifecycle.Active))
		w.settles()
		w.wants(user(prod, "ada", false))
	})
	t.Run("who is back is not sent away by what was before", func(t *testing.T) {
		w := newWorld(t)
		w.instance().takes(w.person(1, "7", "ada", lifecycle.Active))
		w.instance().takes(w.person(3, "8", "ada", lifecycle.Active))
		w.instance().takes(w.person(2, "7", "ada", lifecycle.Gone))
		w.settles()
		w.wants(user(prod, "ada", true))
	})
}
