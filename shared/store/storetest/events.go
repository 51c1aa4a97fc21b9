package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

func (b bench) events() *store.Events { return store.NewEvents(b.client) }

func (b bench) moment() time.Time { return time.UnixMilli(b.Config.Now().UnixMilli()) }

// eventOf is one that is due now.
func (b bench) eventOf(subject string) store.Event {
	key := randomKey()
	now := b.moment()
	return store.Event{Key: fmt.Sprintf("%x", key), Subject: subject, Body: []byte(`{"kind":"person"}`), First: now, Due: now}
}

func (b bench) appends(known bool, events ...store.Event) {
	b.t.Helper()
	for _, e := range events {
		got, err := b.events().Append(b.t.Context(), e)
		want(b.t, err, "")
		if got != known {
			b.t.Fatalf("%s: known %v, want %v", e.Key, got, known)
		}
	}
}

// waiting are the keys of those of a subject that wait.
func (b bench) waiting(subject string) []string {
	b.t.Helper()
	events, err := b.events().PendingOf(b.t.Context(), subject)
	want(b.t, err, "")
	keys := make([]string, 0, len(events))
	for _, e := range events {
		keys = append(keys, e.Key)
	}
	return keys
}

func (b bench) wantWaiting(subject string, events ...store.Event) {
	b.t.Helper()
	keys := make([]string, 0, len(events))
	for _, e := range events {
		keys = append(keys, e.Key)
	}
	slices.Sort(keys)
	if got := b.waiting(subject); !slices.Equal(got, keys) {
		b.t.Fatalf("of %s there wait %q, want %q", subject, got, keys)
	}
}

func eventLife(b bench) {
	t := b.t
	subject, other := newRevision(), newRevision()+strings.Repeat("x", 2000)
	one, two, three := b.eventOf(subject), b.eventOf(subject), b.eventOf(other)
	b.appends(false, one, two, three, one)
	b.wantWaiting(subject, one, two)
	read, err := b.events().PendingOf(t.Context(), other)
	want(t, err, "")
	three.Version = 1
	if len(read) != 1 || !sameEvent(read[0], three) {
		t.Fatalf("%+v, want %+v", read, three)
	}
	want(t, b.events().Done(t.Context(), b.moment(), one, three), "")
	want(t, b.events().Done(t.Context(), b.moment(), one), "")
	want(t, b.events().Done(t.Context(), b.moment()), "")
	b.appends(true, one, three)
	b.wantWaiting(subject, two)
	b.wantWaiting(other)
	for _, e := range []store.Event{{Key: "a"}, {Subject: "a"}} {
		if _, err := b.events().Append(t.Context(), e); err == nil {
			t.Errorf("%+v was stored", e)
		}
	}
}

func sameEvent(a, b store.Event) bool {
	return a.Key == b.Key && a.Subject == b.Subject && bytes.Equal(a.Body, b.Body) && a.First.Equal(b.First) && a.Due.Equal(b.Due) &&
		a.Attempts == b.Attempts && a.Code == b.Code && a.Detail == b.Detail && a.Version == b.Version
}

func eventLater(b bench) {
	t := b.t
	e := b.eventOf(newRevision())
	b.appends(false, e)
	e.Version = 1
	later := e
	later.Due, later.Attempts, later.Code, later.Detail = e.Due.Add(time.Minute), 1, reason.StoreConflict, "the lease \xff"
	want(t, b.events().Later(t.Context(), later), "")
	want(t, b.events().Later(t.Context(), later), reason.StoreConflict)
	later.Version, later.Detail = 2, "the lease \uFFFD"
	read, err := b.events().PendingOf(t.Context(), e.Subject)
	want(t, err, "")
	if len(read) != 1 || !sameEvent(read[0], later) {
		t.Fatalf("%+v, want %+v", read, later)
	}
	want(t, b.events().Done(t.Context(), b.moment(), e), "")
	want(t, b.events().Later(t.Context(), later), reason.StoreConflict) // what is done does not come back
	b.wantWaiting(e.Subject)
}

