package book_test

import (
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestOurOwnKeysComeWithARecord: who has read a record asks for nothing more, and
// sees a change after 30 seconds.
func TestOurOwnKeysComeWithARecord(t *testing.T) {
	d := newDesk(t)
	ours := func() own.Keys {
		t.Helper()
		keys, err := d.Book.Own(t.Context(), "test")
		refused(t, err, "")
		return keys
	}
	if _, err := d.Record(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	d.want(t, "front test", "row idp/test/source")
	if !ours().IsZero() {
		t.Error("there are keys that nobody wrote down")
	}
	d.want(t)
	certificates, err := validatetest.New(t).Keys().Parse()
	if err != nil {
		t.Fatal(err)
	}
	if d.Ours, err = own.Begin(certificates[0], own.Place{}, d.now).Row(); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(31 * time.Second)
	if current, _ := ours().In(own.Current); current.ID != own.ID(certificates[0]) {
		t.Errorf("%+v signs", current)
	}
	d.want(t, "front test")
	d.now, d.Ours = d.now.Add(31*time.Second), []byte("{")
	_, err = d.Book.Own(t.Context(), "test")
	refused(t, err, reason.ConfigurationInvalid)
	if _, err := d.Record(t.Context(), "test"); err != nil {
		t.Errorf("a spoilt row of our own keys spoils a record: %v", err)
	}
	_, err = d.Book.Own(t.Context(), "../head")
	refused(t, err, reason.IdPUnknown)
}

// TestOurOwnKeysAreReadAlone, where nobody asks for a record, and once in 30 seconds.
func TestOurOwnKeysAreReadAlone(t *testing.T) {
	d := newDesk(t)
	certificates, err := validatetest.New(t).Keys().Parse()
	if err != nil {
		t.Fatal(err)
	}
	if d.Ours, err = own.Begin(certificates[0], own.Place{}, d.now).Row(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		keys, err := d.Book.Own(t.Context(), "")
		refused(t, err, "")
		if current, _ := keys.In(own.Current); current.ID != own.ID(certificates[0]) {
			t.Errorf("%+v signs", current)
		}
	}
	d.want(t, "own")
	if _, err := d.Record(t.Context(), "test"); err != nil { // brings them too
		t.Fatal(err)
	}
	d.now = d.now.Add(29 * time.Second)
	if _, err := d.Record(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	d.calls()
	d.now, d.Ours = d.now.Add(2*time.Second), []byte("{")
	_, err = d.Book.Own(t.Context(), "")
	refused(t, err, reason.ConfigurationInvalid)
	d.want(t, "own")
	d.now, d.Err = d.now.Add(31*time.Second), reason.New(reason.StoreUnavailable, "down")
	_, err = d.Book.Own(t.Context(), "")
	refused(t, err, reason.StoreUnavailable)
}
