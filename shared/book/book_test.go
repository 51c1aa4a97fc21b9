package book_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// shelf is a store of which tests say what it holds.
type shelf struct {
	contents store.Contents
	err      error
}

func (s *shelf) Load(context.Context) (store.Contents, error) { return s.contents, s.err }

// put stores a federation with one identity provider, suspended or not, and its
// keys if it has any.
func (s *shelf) put(t *testing.T, suspended bool, keys []byte) {
	t.Helper()
	source := validatetest.Source()
	source.Suspended = suspended
	revision, problems := federation.Compile(federation.Draft{IdentityProviders: []trust.Source{source}}, federation.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s.contents.Items = nil
	for _, item := range revision.Items() {
		s.contents.Items = append(s.contents.Items, store.Item(item))
	}
	s.contents.Revision = revision.ID()
	s.contents.Keys = map[string][]byte{}
	if keys != nil {
		s.contents.Keys["test"] = keys
	}
	s.contents.Generation++
}

func learned(t *testing.T) []byte {
	t.Helper()
	keys := validatetest.New(t).Keys()
	keys.Origin = validatetest.Source().Origin()
	text, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestARecordIsWhatCountsNow(t *testing.T) {
	s := &shelf{}
	s.put(t, false, learned(t))
	b := book.New(s)
	record, err := b.Record(t.Context(), "test")
	if err != nil || record.EntityID() != validatetest.EntityID || record.Pending() || record.Suspended() || record.Revision() != s.contents.Revision {
		t.Fatalf("%+v, %v", record, err)
	}
	s.put(t, true, learned(t))
	if record, err = b.Record(t.Context(), "test"); err != nil || !record.Suspended() {
		t.Errorf("it was suspended: %+v, %v", record, err)
	}
	s.put(t, false, nil)
	if record, err = b.Record(t.Context(), "test"); err != nil || !record.Pending() {
		t.Errorf("its keys are gone: %+v, %v", record, err)
	}
}

func TestTheRevisionIsTheOneThatCounts(t *testing.T) {
	s := &shelf{}
	s.put(t, false, nil)
	if got, err := book.New(s).Revision(t.Context()); err != nil || got.ID() != s.contents.Revision {
		t.Errorf("%q, %v", got.ID(), err)
	}
	s.err = reason.New(reason.FederationMissing, "nothing was applied")
	if _, err := book.New(s).Revision(t.Context()); reason.Of(err) != reason.FederationMissing {
		t.Error(err)
	}
}

func TestAnUnknownIdentityProviderHasNoRecord(t *testing.T) {
	s := &shelf{}
	s.put(t, false, nil)
	if _, err := book.New(s).Record(t.Context(), "other"); reason.Of(err) != reason.IdPUnknown {
		t.Error(err)
	}
}

func TestNothingIsParsedTwice(t *testing.T) {
	s := &shelf{}
	s.put(t, false, nil)
	b := book.New(s)
	first, err := b.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := b.Read(t.Context()); err != nil || again != first {
		t.Errorf("parsed anew: %v", err)
	}
	s.put(t, false, nil) // the same, applied again
	if again, err := b.Read(t.Context()); err != nil || again == first {
		t.Errorf("a change was not read: %v", err)
	}
}

func TestWhatWasReadIsNotUsedOnceTheStoreIsSilent(t *testing.T) {
	s := &shelf{}
	s.put(t, false, nil)
	b := book.New(s)
	if _, err := b.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.err = reason.New(reason.StoreUnavailable, "silence")
	if _, err := b.Record(t.Context(), "test"); reason.Of(err) != reason.StoreUnavailable {
		t.Error(err)
	}
}

func TestRowsOfAnotherRevisionDecideNothing(t *testing.T) {
	s := &shelf{}
	s.put(t, false, nil)
	s.contents.Revision = "0123456789abcdef"
	if _, err := book.New(s).Read(t.Context()); reason.Of(err) != reason.ConfigurationInvalid {
		t.Error(err)
	}
	s.contents.Items = []store.Item{{ID: "idp/x", Body: []byte("no JSON")}}
	if _, err := book.New(s).Read(t.Context()); reason.Of(err) != reason.ConfigurationInvalid {
		t.Error(err)
	}
}

func TestBrokenKeysBreakOneRecordOnly(t *testing.T) {
	s := &shelf{}
	s.put(t, false, []byte("no JSON"))
	b := book.New(s)
	if _, err := b.Record(t.Context(), "test"); err == nil {
		t.Error("broken keys made a record")
	}
	if _, err := b.Read(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestManyReadAtOnce(t *testing.T) {
	s := &shelf{}
	s.put(t, false, learned(t))
	b := book.New(s)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := b.Record(context.Background(), "test"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