// eventDue wants no more than asked for, and of those that are due the same subject's
// together.
func eventDue(b bench) {
	t := b.t
	long := b.moment().Add(-time.Hour * 24 * 365 * 10) // before what other tests leave
	subjects := []string{newRevision(), newRevision()}
	var all []store.Event
	for i := range 7 {
		e := b.eventOf(subjects[i%2])
		e.Due = long.Add(time.Duration(i) * time.Second)
		all = append(all, e)
	}
	b.appends(false, all...)
	due := func(before time.Time, limit int) []string {
		events, err := b.events().Pending(t.Context(), store.Event{}, before, limit)
		want(t, err, "")
		var found []string
		for _, e := range events {
			found = append(found, e.Subject)
		}
		return found
	}
	for _, c := range []struct {
		after time.Duration
		limit int
		n     int
	}{{-time.Second, 500, 0}, {0, 500, 1}, {5 * time.Second, 500, 6}, {time.Minute, 600, 7}, {time.Minute, 3, 3}} {
		found := due(long.Add(c.after), c.limit)
		if len(found) != c.n || len(slices.Compact(slices.Clone(found))) > 2 {
			t.Errorf("until %s, at most %d: %q", c.after, c.limit, found)
		}
	}
	paged := map[string]bool{}
	for last := (store.Event{}); ; {
		events, err := b.events().Pending(t.Context(), last, long.Add(time.Minute), 2)
		want(t, err, "")
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			paged[e.Key] = true
		}
		last = events[len(events)-1]
	}
	if len(paged) != len(all) {
		t.Errorf("by twos %d of %d", len(paged), len(all))
	}
	want(t, b.events().Done(t.Context(), b.moment(), all...), "")
	if found := due(long.Add(time.Minute), 500); len(found) > 0 {
		t.Errorf("what is done is due: %q", found)
	}
}

func deadLife(b bench) {
	t := b.t
	e := b.eventOf(newRevision())
	b.appends(false, e)
	letter := store.DeadLetter{
		Key: e.Key, Subject: e.Subject, Body: bytes.Repeat([]byte("x"), 100<<10), First: e.First, At: b.moment(),
		Attempts: 3, Code: reason.PrincipalInvalid, Detail: strings.Repeat("ä", 3000),
	}
	want(t, b.events().Dead(t.Context(), letter), "")
	want(t, b.events().Dead(t.Context(), letter), "")
	b.wantWaiting(e.Subject)
	b.appends(true, e)
	got, err := b.events().DeadLetter(t.Context(), e.Key)
	want(t, err, "")
	if got.Subject != e.Subject || !bytes.Equal(got.Body, letter.Body) || !got.First.Equal(e.First) || !got.At.Equal(letter.At) ||
		got.Attempts != 3 || got.Code != reason.PrincipalInvalid || len(got.Detail) != 2<<10 {
		t.Errorf("%+v", got)
	}
	now := b.moment().Add(time.Hour)
	want(t, b.events().Retry(t.Context(), e.Key, now), "")
	want(t, b.events().Retry(t.Context(), e.Key, now), reason.NotFound)
	read, err := b.events().PendingOf(t.Context(), e.Subject)
	want(t, err, "")
	if len(read) != 1 || !sameEvent(read[0], store.Event{Key: e.Key, Subject: e.Subject, Body: letter.Body, First: now, Due: now, Version: 1}) {
		t.Errorf("%+v", read)
	}
	want(t, b.events().Dead(t.Context(), letter), "")
	want(t, b.events().Drop(t.Context(), e.Key, now), "")
	want(t, b.events().Drop(t.Context(), e.Key, now), reason.NotFound)
	b.wantWaiting(e.Subject)
	b.appends(true, e)
}

func deadPoison(b bench) {
	t := b.t
	key := newRevision()
	want(t, b.events().Dead(t.Context(), store.DeadLetter{Key: key, Body: bytes.Repeat([]byte("ä"), 100<<10), At: b.moment(), Code: reason.RequestMalformed, Detail: "no JSON"}), "")
	letters, err := b.events().DeadLetters(t.Context())
	want(t, err, "")
	i := slices.IndexFunc(letters, func(l store.DeadLetter) bool { return l.Key == key })
	if i < 0 || len(letters[i].Body) != 4<<10 || letters[i].Code != reason.RequestMalformed || letters[i].Detail != "no JSON" {
		t.Fatalf("%d: %+v", i, letters)
	}
	want(t, b.events().Retry(t.Context(), key, b.moment()), reason.NotFound)
	want(t, b.events().Drop(t.Context(), key, b.moment()), "")
	_, err = b.events().DeadLetter(t.Context(), key)
	want(t, err, reason.NotFound)
}

func subjectConflict(b bench) {
	t := b.t
	idp, id := newRevision(), strings.Repeat("ada", 1000)
	body, version, err := b.people().Subject(t.Context(), idp, "person", id)
	want(t, err, "")
	if body != nil || version != 0 {
		t.Fatalf("%q of version %d", body, version)
	}
	want(t, b.people().PutSubject(t.Context(), idp, "person", id, []byte("one"), 0), "")
	want(t, b.people().PutSubject(t.Context(), idp, "person", id, []byte("other"), 0), reason.StoreConflict)
	want(t, b.people().PutSubject(t.Context(), idp, "person", id, []byte("two"), 1), "")
	want(t, b.people().PutSubject(t.Context(), idp, "person", id, []byte("other"), 1), reason.StoreConflict)
	want(t, b.people().PutSubject(t.Context(), idp, "group", id, []byte("a group"), 0), "")
	want(t, b.people().PutSubject(t.Context(), idp, "group", id, make([]byte, 2<<20+1), 1), reason.RequestTooLarge)
	body, version, err = b.people().Subject(t.Context(), idp, "person", id)
	want(t, err, "")
	if string(body) != "two" || version != 2 {
		t.Errorf("%q of version %d", body, version)
	}
	for _, nobody := range [][3]string{{"", "person", "ada"}, {"@owner", "person", "ada"}, {idp, "", "ada"}, {idp, "person", ""}} {
		if err := b.people().PutSubject(t.Context(), nobody[0], nobody[1], nobody[2], nil, 0); err == nil {
			t.Errorf("%q was stored", nobody)
		}
	}
}

