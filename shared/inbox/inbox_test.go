package inbox_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
)

// rooms are a store and who is known there to have left.
type rooms struct {
	*store.Events
	*store.People
	idp string

	mu        sync.Mutex
	left      map[string]bool
	orders    map[string]lifecycle.Order
	calls     int
	breaks    int // the call that fails; 0: none
	committed bool
}

var errBroken = errors.New("broken on purpose")

func open(t *testing.T) *store.Client {
	t.Helper()
	s := stack.Tablestore(t)
	client := store.Open(store.Config{
		Endpoint: s.Tablestore.Endpoint, Instance: s.Tablestore.Instance, Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: s.Tablestore.AccessKeyID, AccessKeySecret: ram.Secret(s.Tablestore.AccessKeySecret)}, nil
		},
	})
	if _, err := store.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return client
}

func over(client *store.Client, idp string) *rooms {
	return &rooms{Events: store.NewEvents(client), People: store.NewPeople(client), idp: idp, left: map[string]bool{}, orders: map[string]lifecycle.Order{}}
}

func (r *rooms) inbox() inbox.Inbox { return inbox.Inbox{Events: r, People: r, Now: time.Now} }

// write fails at the call that is to fail, before or after it took effect.
func (r *rooms) write(do func() error) error {
	r.mu.Lock()
	r.calls++
	broken := r.calls == r.breaks
	r.mu.Unlock()
	if broken && !r.committed {
		return errBroken
	}
	if err := do(); err != nil {
		return err
	}
	if broken {
		return errBroken
	}
	return nil
}

func (r *rooms) Append(ctx context.Context, e inbox.Waiting) (known bool, err error) {
	err = r.write(func() error {
		known, err = r.Events.Append(ctx, e)
		return err
	})
	return known, err
}

func (r *rooms) PutSubject(ctx context.Context, idp, kind, id string, row []byte, version int64) error {
	return r.write(func() error {
		state, err := lifecycle.ParseState(row)
		if err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if p, name := state.Person, inbox.CalledBy(state); p != nil && name != "" && r.left[name] != p.HasLeft() {
			return fmt.Errorf("the state of %s says %s before their standing does", p.Person, p.Status)
		}
		return r.People.PutSubject(ctx, idp, kind, id, row, version)
	})
}

func (r *rooms) Standing(_ context.Context, idp, person string, left bool, order lifecycle.Order, _ time.Time) error {
	return r.write(func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if order.After(r.orders[person]) && idp == r.idp {
			r.left[person], r.orders[person] = left, order
		}
		return nil
	})
}

func key(idp string, n int) string {
	sum := sha256.Sum256(fmt.Append(nil, idp, n))
	return hex.EncodeToString(sum[:])
}

func event(idp string, n int) lifecycle.Event {
	e := lifecycle.Event{Key: key(idp, n), From: "scim", IdP: idp}
	e.Order = lifecycle.Order{At: time.Unix(1_800_000_000+int64(n), 0).UTC(), Key: e.Key}
	return e
}

func person(idp string, n int, name string, status lifecycle.Status) lifecycle.Event {
	e := event(idp, n)
	e.Kind, e.Person = lifecycle.KindPerson, &lifecycle.Person{ID: "7", Person: name, UserName: name, Status: status}
	return e
}

func member(idp string, n int, group string) lifecycle.Event {
	e := event(idp, n)
	e.Kind, e.Member = lifecycle.KindMember, &lifecycle.Member{Person: "7", Group: group, In: true}
	return e
}

