package lifecycle_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

func key(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return hex.EncodeToString(sum[:])
}

// event makes the n-th event of a sender. Some come at one time, and some are counted.
func event(n int, counted bool) lifecycle.Event {
	e := lifecycle.Event{Key: key(n), From: "eventbridge", IdP: "okta"}
	e.Order = lifecycle.Order{At: time.Unix(1_700_000_000+int64(n/2), 0).UTC(), Key: e.Key}
	if counted {
		e.Order.Version = int64(n / 3)
	}
	return e
}

func person(n int, counted bool, status lifecycle.Status) lifecycle.Event {
	e := event(n, counted)
	e.Kind = lifecycle.KindPerson
	e.Person = &lifecycle.Person{ID: "7", Person: "ada@acme.com", UserName: fmt.Sprintf("ada%d", n), Status: status}
	return e
}

func member(n int, counted bool, group string, in bool) lifecycle.Event {
	e := event(n, counted)
	e.Kind = lifecycle.KindMember
	e.Member = &lifecycle.Member{Person: "7", Group: group, In: in}
	return e
}

func group(n int, gone bool) lifecycle.Event {
	e := event(n, false)
	e.Kind = lifecycle.KindGroup
	e.Group = &lifecycle.Group{ID: "g", Name: fmt.Sprintf("sre-%d", n), Gone: gone}
	return e
}

func merged(t *testing.T, events ...lifecycle.Event) lifecycle.State {
	t.Helper()
	var s lifecycle.State
	for _, e := range events {
		var err error
		if s, _, err = s.Merge(e); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestAnyOrderComesToTheSame shuffles events of which each comes one to three times.
func TestAnyOrderComesToTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		counted := round%2 == 0
		var ordered []lifecycle.Event
		for n := range 12 {
			switch random.IntN(4) {
			case 0:
				ordered = append(ordered, person(n, counted, []lifecycle.Status{lifecycle.Active, lifecycle.Inactive, lifecycle.Gone}[random.IntN(3)]))
			default:
				ordered = append(ordered, member(n, counted, string(rune('a'+random.IntN(3))), random.IntN(2) == 0))
			}
		}
		slices.SortFunc(ordered, func(a, b lifecycle.Event) int { return a.Order.Compare(b.Order) })
		var delivered []lifecycle.Event
		for _, e := range ordered {
			for range 1 + random.IntN(3) {
				delivered = append(delivered, e)
			}
		}
		random.Shuffle(len(delivered), func(i, j int) { delivered[i], delivered[j] = delivered[j], delivered[i] })
		want, got := rowOf(t, merged(t, ordered...)), rowOf(t, merged(t, delivered...))
		if got != want {
			t.Fatalf("round %d:\n%s\n%s", round, got, want)
		}
	}
}

func rowOf(t *testing.T, s lifecycle.State) string {
	t.Helper()
	row, err := s.Row()
	if err != nil {
		t.Fatal(err)
	}
	back, err := lifecycle.ParseState(row)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Row()
	if err != nil || string(again) != string(row) {
		t.Fatalf("%s\n%s %v", row, again, err)
	}
	return string(row)
}

func TestOlderNeverUndoesNewer(t *testing.T) {
	s := merged(t, person(8, false, lifecycle.Inactive))
	after, _, err := s.Merge(person(2, false, lifecycle.Active))
	if p, ok := after.Wanted(false); err != nil || !ok || p.Status != lifecycle.Inactive || p.UserName != "ada8" {
		t.Errorf("%v %v %+v", err, ok, p)
	}
	if _, news, _ := s.Merge(person(2, false, lifecycle.Inactive)); news {
		t.Error("what was over already was news")
	}
	if _, news, _ := s.Merge(person(8, false, lifecycle.Inactive)); news {
		t.Error("the same event was news")
	}
}

