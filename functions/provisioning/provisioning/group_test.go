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
