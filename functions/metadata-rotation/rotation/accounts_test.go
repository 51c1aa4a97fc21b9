package rotation_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/metadata-rotation/rotation"
	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// visits is a rotation with accounts, whose RAM is elsewhere.
type visits struct {
	*world

	draft    federation.Draft
	unknown  error            // of the federation
	unread   map[string]error // of records with the newest keys
	troubles map[string]error // of RAM, by account
	stuck    map[string]error // of the store, by account
	ours     error            // of our own keys
	deadline time.Time        // zero: none
	each     time.Duration    // by which the clock goes on with each account
	dead     time.Duration    // likewise, with each source

	mu     sync.Mutex
	pushed map[string]push.Wanted
	newest []string
	tells  bool // the push was given somebody who sends
}

const number = "acs:ram::%s:%s/%s"

// newVisits has accounts that name the identity providers a and b as said: "ab" both,
// "-a" a, but no role to write it with.
func newVisits(accounts ...string) *visits {
	v := &visits{world: newWorld("a", "b"), unread: map[string]error{}, troubles: map[string]error{}, stuck: map[string]error{}}
	for _, id := range v.ids {
		source := validatetest.Source()
		source.ID = id
		v.draft.IdentityProviders = append(v.draft.IdentityProviders, source)
	}
	for n, names := range accounts {
		id := fmt.Sprintf("%016d", 1000+n)
		a := federation.AccountDraft{ID: id, SAMLProviders: map[string]string{}}
		named, without := strings.CutPrefix(names, "-")
		if !without {
			a.MaintenanceRole = fmt.Sprintf(number, id, "role", "maintenance")
		}
		for _, idp := range strings.Split(named, "") {
			a.SAMLProviders[idp] = fmt.Sprintf(number, id, "saml-provider", idp)
		}
		v.draft.Accounts = append(v.draft.Accounts, a)
		v.draft.Rules = append(v.draft.Rules, federation.RuleDraft{
			Name: "rule of " + id, IdP: "a", Roles: []string{fmt.Sprintf(number, id, "role", "admin")},
			Condition: &federation.ConditionDraft{Any: true}, Session: federation.SessionDraft{Name: "x"},
		})
	}
	return v
}

func (v *visits) run(t *testing.T, event string) error {
	t.Helper()
	v.pushed, v.newest = map[string]push.Wanted{}, nil
	record := func(idp string) trust.Record {
		source, keys := validatetest.Source(), validatetest.New(t).Keys()
		source.ID = idp
		return validatetest.Record(t, source, &keys)
	}
	ctx := t.Context()
	if !v.deadline.IsZero() {
		ctx = until{ctx, v.deadline}
	}
	return rotation.New(rotation.Config{
		Log: slog.New(slog.NewTextHandler(&v.log, nil)), Now: func() time.Time { v.mu.Lock(); defer v.mu.Unlock(); return v.now },
		Records: func(context.Context) ([]string, error) { return v.ids, nil },
		Record:  func(_ context.Context, idp string) (trust.Record, error) { return record(idp), nil },
		Refresh: func(_ context.Context, source trust.Source) (refresh.Result, error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.now = v.now.Add(v.dead)
			return refresh.Result{}, v.faults[source.ID]
		},
		Leases: v, Watches: v,
		Send: func(context.Context, alert.Alert) error { return nil },
		Accounts: &rotation.Accounts{
			Federation: func(context.Context) (federation.Revision, error) {
				revision, problems := federation.Compile(v.draft, federation.Options{})
				if len(problems) > 0 {
					t.Error(problems)
				}
				return revision, v.unknown
			},
			Newest: func(_ context.Context, idp string) (trust.Record, error) {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.newest = append(v.newest, idp)
				if err := v.unread[idp]; err != nil {
					return trust.Record{}, err
				}
				return record(idp), nil
			},
			Push: v.push,
			Own:  func(context.Context, federation.Account) (push.Own, error) { return push.Own{}, v.ours },
		},
	})(ctx, []byte(event))
}

func (v *visits) push(ctx context.Context, w push.Wanted, tell push.Telling) (trouble, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	account := strings.TrimLeft(w.Account.String(), "0")
	v.pushed[account], v.now = w, v.now.Add(v.each)
	v.tells = len(tell(ctx, alert.Box{alert.New(alert.About{}, "x", v.now, "y")})) == 0
	return v.troubles[account], v.stuck[account]
}

