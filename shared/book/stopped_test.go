package book_test

import (
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// stop has an event stop an identity provider, or somebody resume it.
func (d *desk) stop(t *testing.T, idp string, stops bool) {
	t.Helper()
	there, err := trust.ParseStops(d.Stop)
	if err != nil {
		t.Fatal(err)
	}
	if stops {
		there, _ = there.Stop(idp, d.now.String(), "", d.now)
	} else {
		there, _ = there.Resume(idp, d.now)
	}
	if d.Stop, err = there.Row(); err != nil {
		t.Fatal(err)
	}
}

// suspended says of all that knows of identity providers which it takes for suspended.
func (d *desk) suspended(t *testing.T) map[string]bool {
	t.Helper()
	reading, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole, err := reading.Whole(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listed, err := reading.IdentityProviders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, l := range listed {
		record, err := d.Record(t.Context(), l.ID)
		if err != nil {
			t.Fatal(err)
		}
		part, err := reading.Part(t.Context(), l.ID)
		if err != nil {
			t.Fatal(err)
		}
		of, _ := part.IdentityProvider(l.ID)
		in, _ := whole.IdentityProvider(l.ID)
		found[l.ID] = record.Suspended()
		for from, says := range map[string]bool{"the list": l.Suspended, "the part": of.Suspended, "the whole": in.Suspended} {
			if says != record.Suspended() {
				t.Errorf("%s of %s: %v, the record: %v", from, l.ID, says, record.Suspended())
			}
		}
		if part.ID() != reading.ID() || record.Revision() != reading.ID() {
			t.Error("of another revision")
		}
	}
	return found
}

func (d *desk) wantSuspended(t *testing.T, test, second bool) {
	t.Helper()
	if got := d.suspended(t); got["test"] != test || got["second"] != second {
		t.Errorf("%v, want %v and %v", got, test, second)
	}
}

// TestWhoWasStoppedIsSuspendedEverywhere within 30 seconds, and so is who is resumed not.
func TestWhoWasStoppedIsSuspendedEverywhere(t *testing.T) {
	d := newDesk(t)
	d.wantSuspended(t, false, false)
	d.stop(t, "test", true)
	d.wantSuspended(t, false, false)
	d.now = d.now.Add(30 * time.Second)
	d.wantSuspended(t, true, false)
	d.stop(t, "test", false)
	d.stop(t, "second", true)
	d.now = d.now.Add(30 * time.Second)
	d.wantSuspended(t, false, true)
}

// TestAStopCostsNothing: it comes with what is read anyway, and a reading that began
// before stays as it was.
func TestAStopCostsNothing(t *testing.T) {
	d := newDesk(t)
	if _, err := d.Record(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	before, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.Part(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	d.calls()
	d.stop(t, "test", true)
	d.now = d.now.Add(30 * time.Second)
	record, err := d.Record(t.Context(), "test")
	if err != nil || !record.Suspended() {
		t.Fatalf("%v", err)
	}
	d.want(t, "front test")
	after, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for reading, want := range map[*book.Reading]bool{before: false, after: true} {
		part, err := reading.Part(t.Context(), "test")
		if source, ok := part.IdentityProvider("test"); err != nil || !ok || source.Suspended != want {
			t.Errorf("%v, %v, want %v", source.Suspended, err, want)
		}
	}
	d.want(t)
}

// TestNobodyIsBelievedWhereTheStopsCannotBeRead: they may name whom not to.
func TestNobodyIsBelievedWhereTheStopsCannotBeRead(t *testing.T) {
	d := newDesk(t)
	d.Stop = []byte(`{"v":2}`)
	_, err := d.Record(t.Context(), "test")
	refused(t, err, reason.StoreUnavailable)
	_, err = d.Read(t.Context())
	refused(t, err, reason.StoreUnavailable)
	d.Stop = nil
	d.wantSuspended(t, false, false)
}
