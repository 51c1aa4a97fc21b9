package book_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func roleARN(t *testing.T, account, name string) ram.RoleARN {
	t.Helper()
	role, err := ram.ParseRoleARN("acs:ram::" + account + ":role/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return role
}

// remembered is the row of an account with these roles.
func remembered(t *testing.T, most time.Duration, roles ...ram.RoleARN) []byte {
	t.Helper()
	account := memory.Account{MaxSession: map[string]int{}}
	for _, role := range roles {
		account.MaxSession[memory.RoleKey(role)] = int(most / time.Second)
	}
	row, err := account.Row()
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// TestHowLongARoleLastsIsReadOnce in 30 seconds, of all accounts at once.
func TestHowLongARoleLastsIsReadOnce(t *testing.T) {
	d := newDesk(t)
	admin, shouted, other, far := roleARN(t, prod, "admin"), roleARN(t, prod, "ADMIN"), roleARN(t, prod, "other"), roleARN(t, dev, "admin")
	d.RAM = map[string][]byte{prod: remembered(t, 2*time.Hour, admin)}
	for _, step := range []struct {
		passed time.Duration
		calls  []string
	}{{0, []string{"accounts " + prod + " " + dev}}, {29 * time.Second, nil}, {time.Second, []string{"accounts " + prod + " " + dev}}, {-time.Minute, []string{"accounts " + prod + " " + dev}}} {
		d.now = d.now.Add(step.passed)
		longest, err := d.Longest(t.Context(), admin, shouted, other, far)
		if err != nil || len(longest) != 2 || longest[admin] != 2*time.Hour || longest[shouted] != 2*time.Hour {
			t.Errorf("%v, %v", longest, err)
		}
		d.want(t, step.calls...)
	}
	if longest, err := d.Longest(t.Context()); len(longest) != 0 || err != nil {
		t.Errorf("of no role: %v, %v", longest, err)
	}
	d.want(t)
}

// TestWhatRotationSeesCountsWithin30Seconds, also of an account that it did not know.
func TestWhatRotationSeesCountsWithin30Seconds(t *testing.T) {
	d := newDesk(t)
	admin, far := roleARN(t, prod, "admin"), roleARN(t, dev, "admin")
	d.RAM = map[string][]byte{prod: remembered(t, 2*time.Hour, admin)}
	if _, err := d.Longest(t.Context(), admin, far); err != nil {
		t.Fatal(err)
	}
	d.RAM = map[string][]byte{prod: remembered(t, time.Hour, admin), dev: remembered(t, 12*time.Hour, far)}
	d.now = d.now.Add(30 * time.Second)
	longest, err := d.Longest(t.Context(), admin, far)
	if err != nil || longest[admin] != time.Hour || longest[far] != 12*time.Hour {
		t.Errorf("%v, %v", longest, err)
	}
}

// TestARowThatCannotBeReadSaysNothing of how long its roles last; a store that does not
// answer is refused, and asked again.
func TestARowThatCannotBeReadSaysNothing(t *testing.T) {
	d := newDesk(t)
	admin := roleARN(t, prod, "admin")
	for _, row := range []string{"", "{", `{"maxSession":{"acs:ram::` + prod + `:role/admin":"2h"}}`, `{"other":1}`, `{"maxSession":{"acs:ram::` + prod + `:role/admin":-7200}}`} {
		d.RAM = map[string][]byte{prod: []byte(row)}
		d.now = d.now.Add(time.Minute)
		if longest, err := d.Longest(t.Context(), admin); len(longest) > 0 || err != nil {
			t.Errorf("%s: %v, %v", row, longest, err)
		}
	}
	d.now = d.now.Add(time.Minute)
	d.Err = reason.New(reason.StoreUnavailable, "no answer")
	_, err := d.Longest(t.Context(), admin)
	refused(t, err, reason.StoreUnavailable)
	d.Err, d.RAM = nil, map[string][]byte{prod: remembered(t, 2*time.Hour, admin)}
	if longest, err := d.Longest(t.Context(), admin); longest[admin] != 2*time.Hour || err != nil {
		t.Errorf("%v, %v", longest, err)
	}
}

// TestManyAccountsAreReadAtOnce is the budget in calls to Tablestore.
func TestManyAccountsAreReadAtOnce(t *testing.T) {
	s := newServer(t)
	s.apply(t, draft())
	var roles []ram.RoleARN
	for i := range 20 {
		role := roleARN(t, fmt.Sprintf("1%015d", i), "admin")
		roles = append(roles, role)
		if err := s.trust.PutAccount(t.Context(), role.Account().String(), remembered(t, time.Duration(i+1)*time.Minute, role), 0); err != nil {
			t.Fatal(err)
		}
	}
	b := s.book()
	for want := range 2 {
		got := s.count(t, func() error {
			longest, err := b.Longest(t.Context(), roles...)
			if len(longest) != 20 || longest[roles[19]] != 20*time.Minute {
				t.Errorf("%d roles, %v", len(longest), longest[roles[19]])
			}
			return err
		})
		if got != int64(1-want) {
			t.Errorf("%d calls, then none", got)
		}
	}
}