// accounts are those to which was pushed.
func (v *visits) accounts() string {
	var ids []string
	for id := range v.pushed {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// TestTheTimerLooksAfterEveryAccount that has a role for it, with the newest keys, each
// record read once; one in trouble stops no other.
func TestTheTimerLooksAfterEveryAccount(t *testing.T) {
	v := newVisits("a", "ab", "-ab", "b")
	v.troubles["1000"] = errors.New("NoPermission")
	if err := v.run(t, timer); err != nil || v.accounts() != "1000 1001 1003" || len(v.newest) != 2 || !v.tells {
		t.Fatalf("%v, pushed to %q, read %q, tells %v", err, v.accounts(), v.newest, v.tells)
	}
	if w := v.pushed["1001"]; len(w.SAML) != 2 || w.Part || w.SAML[0].EntityID == "" || len(w.Roles.Named) != 1 {
		t.Errorf("%+v", w)
	}
	if !strings.Contains(v.log.String(), "NoPermission") || !strings.Contains(v.log.String(), "account=0000000000001000") {
		t.Errorf("the log says %s", v.log.String())
	}
}

func TestARecordThatCannotBeReadStopsNoAccount(t *testing.T) {
	v := newVisits("ab")
	v.unread["a"] = reason.New(reason.StoreUnavailable, "down")
	if err := v.run(t, timer); reason.Of(err) != reason.StoreUnavailable || v.accounts() != "1000" {
		t.Errorf("%v, %q", err, v.accounts())
	}
	if w := v.pushed["1000"]; len(w.SAML) != 2 || w.SAML[0].EntityID != "" || w.SAML[1].EntityID == "" {
		t.Errorf("%+v", w)
	}
	if err := v.run(t, `{"record":"b"}`); err != nil || v.accounts() != "1000" || v.pushed["1000"].SAML[0].EntityID == "" || !slices.Equal(v.newest, []string{"b"}) {
		t.Errorf("a wish for the other: %v, %+v, read %q", err, v.pushed, v.newest)
	}
	v.stuck["1000"], v.unread = reason.New(reason.StoreUnavailable, "down"), nil
	if err := v.run(t, timer); reason.Of(err) != reason.StoreUnavailable {
		t.Error(err)
	}
	v.unknown = reason.New(reason.ConfigurationInvalid, "broken")
	if err := v.run(t, timer); reason.Of(err) != reason.ConfigurationInvalid || v.accounts() != "" {
		t.Errorf("%v, %q", err, v.accounts())
	}
}

// TestOurOwnKeysThatCannotBeReadStopNoAccount: what identity providers publish has nothing
// to do with them.
func TestOurOwnKeysThatCannotBeReadStopNoAccount(t *testing.T) {
	v := newVisits("a", "b")
	v.ours = reason.New(reason.ConfigurationInvalid, "broken")
	if err := v.run(t, timer); reason.Of(err) != reason.ConfigurationInvalid || v.accounts() != "1000 1001" || v.pushed["1000"].SAML[0].EntityID == "" {
		t.Errorf("%v, %+v", err, v.pushed)
	}
}

// TestAWishIsPushedWhereTheRecordIsBound and nowhere else, whether its source answers or
// not; who waits is not told of what RAM says.
func TestAWishIsPushedWhereTheRecordIsBound(t *testing.T) {
	v := newVisits("a", "ab", "-ab", "b")
	v.troubles["1000"], v.stuck["1001"] = errors.New("NoPermission"), reason.New(reason.StoreUnavailable, "down")
	if err := v.run(t, `{"record":"a"}`); err != nil || v.accounts() != "1000 1001" || v.tells {
		t.Errorf("%v, pushed to %q, tells %v", err, v.accounts(), v.tells)
	}
	if w := v.pushed["1001"]; len(w.SAML) != 1 || w.SAML[0].By != "a" || !w.Part || !w.Roles.IsZero() {
		t.Errorf("%+v", w)
	}
	v.faults["a"] = reason.New(reason.SourceUnavailable, "status 500")
	if err := v.run(t, `{"record":"a"}`); reason.Of(err) != reason.SourceUnavailable || v.accounts() != "1000 1001" {
		t.Errorf("%v, pushed to %q", err, v.accounts())
	}
	v.now = v.now.Add(time.Hour)
	v.faults["a"] = reason.New(reason.StoreUnavailable, "down")
	if err := v.run(t, `{"record":"a"}`); reason.Of(err) != reason.StoreUnavailable || v.accounts() != "" {
		t.Errorf("%v, pushed to %q", err, v.accounts())
	}
}

// TestSourcesThatHangLeaveTimeForAccounts.
func TestSourcesThatHangLeaveTimeForAccounts(t *testing.T) {
	v := newVisits(slices.Repeat([]string{"a"}, 10)...)
	for n := range 300 {
		v.ids = append(v.ids, fmt.Sprintf("dead-%d", n))
	}
	v.deadline, v.dead, v.each = v.now.Add(2*time.Minute), 500*time.Millisecond, time.Second
	if err := v.run(t, timer); err != nil || len(v.pushed) != 10 {
		t.Errorf("%v, %d accounts, %s", err, len(v.pushed), v.log.String())
	}
}

// until is a context with a deadline by the clock of the test.
type until struct {
	context.Context

	deadline time.Time
}

func (u until) Deadline() (time.Time, bool) { return u.deadline, true }

func TestWhereNoRunHasTimeForAllEachHasItsTurn(t *testing.T) {
	v := newVisits(slices.Repeat([]string{"a"}, 100)...)
	v.deadline = v.now.Add(time.Minute)
	if err := v.run(t, timer); err != nil || len(v.pushed) != 100 {
		t.Errorf("%v, %d accounts", err, len(v.pushed))
	}
	v.now = v.deadline.Add(-time.Second)
	if err := v.run(t, timer); err != nil || len(v.pushed) != 0 || !strings.Contains(v.log.String(), "left=100") {
		t.Errorf("%v, %d accounts", err, len(v.pushed))
	}
	v.each = time.Second
	turns := map[string]int{}
	for range 7 {
		v.now = v.now.Truncate(time.Hour).Add(time.Hour)
		v.deadline = v.now.Add(19 * time.Second)
		if err := v.run(t, timer); err != nil || len(v.pushed) > 40 {
			t.Errorf("%v, %d accounts", err, len(v.pushed))
		}
		for account := range v.pushed {
			turns[account]++
		}
	}
	if len(turns) != 100 {
		t.Errorf("%d accounts had a turn", len(turns))
	}
}