// eventFaults does all that is written about events while f breaks it.
func eventFaults(b bench, f fault) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Request = 250 * time.Millisecond })
	breaks := func(action string) {
		f.Action = action
		b.breaks(f)
	}
	one, two := b.eventOf(newRevision()), b.eventOf(newRevision())
	f.Table = "sso_event"
	breaks("PutRow")
	b.appends(false, one, two)
	breaks("BatchWriteRow")
	want(t, b.events().Done(t.Context(), b.moment(), one), "")
	b.appends(true, one)
	b.wantWaiting(one.Subject)
	two.Version, two.Attempts = 1, 1
	breaks("PutRow")
	want(t, b.events().Later(t.Context(), two), "")
	breaks("DeleteRow")
	want(t, b.events().Dead(t.Context(), store.DeadLetter{Key: two.Key, Subject: two.Subject, Body: two.Body}), "")
	b.wantWaiting(two.Subject)
	breaks("DeleteRow")
	want(t, b.events().Retry(t.Context(), two.Key, b.moment()), "")
	b.wantWaiting(two.Subject, two)
	_, err := b.events().DeadLetter(t.Context(), two.Key)
	want(t, err, reason.NotFound)
	f.Table = "sso_person"
	breaks("PutRow")
	want(t, b.people().PutSubject(t.Context(), one.Subject, "person", "ada", []byte("one"), 0), "")
	breaks("PutRow")
	want(t, b.people().PutSubject(t.Context(), one.Subject, "person", "ada", []byte("two"), 1), "")
}

func runEvents(t *testing.T, open func(*testing.T) Backend) {
	t.Helper()
	for name, run := range map[string]func(bench){
		"AnEventWaitsUntilItIsDone":                    eventLife,
		"AnEventWaitsOnOnlyAsItWasRead":                eventLater,
		"OnlyWhatIsDueIsFound":                         eventDue,
		"ADeadLetterIsTriedAgainOrDropped":             deadLife,
		"WhatIsNoEventIsKeptInPart":                    deadPoison,
		"ASubjectChangesOnlyFromTheVersionThatWasSeen": subjectConflict,
		"APersonsUsersAreFoundInAllAccounts":           holdings,
	} {
		t.Run(name, func(t *testing.T) { run(newBench(t, open(t))) })
	}
	for name, f := range afterCommit() {
		t.Run("AnEventIsWrittenOnce/"+name, func(t *testing.T) {
			if b := open(t); b.Faults != "" {
				eventFaults(newBench(t, b), f)
			}
		})
	}
}

// holdings wants of everybody's users those of some people of one identity provider.
func holdings(b bench) {
	t := b.t
	idp, one, two := newRevision(), newAccount(), newAccount()
	ada, old, bob, other := ownerOf(idp, "ada"), ownerOf(idp, "ada@old"), ownerOf(idp, "bob"), ownerOf(newRevision(), "ada")
	wantOwner(t, b.people(), one, "Ada", ada, ada)
	wantOwner(t, b.people(), one, "ada2", old, old)
	wantOwner(t, b.people(), two, "ada", ada, ada)
	wantOwner(t, b.people(), two, "bob", bob, bob)
	wantOwner(t, b.people(), two, "other", other, other)
	held := func(people ...string) []string {
		list, err := b.people().Holdings(t.Context(), idp, people...)
		want(t, err, "")
		var found []string
		for _, h := range list {
			found = append(found, h.Account+" "+h.User+" "+h.Person)
		}
		return found
	}
	both := []string{one + " ada ada", two + " ada ada"}
	slices.Sort(both)
	if got := held("ada"); !slices.Equal(got, both) {
		t.Errorf("%q, want %q", got, both)
	}
	if got := held("ada", "ada@old"); len(got) != 3 || !slices.Contains(got, one+" ada2 ada@old") {
		t.Errorf("%q", got)
	}
	if got := held("eve"); len(got) > 0 {
		t.Errorf("%q", got)
	}
	if _, err := b.people().Holdings(t.Context(), idp); err == nil {
		t.Error("of nobody there is an answer")
	}
	list, err := b.people().Holdings(t.Context(), idp, "bob")
	want(t, err, "")
	want(t, b.people().LetGo(t.Context(), idp, list[0]), "")
	wantOwner(t, b.people(), two, "bob", ada, ada)
	want(t, b.people().LetGo(t.Context(), idp, list[0]), reason.StoreConflict)
}
