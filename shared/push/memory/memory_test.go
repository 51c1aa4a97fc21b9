package memory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
)

func TestARowIsReadAsItWasWritten(t *testing.T) {
	at := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	account := memory.Account{
		Providers:  map[string]memory.Provider{"p": {Certificates: map[string]memory.Known{"a": {Confirmed: at}, "b": {Confirmed: at.Add(time.Hour), Left: at}, "c": {}}}},
		MaxSession: map[string]int{"acs:ram::12345:role/admin": 7200, "acs:ram::12345:role/none": 0}, Failing: 2,
		Told: []memory.Told{{Kind: "k", Subject: "s"}},
	}
	row, err := account.Row()
	if err != nil || strings.Contains(string(row), "0001") {
		t.Fatalf("%s, %v", row, err)
	}
	read, err := memory.Parse(row)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := read.Row(); err != nil || string(again) != string(row) {
		t.Errorf("%s, %v", again, err)
	}
	for name, want := range map[string]time.Duration{"Admin": 2 * time.Hour, "none": 0, "other": 0} {
		role, err := ram.ParseRoleARN("acs:ram::12345:role/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := read.LongestSession(role); got != want || ok != (want > 0) {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
	for _, c := range []struct {
		names []string
		since time.Time
		ok    bool
	}{
		{[]string{"a"}, at, true},
		{[]string{"a", "b"}, at.Add(time.Hour), true},
		{[]string{"a", "c"}, time.Time{}, false},
		{[]string{"d"}, time.Time{}, false},
		{nil, time.Time{}, false},
	} {
		if since, ok := read.Confirmed("p", c.names...); !since.Equal(c.since) || ok != c.ok {
			t.Errorf("%q: %v, %v", c.names, since, ok)
		}
	}
}

func TestARowThatIsNoneIsRefused(t *testing.T) {
	for _, row := range []string{`[]`, `{`, `{"later":1}`, `{}{}`, `{"failing":"x"}`} {
		if a, err := memory.Parse([]byte(row)); err == nil {
			t.Errorf("%s: %+v", row, a)
		}
	}
	if a, err := memory.Parse(nil); err != nil || a.Failing != 0 {
		t.Errorf("no row: %+v, %v", a, err)
	}
}
