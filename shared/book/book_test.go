package book_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/book/booktest"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	prod = "1234567890123456"
	dev  = "2345678901234567"
)

// desk is a book, the shelf behind it and a clock.
type desk struct {
	booktest.Shelf
	*book.Book
	now time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{now: validatetest.Now()}
	d.Book = book.New(&d.Shelf, func() time.Time { return d.now })
	d.Put(t, draft())
	d.Keys = map[string][]byte{"test": learned(t)}
	return d
}

// calls are the questions that the store was asked since the last time.
func (d *desk) calls() []string {
	calls := d.Calls
	d.Calls = nil
	return calls
}

func (d *desk) want(t *testing.T, calls ...string) {
	t.Helper()
	if got := d.calls(); !slices.Equal(got, calls) {
		t.Errorf("the store was asked %q, not %q", got, calls)
	}
}

// draft has two identity providers, a rule for each.
func draft() federation.Draft {
	first, second := validatetest.Source(), validatetest.Source()
	second.ID, second.DisplayName, second.SAML.MetadataURL = "second", "Second", "https://second.example/metadata"
	return federation.Draft{
		IdentityProviders: []trust.Source{first, second},
		Accounts: []federation.AccountDraft{
			{ID: prod, Alias: "prod", SAMLProviders: map[string]string{"test": provider("test"), "second": provider("second")}},
			{ID: dev, Alias: "dev"},
		},
		Rules: []federation.RuleDraft{rule("a", "test"), rule("b", "second"), rule("c", "test")},
	}
}

func provider(name string) string { return "acs:ram::" + prod + ":saml-provider/" + name }

func rule(name, idp string) federation.RuleDraft {
	return federation.RuleDraft{
		Name: name, IdP: idp, Roles: []string{"acs:ram::" + prod + ":role/admin"}, Condition: &federation.ConditionDraft{Any: true},
	}
}

func learned(t *testing.T) []byte {
	t.Helper()
	return learnedOf(t, validatetest.EntityID)
}

func learnedOf(t *testing.T, entityID string) []byte {
	t.Helper()
	keys := validatetest.New(t).Keys()
	keys.EntityID = entityID
	keys.Origin = validatetest.Source().Origin()
	text, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func refused(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Errorf("got %v, want %q", err, code)
	}
}

func TestARecordIsWhatCountsNow(t *testing.T) {
	d := newDesk(t)
	record, err := d.Record(t.Context(), "test")
	if err != nil || record.EntityID() != validatetest.EntityID || record.Pending() || record.Suspended() || record.Revision() != d.Now.Revision {
		t.Fatalf("%+v, %v", record, err)
	}
	suspended := draft()
	suspended.IdentityProviders[0].Suspended = true
	d.Put(t, suspended)
	d.now = d.now.Add(29 * time.Second)
	if record, err = d.Record(t.Context(), "test"); err != nil || record.Suspended() {
		t.Errorf("after 29 s: %+v, %v", record, err)
	}
	d.now = d.now.Add(time.Second)
	if record, err = d.Record(t.Context(), "test"); err != nil || !record.Suspended() {
		t.Errorf("after 30 s: %+v, %v", record, err)
	}
	d.Keys = nil
	d.now = d.now.Add(30 * time.Second)
	if record, err = d.Record(t.Context(), "test"); err != nil || !record.Pending() {
		t.Errorf("its keys are gone: %+v, %v", record, err)
	}
}