func (r *rooms) state(t *testing.T) lifecycle.State {
	t.Helper()
	row, _, err := r.Subject(t.Context(), r.idp, "person", "7")
	if err != nil {
		t.Fatal(err)
	}
	s, err := lifecycle.ParseState(row)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func accept(t *testing.T, r *rooms, events ...lifecycle.Event) {
	t.Helper()
	if err := r.inbox().Accept(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

func TestAnOlderEventNeverUndoesANewer(t *testing.T) {
	client := open(t)
	active, left := person("okta", 1, "ada", lifecycle.Active), person("okta", 2, "ada", lifecycle.Inactive)
	r := over(client, "okta")
	accept(t, r, left)
	accept(t, r, active)
	if s := r.state(t); s.Person.Status != lifecycle.Inactive || !r.left["ada"] {
		t.Errorf("%+v, left %v", s.Person, r.left)
	}
	accept(t, r, active, left, active)
	waiting, err := r.PendingOf(t.Context(), left.Subject().String())
	if err != nil || len(waiting) != 2 {
		t.Errorf("%+v, %v", waiting, err)
	}
}

// TestWhoIsCalledOtherwiseHasLeftUnderTheOldName, or a session of that would outlive them;
// who has the name next has not.
func TestWhoIsCalledOtherwiseHasLeftUnderTheOldName(t *testing.T) {
	r := over(open(t), "okta")
	accept(t, r, person("okta", 1, "ada", lifecycle.Active), person("okta", 2, "lovelace", lifecycle.Active))
	accept(t, r, person("okta", 1, "ada", lifecycle.Active)) // again
	accept(t, r, person("okta", 3, "king", lifecycle.Active))
	if r.left["king"] || !r.left["lovelace"] {
		t.Errorf("left: %v", r.left)
	}
	next := person("okta", 4, "lovelace", lifecycle.Active)
	next.Person.ID = "8"
	accept(t, r, next)
	accept(t, r, person("okta", 5, "king", lifecycle.Gone))
	if !r.left["king"] || r.left["lovelace"] {
		t.Errorf("left: %v", r.left)
	}
}

func TestWhatIsDoneIsNotTakenInAgain(t *testing.T) {
	r := over(open(t), "okta")
	e := person("okta", 1, "ada", lifecycle.Active)
	accept(t, r, e)
	subject := e.Subject().String()
	waiting, err := r.PendingOf(t.Context(), subject)
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%+v, %v", waiting, err)
	}
	if err := r.Done(t.Context(), time.Now(), waiting...); err != nil {
		t.Fatal(err)
	}
	accept(t, r, e)
	if waiting, err = r.PendingOf(t.Context(), subject); err != nil || len(waiting) > 0 {
		t.Errorf("%+v, %v", waiting, err)
	}
	bad := e
	bad.Key = "none"
	if err := r.inbox().Accept(t.Context(), bad); err == nil {
		t.Error("an event without a key was taken in")
	}
}

func TestManyAtOnceAreAllMerged(t *testing.T) {
	r := over(open(t), "okta")
	var wait sync.WaitGroup
	errs := make([]error, 30)
	for n := range errs {
		wait.Go(func() { errs[n] = r.inbox().Accept(t.Context(), member("okta", n, fmt.Sprint("group ", n))) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := r.state(t).Groups(true); len(got) != len(errs) {
		t.Errorf("%d groups, want %d: %q", len(got), len(errs), got)
	}
}

// TestWhoeverIsCutOffIsRepeated breaks every write in turn, before and after it took
// effect: what is repeated comes to the same.
func TestWhoeverIsCutOffIsRepeated(t *testing.T) {
	client := open(t)
	for _, committed := range []bool{false, true} {
		for at := 1; ; at++ {
			idp := fmt.Sprintf("idp-%v-%d", committed, at)
			r := over(client, idp)
			r.breaks, r.committed = at, committed
			events := []lifecycle.Event{person(idp, 2, "ada", lifecycle.Active), member(idp, 1, "g"), person(idp, 3, "lovelace", lifecycle.Inactive)}
			broke := false
			for _, e := range events {
				err := r.inbox().Accept(t.Context(), e)
				if errors.Is(err, errBroken) {
					broke = true
					err = r.inbox().Accept(t.Context(), e)
				}
				if err != nil {
					t.Fatalf("write %d: %v", at, err)
				}
			}
			s := r.state(t)
			if s.Person.Person != "lovelace" || s.Person.Status != lifecycle.Inactive || !slices.Equal(s.Groups(true), []string{"g"}) || !r.left["ada"] || !r.left["lovelace"] {
				t.Errorf("write %d: %+v, left %v", at, s.Person, r.left)
			}
			if !broke {
				break
			}
		}
	}
}
