package inbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// TestANameThatIsToldLateIsNotIn, in any order: what is older only adds by what the person
// is called elsewhere.
func TestANameThatIsToldLateIsNotIn(t *testing.T) {
	client := open(t)
	bare := person("", 9, "", lifecycle.Gone) // as a sender says it who knows no more than the ID
	for name, tt := range map[string]struct {
		events []lifecycle.Event
		left   []string
		here   []string
	}{
		"renamed":                 {[]lifecycle.Event{person("", 2, "king", lifecycle.Active), person("", 1, "ada", lifecycle.Active)}, []string{"ada"}, []string{"king"}},
		"renamed and gone":        {[]lifecycle.Event{person("", 3, "king", lifecycle.Gone), person("", 2, "king", lifecycle.Active), person("", 1, "ada", lifecycle.Active)}, []string{"ada", "king"}, nil},
		"gone before any name":    {[]lifecycle.Event{bare, person("", 1, "ada", lifecycle.Active)}, []string{"ada"}, nil},
		"gone, two names":         {[]lifecycle.Event{bare, person("", 1, "ada", lifecycle.Active), person("", 2, "king", lifecycle.Active)}, []string{"ada", "king"}, nil},
		"gone, the elder is last": {[]lifecycle.Event{bare, person("", 2, "king", lifecycle.Active), person("", 1, "ada", lifecycle.Active)}, []string{"ada", "king"}, nil},
	} {
		r := over(client, name)
		for _, e := range tt.events {
			sum := sha256.Sum256([]byte(name + e.Key))
			e.IdP, e.Key = name, hex.EncodeToString(sum[:])
			e.Order.Key = e.Key
			accept(t, r, e)
		}
		for _, who := range append(tt.left, tt.here...) {
			if left, known := r.left[who]; !known || left != slices.Contains(tt.left, who) {
				t.Errorf("%s: left: %v", name, r.left)
			}
		}
	}
}

// TestALateNameIsNotTakenFromWhoHasItNow: it ended for the one when they were called
// otherwise, and not today.
func TestALateNameIsNotTakenFromWhoHasItNow(t *testing.T) {
	r := over(open(t), "okta")
	next := person("okta", 3, "ada", lifecycle.Active)
	next.Person.ID = "8"
	accept(t, r, person("okta", 2, "king", lifecycle.Active), next, person("okta", 4, "king", lifecycle.Gone))
	accept(t, r, person("okta", 1, "ada", lifecycle.Active))
	if r.left["ada"] || !r.left["king"] {
		t.Errorf("left: %v", r.left)
	}
}