func TestWhoComesBackHasNoFormerGroups(t *testing.T) {
	s := merged(t, person(1, false, lifecycle.Active), member(2, false, "a", true), person(4, false, lifecycle.Gone),
		member(3, false, "b", true), // late
		person(6, false, lifecycle.Active), member(8, false, "c", true))
	if in, out := s.Groups(true), s.Groups(false); !slices.Equal(in, []string{"c"}) || !slices.Equal(out, []string{"a", "b"}) {
		t.Errorf("in %q, out of %q", in, out)
	}
	paused := merged(t, member(2, false, "a", true), person(4, false, lifecycle.Inactive), person(6, false, lifecycle.Active))
	if got := paused.Groups(true); !slices.Equal(got, []string{"a"}) {
		t.Errorf("who was only inactive lost groups: %q", got)
	}
}

func TestWhoWasNeverActiveNeedsNoUser(t *testing.T) {
	for what, c := range map[string]struct {
		events        []lifecycle.Event
		kept, removed lifecycle.Status // "": no user
		name          string
	}{
		"nobody":                        {},
		"staged":                        {[]lifecycle.Event{person(1, false, lifecycle.Inactive)}, "", "", ""},
		"joined":                        {[]lifecycle.Event{person(1, false, lifecycle.Active), person(3, false, lifecycle.Active)}, lifecycle.Active, lifecycle.Active, "ada3"},
		"suspended":                     {[]lifecycle.Event{person(1, false, lifecycle.Active), person(3, false, lifecycle.Inactive)}, lifecycle.Inactive, lifecycle.Inactive, "ada3"},
		"removed":                       {[]lifecycle.Event{person(1, false, lifecycle.Active), person(3, false, lifecycle.Gone)}, lifecycle.Gone, lifecycle.Gone, "ada1"},
		"removed, and came back":        {[]lifecycle.Event{person(1, false, lifecycle.Gone), person(3, false, lifecycle.Active)}, lifecycle.Active, lifecycle.Active, "ada3"},
		"removed, and staged again":     {[]lifecycle.Event{person(1, false, lifecycle.Active), person(3, false, lifecycle.Gone), person(5, false, lifecycle.Inactive)}, lifecycle.Inactive, lifecycle.Gone, "ada5"},
		"removed before they ever came": {[]lifecycle.Event{person(1, false, lifecycle.Gone)}, "", "", ""},
	} {
		s := merged(t, c.events...)
		for removes, want := range map[bool]lifecycle.Status{false: c.kept, true: c.removed} {
			p, ok := s.Wanted(removes)
			if ok != (want != "") || p.Status != want || p.UserName != c.name {
				t.Errorf("%s, removes %v: %v %+v", what, removes, ok, p)
			}
		}
	}
}

func TestNobodyIsInAGroupSinceBeforeItWasGone(t *testing.T) {
	s := merged(t, group(2, false), group(6, true), group(10, false))
	edge := func(n int) lifecycle.Edge { return lifecycle.Edge{In: true, Order: event(n, false).Order} }
	if s.Has(edge(4)) || !s.Has(edge(8)) || merged(t, group(6, true)).Has(edge(8)) || (lifecycle.State{}).Has(edge(8)) {
		t.Error("an edge counts that should not, or does not that should")
	}
}

func TestTextsCompareAsOrdersDo(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		a, b := event(random.IntN(20), random.IntN(2) == 0).Order, event(random.IntN(20), random.IntN(2) == 0).Order
		if a.Compare(b) != strings.Compare(a.Text(), b.Text()) {
			t.Fatalf("%v %v", a, b)
		}
	}
	if (lifecycle.Order{}).Text() != "" || (lifecycle.Order{}).After(lifecycle.Order{}) {
		t.Error("nothing has an order")
	}
}

func TestPeopleHaveNotEndlesslyManyGroups(t *testing.T) {
	var s lifecycle.State
	var err error
	for n := 0; err == nil; n++ {
		if n > 5000 {
			t.Fatal("no limit")
		}
		s, _, err = s.Merge(member(n, false, fmt.Sprint(n), true))
	}
	if row := rowOf(t, s); len(row) > 1<<20 {
		t.Errorf("a row of %d bytes", len(row))
	}
}

