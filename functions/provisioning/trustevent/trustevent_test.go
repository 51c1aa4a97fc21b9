package trustevent_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/provisioning/trustevent"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// desk is a handler over rows in memory.
type desk struct {
	trustevent.Handler

	stops     []byte
	version   int64
	proposals []trustevent.Proposal
	refreshed []string
	meanwhile func() // between a read and a write
	err       error
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{}
	known := validatetest.New(t).Record()
	d.Handler = trustevent.Handler{
		Rows: d,
		Record: func(_ context.Context, idp string) (trust.Record, error) {
			if idp != known.ID() {
				return trust.Record{}, reason.New(reason.IdPUnknown, "no identity provider %q", idp)
			}
			return known, d.err
		},
		Refresh: func(_ context.Context, idp string) error {
			d.refreshed = append(d.refreshed, idp)
			return d.err
		},
	}
	return d
}

func (d *desk) Stops(context.Context) ([]byte, int64, error) {
	row, version := d.stops, d.version
	if d.meanwhile != nil {
		d.meanwhile()
	}
	return row, version, d.err
}

func (d *desk) PutStops(_ context.Context, body []byte, version int64) error {
	if version != d.version {
		return reason.New(reason.StoreConflict, "somebody else wrote")
	}
	d.stops, d.version = body, version+1
	return nil
}

func (d *desk) Proposals(context.Context) ([]trustevent.Proposal, error) { return d.proposals, d.err }

func (d *desk) PutProposal(_ context.Context, p trustevent.Proposal) error {
	d.proposals = slices.DeleteFunc(d.proposals, func(old trustevent.Proposal) bool { return old.ID == p.ID })
	p.Version++
	d.proposals = append(d.proposals, p)
	return nil
}

// event is the n-th about an identity provider.
func event(n int64, kind lifecycle.Kind, idp string) lifecycle.Event {
	key := strings.Repeat("0", 63) + string(rune('a'+n))
	return lifecycle.Event{
		Key: key, From: "eventbridge", Kind: kind, IdP: idp,
		Order: lifecycle.Order{At: time.Unix(1_800_000_000+n, 0), Key: key},
	}
}

func (d *desk) gets(t *testing.T, want reason.Code, events ...lifecycle.Event) {
	t.Helper()
	for _, e := range events {
		if err := d.Handle(t.Context(), e); reason.Of(err) != want {
			t.Errorf("%s of %s: %v, want %q", e.Kind, e.IdP, err, want)
		}
	}
}

// stopped are who is, and the words of the event that did it.
func (d *desk) stopped(t *testing.T) map[string]string {
	t.Helper()
	stops, err := trust.ParseStops(d.stops)
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	for idp, stop := range stops {
		if stops.Stopped(idp) {
			words[idp] = stop.Why
		}
	}
	return words
}

// TestAnEventStopsAnIdentityProviderUntilSomebodyResumesIt, and the same event once more
// does not stop it again.
func TestAnEventStopsAnIdentityProviderUntilSomebodyResumesIt(t *testing.T) {
	d := newDesk(t)
	first, second := event(1, lifecycle.KindSuspend, "test"), event(2, lifecycle.KindSuspend, "test")
	first.Why, second.Why = "a key was stolen", "and another"
	d.gets(t, "", first, first, second)
	if got := d.stopped(t); len(got) != 1 || got["test"] != "a key was stolen" {
		t.Fatalf("%v", got)
	}
	d.resume(t, time.Unix(1_800_000_100, 0))
	d.gets(t, "", second, first)
	if got := d.stopped(t); len(got) > 0 {
		t.Errorf("stopped again: %v", got)
	}
	late := event(0, lifecycle.KindSuspend, "test") // of which nobody had heard when they resumed it
	d.gets(t, "", late)
	if got := d.stopped(t); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func (d *desk) resume(t *testing.T, now time.Time) {
	t.Helper()
	stops, err := trust.ParseStops(d.stops)
	if err != nil {
		t.Fatal(err)
	}
	stops, was := stops.Resume("test", now)
	if !was {
		t.Fatal("it was not stopped")
	}
	if d.stops, err = stops.Row(); err != nil {
		t.Fatal(err)
	}
	d.version++
}

func TestOfTwoThatWriteAtOnceOneComesAgain(t *testing.T) {
	d := newDesk(t)
	d.meanwhile = func() { d.version, d.meanwhile = d.version+1, nil }
	d.gets(t, reason.StoreConflict, event(1, lifecycle.KindSuspend, "test"))
	d.gets(t, "", event(1, lifecycle.KindSuspend, "test"))
	if len(d.stopped(t)) != 1 {
		t.Error("not stopped")
	}
}

func TestARefreshIsMetadataRotations(t *testing.T) {
	d := newDesk(t)
	d.gets(t, "", event(1, lifecycle.KindRefresh, "test"))
	if !slices.Equal(d.refreshed, []string{"test"}) {
		t.Errorf("%q", d.refreshed)
	}
	d.err = reason.New(reason.RefreshLimited, "often enough")
	d.gets(t, reason.RefreshLimited, event(2, lifecycle.KindRefresh, "test"))
}

func TestWhomNobodyKnowsIsNeitherStoppedNorRefreshed(t *testing.T) {
	d := newDesk(t)
	d.gets(t, reason.IdPUnknown, event(1, lifecycle.KindSuspend, "nobody"), event(1, lifecycle.KindRefresh, "nobody"))
	if len(d.stopped(t))+len(d.refreshed) > 0 {
		t.Error("it was done nevertheless")
	}
	d.err = reason.New(reason.StoreUnavailable, "down")
	d.gets(t, reason.StoreUnavailable, event(1, lifecycle.KindSuspend, "test"))
}

func proposal(n int64, idp, entry string) lifecycle.Event {
	e := event(n, lifecycle.KindPropose, idp)
	e.Proposal = json.RawMessage(entry)
	return e
}

func TestTheNewestProposalOfAnIDIsKept(t *testing.T) {
	d := newDesk(t)
	d.gets(t, "", proposal(2, "globex", `{"id":"globex","n":2}`), proposal(1, "globex", `{"id":"globex","n":1}`), proposal(1, "umbrella", `{"id":"umbrella"}`))
	d.gets(t, "", proposal(3, "globex", `{"id":"globex","n":3}`))
	var got []string
	for _, row := range d.proposals {
		p, err := trust.ParseProposal(row.Body)
		if err != nil || p.From != "eventbridge" || p.By == "" || p.At.IsZero() {
			t.Errorf("%+v, %v", p, err)
		}
		got = append(got, string(p.Entry))
	}
	if !slices.Equal(got, []string{`{"id":"umbrella"}`, `{"id":"globex","n":3}`}) || len(d.stopped(t)) > 0 {
		t.Errorf("%q", got)
	}
}

func TestWhatIsNoEntryIsNotProposed(t *testing.T) {
	d := newDesk(t)
	for idp, entry := range map[string]string{
		"globex": `{"id":"okta"}`, "acme": `["acme"]`, "a": ``, "b": `"b"`, "c": `{`, "": `{"id":""}`, "../head": `{"id":"../head"}`, "x y": `{"id":"x y"}`,
	} {
		d.gets(t, reason.EventMalformed, proposal(1, idp, entry))
	}
	if len(d.proposals) > 0 {
		t.Errorf("%+v", d.proposals)
	}
}

func TestEventsAboutPeopleAreNotItsOwn(t *testing.T) {
	d := newDesk(t)
	d.gets(t, reason.Internal, event(1, lifecycle.KindPerson, "test"), event(1, "", "test"))
}
