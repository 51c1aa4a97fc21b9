package trust_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
)

func stopsRow(t *testing.T, s trust.Stops) trust.Stops {
	t.Helper()
	row, err := s.Row()
	if err != nil {
		t.Fatal(err)
	}
	back, err := trust.ParseStops(row)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestAStopStandsUntilItIsResumed(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	var none trust.Stops
	one, news := none.Stop("okta", "a", strings.Repeat("x", 5000), at)
	if !news || none.Stopped("okta") || !one.Stopped("okta") || one.Stopped("entra") {
		t.Fatalf("%v %v", news, one)
	}
	one = stopsRow(t, one)
	if stop := one["okta"]; !stop.Since.Equal(at) || stop.By != "a" || len(stop.Why) != 1024 {
		t.Errorf("%+v", stop)
	}
	if _, was := one.Resume("entra", at); was {
		t.Error("nobody stopped entra")
	}
	back, was := one.Resume("okta", at.Add(time.Minute))
	if back = stopsRow(t, back); !was || back.Stopped("okta") || !one.Stopped("okta") {
		t.Errorf("%v", back)
	}
	if again, news := back.Stop("okta", "a", "", at.Add(time.Hour)); news || again.Stopped("okta") {
		t.Error("the same event stopped it again")
	}
	other, news := back.Stop("okta", "b", "more", at.Add(time.Hour))
	if stop := other["okta"]; !news || !other.Stopped("okta") || stop.By != "b" || !stop.Since.Equal(at.Add(time.Hour)) {
		t.Errorf("%v %+v", news, stop)
	}
}

// TestStopsStaySmall: they are read with every sign-in.
func TestStopsStaySmall(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	var s trust.Stops
	for n := range 100 {
		s, _ = s.Stop("okta", fmt.Sprintf("%064d", n), "", at)
		s, _ = s.Stop(fmt.Sprint("idp-", n), "key", "", at)
		s, _ = s.Resume(fmt.Sprint("idp-", n), at)
	}
	if len(s["okta"].Heard) != 16 || len(s) != 101 {
		t.Errorf("%d heard, %d stops", len(s["okta"].Heard), len(s))
	}
	if s, _ = s.Stop("entra", "key", "", at.AddDate(0, 0, 8)); len(s) != 2 || !s.Stopped("okta") {
		t.Errorf("%d stops", len(s))
	}
}

func TestStopsThatCannotBeReadAreNone(t *testing.T) {
	for _, row := range []string{`{}`, `{"v":2}`, `null`, `[]`, `{"v":1,"idps":[]}`} {
		if s, err := trust.ParseStops([]byte(row)); err == nil {
			t.Errorf("%s: %v", row, s)
		}
		if p, err := trust.ParseProposal([]byte(row)); err == nil && row != `{"v":1,"idps":[]}` {
			t.Errorf("%s: %v", row, p)
		}
	}
	if s, err := trust.ParseStops(nil); err != nil || s.Stopped("okta") {
		t.Errorf("%v %v", s, err)
	}
}
