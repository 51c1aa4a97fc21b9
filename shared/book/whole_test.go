package book_test

import (
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// TestTheWholeIsReadOnce, and is the revision that counts or none.
func TestTheWholeIsReadOnce(t *testing.T) {
	d := newDesk(t)
	reading, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.calls()
	for range 2 {
		whole, err := reading.Whole(t.Context())
		if err != nil || whole.ID() != reading.ID() || len(whole.Accounts()) != len(draft().Accounts) || len(whole.Rules()) != len(draft().Rules) {
			t.Errorf("%s, %v", whole.ID(), err)
		}
	}
	d.want(t, "rows ")
}

func TestAWholeWithARowOfAnotherIsNone(t *testing.T) {
	d := newDesk(t)
	other := draft()
	other.Accounts[0].Alias = "other"
	theirs := d.Revisions[d.Put(t, other).ID()]
	d.Revisions[d.Put(t, draft()).ID()] = theirs
	reading, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = reading.Whole(t.Context())
	refused(t, err, reason.ConfigurationInvalid)
}