// TestKeysAreNeverOlderThanTheyMayBe: the head was read a moment ago, for
// somebody else, and the keys were not.
func TestKeysAreNeverOlderThanTheyMayBe(t *testing.T) {
	d := newDesk(t)
	if _, err := d.Record(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	d.Keys = nil
	d.now = d.now.Add(31 * time.Second)
	if _, err := d.Record(t.Context(), "second"); err != nil {
		t.Fatal(err)
	}
	if record, err := d.Record(t.Context(), "test"); err != nil || !record.Pending() {
		t.Errorf("%+v, %v", record, err)
	}
}

func TestOnlyWhatIsNeededIsAsked(t *testing.T) {
	d := newDesk(t)
	record := func(idp string, code reason.Code) {
		t.Helper()
		_, err := d.Record(t.Context(), idp)
		refused(t, err, code)
	}
	record("test", "")
	d.want(t, "front test", "row idp/test/source")
	record("test", "")
	d.want(t)
	record("second", "")
	d.want(t, "row idp/second/source", "front second")
	record("nobody", reason.IdPUnknown)
	d.want(t, "row idp/nobody/source")
	record("nobody", reason.IdPUnknown)
	record("../head", reason.IdPUnknown)
	d.want(t)
	d.now = d.now.Add(31 * time.Second)
	record("test", "")
	d.want(t, "front test")

	reading, err := d.Read(t.Context())
	refused(t, err, "")
	for range 2 {
		_, err = reading.Part(t.Context(), "test")
		refused(t, err, "")
		_, err = reading.Part(t.Context(), "nobody")
		refused(t, err, reason.IdPUnknown)
		_, err = reading.IdentityProviders(t.Context())
		refused(t, err, "")
	}
	d.want(t, "rows idp/test/", "rows idp/nobody/", "rows index/")
	d.now = d.now.Add(31 * time.Second)
	if again, err := d.Read(t.Context()); err != nil || again != reading {
		t.Errorf("the same revision was read anew: %v", err)
	}
	d.want(t, "head")
}

func TestAPartIsAllThatDecidesForItsPeople(t *testing.T) {
	d := newDesk(t)
	reading, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	part, err := reading.Part(t.Context(), "test")
	if err != nil || part.ID() != d.Now.Revision {
		t.Fatalf("%q, %v", part.ID(), err)
	}
	rules := slices.Collect(part.RulesOf("test"))
	if len(rules) != 2 || rules[0].Name() != "a" || rules[1].Name() != "c" || len(part.Rules()) != 2 {
		t.Errorf("rules %+v", part.Rules())
	}
	accounts := part.Accounts()
	if len(accounts) != 1 || accounts[0].Alias() != "prod" {
		t.Errorf("accounts %+v", accounts)
	}
	if known, ok := accounts[0].SAMLProvider("test"); !ok || known.Name() != "test" {
		t.Errorf("provider %v, %v", known, ok)
	}
}

func TestTheListHasEverybodyInTheOrderOfTheFile(t *testing.T) {
	d := newDesk(t)
	many := draft()
	for _, id := range []string{"z", "y", "x"} {
		s := validatetest.Source()
		s.ID, s.Suspended, s.EmailDomains = id, id == "y", []string{id + ".example"}
		many.IdentityProviders = append(many.IdentityProviders, s)
	}
	d.Put(t, many)
	reading, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := reading.IdentityProviders(t.Context())
	if err != nil || len(all) != 5 || all[2].ID != "z" || !all[3].Suspended || all[4].EmailDomains[0] != "x.example" || all[1].DisplayName != "Second" || all[0].Kind != trust.KindSAML {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestAReadingStaysAsItIs: also what it had not fetched before the head changed.
func TestAReadingStaysAsItIs(t *testing.T) {
	d := newDesk(t)
	before, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changed := draft()
	changed.IdentityProviders[0].DisplayName, changed.Rules = "Other", changed.Rules[1:]
	d.Put(t, changed)
	d.now = d.now.Add(time.Minute)
	after, err := d.Read(t.Context())
	if err != nil || after.ID() == before.ID() {
		t.Fatalf("%v, %v", after, err)
	}
	for reading, want := range map[*book.Reading]int{before: 2, after: 1} {
		part, err := reading.Part(t.Context(), "test")
		if err != nil || part.ID() != reading.ID() || len(part.Rules()) != want {
			t.Errorf("%s: %d rules, %v", reading.ID(), len(part.Rules()), err)
		}
	}
}

func TestWithoutAFederationThereIsNothing(t *testing.T) {
	d := newDesk(t)
	d.Now = store.Head{}
	_, err := d.Read(t.Context())
	refused(t, err, reason.FederationMissing)
	_, err = d.Record(t.Context(), "test")
	refused(t, err, reason.FederationMissing)
}

func TestWhatWasReadIsNotUsedOnceTheStoreIsSilent(t *testing.T) {
	d := newDesk(t)
	if _, err := d.Record(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	d.Err = reason.New(reason.StoreUnavailable, "silence")
	for _, passed := range []time.Duration{29 * time.Second, 2 * time.Second, -time.Hour} { // nor when the clock was set back
		d.now = d.now.Add(passed)
		want := reason.StoreUnavailable
		if passed == 29*time.Second {
			want = ""
		}
		_, err := d.Record(t.Context(), "test")
		refused(t, err, want)
		_, err = d.Read(t.Context())
		refused(t, err, want)
	}
}

// TestRowsOfAnotherRevisionDecideNothing takes each row away, and puts another
// revision's in its place.
func TestRowsOfAnotherRevisionDecideNothing(t *testing.T) {
	other := draft()
	for i := range other.Rules {
		other.Rules[i].Session.DurationSeconds = 7200
	}
	for i := range other.IdentityProviders {
		other.IdentityProviders[i].DisplayName += "!"
	}
	whole := newDesk(t)
	rows := whole.Revisions[whole.Now.Revision]
	theirs := whole.Revisions[whole.Put(t, other).ID()]
	for i := range rows {
		for what, change := range map[string]func([]store.Item) []store.Item{
			"taken away": func(rows []store.Item) []store.Item { return slices.Delete(rows, i, i+1) },
			"exchanged":  func(rows []store.Item) []store.Item { rows[i] = theirs[i]; return rows },
			"body":       func(rows []store.Item) []store.Item { rows[i].Body = theirs[i].Body; return rows },
			"no proof":   func(rows []store.Item) []store.Item { rows[i].Proof = nil; return rows },
			"half proof": func(rows []store.Item) []store.Item { rows[i].Proof = rows[i].Proof[:5]; return rows },
			"no JSON":    func(rows []store.Item) []store.Item { rows[i].Body = []byte("no JSON"); return rows },
		} {
			d := newDesk(t)
			d.Revisions[d.Now.Revision] = change(slices.Clone(d.Revisions[d.Now.Revision]))
			if d.whole(t) && rows[i].ID[:3] != "acc" { // no sign-in reads these
				t.Errorf("row %s %s: nobody noticed", rows[i].ID, what)
			}
		}
	}
}

// whole reads all that a sign-in may.
func (d *desk) whole(t *testing.T) bool {
	t.Helper()
	reading, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = reading.IdentityProviders(t.Context())
	good := err == nil
	for _, idp := range []string{"test", "second"} {
		_, partErr := reading.Part(t.Context(), idp)
		_, recordErr := d.Record(t.Context(), idp)
		good = good && partErr == nil && recordErr == nil
	}
	return good
}

func TestBrokenKeysBreakOneRecordOnly(t *testing.T) {
	d := newDesk(t)
	d.Keys["test"] = []byte("no JSON")
	if _, err := d.Record(t.Context(), "test"); err == nil {
		t.Error("broken keys made a record")
	}
	if _, err := d.Record(t.Context(), "second"); err != nil {
		t.Error(err)
	}
}

func TestManyReadAtOnce(t *testing.T) {
	d := newDesk(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := d.Record(context.Background(), "test"); err != nil {
				t.Error(err)
			}
			reading, err := d.Read(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := reading.Part(context.Background(), "second"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// TestNoPersonsPatienceIsEndless: who waits for another's reading leaves when
// their own time is up.
func TestNoPersonsPatienceIsEndless(t *testing.T) {
	silent := &waiting{asked: make(chan struct{})}
	slow := book.New(silent, time.Now)
	go func() { _, _ = slow.Read(t.Context()) }()
	<-silent.asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := slow.Read(ctx)
	refused(t, err, reason.StoreUnavailable)
}

// waiting answers when the caller's time is up.
type waiting struct {
	booktest.Shelf
	asked chan struct{}
}

func (w *waiting) Top(ctx context.Context) (store.Front, error) {
	close(w.asked)
	<-ctx.Done()
	return store.Front{}, ctx.Err()
}

// TestTheNewestKeysAreReadAnew, and stay known to those who ask for any.
func TestTheNewestKeysAreReadAnew(t *testing.T) {
	d := newDesk(t)
	if _, err := d.Record(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	d.calls()
	d.Keys["test"] = learnedOf(t, "https://other.example/metadata")
	for _, c := range []struct {
		ask    func(context.Context, string) (trust.Record, error)
		entity string
		calls  []string
	}{
		{d.Record, validatetest.EntityID, nil},
		{d.Newest, "https://other.example/metadata", []string{"front test"}},
		{d.Record, "https://other.example/metadata", nil},
	} {
		got, err := c.ask(t.Context(), "test")
		if err != nil || got.EntityID() != c.entity {
			t.Errorf("%q, %v, want %q", got.EntityID(), err, c.entity)
		}
		d.want(t, c.calls...)
	}
	if _, err := d.Newest(t.Context(), "nobody"); reason.Of(err) != reason.IdPUnknown {
		t.Errorf("%v", err)
	}
}