func TestEventsThatNameNobodyAreRefused(t *testing.T) {
	good := person(1, false, lifecycle.Active)
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*lifecycle.Event){
		"no key":       func(e *lifecycle.Event) { e.Key = "" },
		"another key":  func(e *lifecycle.Event) { e.Order.Key = key(9) },
		"no time":      func(e *lifecycle.Event) { e.Order.At = time.Time{} },
		"before 1970":  func(e *lifecycle.Event) { e.Order.At = time.Unix(-1, 0) },
		"negative":     func(e *lifecycle.Event) { e.Order.Version = -1 },
		"no idp":       func(e *lifecycle.Event) { e.IdP = " " },
		"no kind":      func(e *lifecycle.Event) { e.Kind = "" },
		"no part":      func(e *lifecycle.Event) { e.Person = nil },
		"another part": func(e *lifecycle.Event) { e.Kind = lifecycle.KindGroup },
		"no id":        func(e *lifecycle.Event) { e.Person.ID = "" },
		"no text":      func(e *lifecycle.Event) { e.Person.ID = "\xff" },
		"no status":    func(e *lifecycle.Event) { e.Person.Status = "retired" },
		"long name":    func(e *lifecycle.Event) { e.Person.UserName = strings.Repeat("a", 2000) },
		"long value":   func(e *lifecycle.Event) { e.Person.Attributes = map[string][]string{"a": {strings.Repeat("a", 2000)}} },
		"many values":  func(e *lifecycle.Event) { e.Person.Attributes = map[string][]string{"a": make([]string, 201)} },
		"long proposal": func(e *lifecycle.Event) {
			e.Kind, e.Proposal = lifecycle.KindPropose, json.RawMessage(strings.Repeat("1", 1<<17))
		},
		"no group":      func(e *lifecycle.Event) { e.Kind, e.Member = lifecycle.KindMember, &lifecycle.Member{Person: "7"} },
		"no group name": func(e *lifecycle.Event) { e.Kind, e.Group = lifecycle.KindGroup, &lifecycle.Group{ID: "g"} },
		"no user": func(e *lifecycle.Event) {
			e.Kind, e.SignIn = lifecycle.KindSignIn, &lifecycle.SignIn{Person: "p", Account: "1"}
		},
	} {
		e := good
		p := *good.Person
		e.Person = &p
		spoil(&e)
		if e.Check() == nil {
			t.Errorf("%s: it passes", what)
		}
	}
}

func TestSubjectsAreFoundAgain(t *testing.T) {
	signin := event(1, false)
	signin.Kind, signin.SignIn = lifecycle.KindSignIn, &lifecycle.SignIn{Person: "ada@acme.com", Account: "1234567890123456", User: "ada@acme.onaliyun.com"}
	for _, e := range []lifecycle.Event{person(1, false, lifecycle.Gone), member(1, false, "g", true), group(1, true), signin} {
		s, err := lifecycle.ParseSubject(e.Subject().String())
		if err != nil || s != e.Subject() || s.IsZero() {
			t.Errorf("%v %v %v", s, e.Subject(), err)
		}
	}
	if s := (lifecycle.Event{Kind: lifecycle.KindSuspend, IdP: "okta"}).Subject(); !s.IsZero() {
		t.Errorf("%v", s)
	}
	for _, text := range []string{"", "null", "{}", `{"idp":"okta","kind":"suspend","id":"x"}`, `{"idp":"okta","kind":"person","id":""}`} {
		if s, err := lifecycle.ParseSubject(text); err == nil {
			t.Errorf("%s: %v", text, s)
		}
	}
	if member(1, false, "g", true).Subject() != person(2, false, lifecycle.Active).Subject() {
		t.Error("a membership is not the person's")
	}
}

func TestAnotherVersionsRowIsNotRead(t *testing.T) {
	for _, row := range []string{`{"v":2}`, `{}`, `null`, `x`} {
		if s, err := lifecycle.ParseState([]byte(row)); err == nil {
			t.Errorf("%s: %+v", row, s)
		}
	}
	if s, err := lifecycle.ParseState(nil); err != nil || !s.Newest().IsZero() {
		t.Errorf("%+v %v", s, err)
	}
}

func TestALeaseIsHeldUntilItRunsOut(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := lifecycle.Lease{Owner: "a", Until: now.Add(time.Second)}
	if l.Held("a", now) || !l.Held("b", now) || l.Held("b", now.Add(time.Second)) || (lifecycle.Lease{}).Held("b", now) {
		t.Error("held by nobody, or not by somebody")
	}
}
