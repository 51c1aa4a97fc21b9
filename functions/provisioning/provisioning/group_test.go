package provisioning_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// TestALeaverIsInNoGroupOfAFormerName: RAM may be in the way of its new one.
func TestALeaverIsInNoGroupOfAFormerName(t *testing.T) {
	w := newWorld(t)
	w.instance().takes(w.group(1, "dev", false), w.member(2, "7", true), w.person(3, "7", "ada", lifecycle.Active))
	w.wants("group "+prod+" dev", user(prod, "ada", true, "dev"), user(test, "ada", true))
	w.ram.fails = func(what string) error {
		if strings.HasSuffix(what, "engineers") {
			return errors.New("RAM has a group of this name")
		}
		return nil
	}
	w.instance().takes(w.group(4, "engineers", false), w.person(5, "7", "ada", lifecycle.Inactive))
	w.wants("group "+prod+" dev", user(prod, "ada", false), user(test, "ada", false))
}

// TestNobodyIsPutIntoAGroupThatIsBeingRenamed: they would be in two for a while, and in
// more than RAM lets them.
func TestNobodyIsPutIntoAGroupThatIsBeingRenamed(t *testing.T) {
	w := newWorld(t)
	w.instance().takes(w.group(1, "dev", false), w.member(2, "7", true), w.person(3, "7", "ada", lifecycle.Active))
	w.ram.fails = func(what string) error {
		if strings.HasSuffix(what, "engineers") {
			return errors.New("RAM is busy")
		}
		return nil
	}
	w.instance().takes(w.group(4, "engineers", false), w.person(5, "7", "ada", lifecycle.Active))
	w.wants("group "+prod+" dev", user(prod, "ada", true, "dev"), user(test, "ada", false)) // whose rule wants dev
	if waiting := w.waiting(); len(waiting) != 1 || !strings.Contains(waiting[0], `"group"`) {
		t.Errorf("%q wait", waiting)
	}
	w.ram.fails = nil
	w.settles()
	w.wants("group "+prod+" engineers", user(prod, "ada", true, "engineers"), user(test, "ada", false))
}
