package rotation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// failures in a row are told of: one or two, an hour apart, mend themselves.
const failures = 3

// Watches keep one small row by identity provider, and one for ourselves, with a version that each write
// checks: store.Trust.
type Watches interface {
	Watch(ctx context.Context, idp string) (body []byte, version int64, err error)
	PutWatch(ctx context.Context, idp string, body []byte, version int64) error
}

// watch is what is remembered of a record from one run of the timer to the next, so
// that nobody is told of the same thing twice; and what is still to be told.
type watch struct {
	Failing int             `json:"failing,omitempty"` // runs in a row in which its source was at fault
	Held    string          `json:"held,omitempty"`    // digest of keys that wait for approval
	Told    map[string]told `json:"told,omitempty"`    // of certificates that end, by whose they are
	Waiting alert.Box       `json:"waiting,omitempty"`

	Replaced time.Time `json:"replaced,omitzero"`  // when all keys were replaced, as far as it was told
	Rootless []string  `json:"rootless,omitempty"` // servers of which it was told that they send no root
}

// seen is what a run saw of a record.
type seen struct {
	at       time.Time
	err      error         // of the refresh
	held     string        // where that is because keys wait for approval, their digest
	replaced time.Time     // when all keys were replaced at once, last
	digest   string        // of those that did so in this run
	endings  []ending      // certificates of the record
	chains   []trust.Chain // of the issuer's servers
}

// after is the watch after one more run, with what is new in it waiting.
func (w watch) after(about alert.About, s seen) watch {
	var alerts []alert.Alert
	tell := func(kind alert.Kind, format string, args ...any) {
		alerts = append(alerts, alert.New(about, kind, s.at, format, args...))
	}
	next := watch{Held: s.held}
	switch {
	case s.err != nil && s.held == "":
		next.Held = w.Held // nobody knows better
		if next.Failing = min(w.Failing+1, failures+1); next.Failing == failures {
			tell(alert.SourceFailing, "%d runs in a row: %s", failures, reason.Detail(s.err))
		}
	case w.Failing >= failures:
		tell(alert.SourceRecovered, "its keys are fetched again")
	}
	if s.held != "" && s.held != w.Held {
		tell(alert.KeysHeld, "%s", reason.Detail(s.err))
	}
	if next.Replaced = w.Replaced; s.replaced.After(w.Replaced) {
		next.Replaced = s.replaced
		switch {
		case s.digest != "":
			tell(alert.KeysReplaced, "by keys with digest %s", s.digest)
		case w.Held == "": // else somebody approved it
			tell(alert.KeysReplaced, "at %s, by a run that did not come to say so, or by hand", s.replaced.Format(time.RFC3339))
		}
	}
	next.Rootless = w.Rootless
	for _, chain := range s.chains {
		if !chain.Root && !slices.Contains(next.Rootless, chain.Host) {
			next.Rootless = append(slices.Clip(next.Rootless), chain.Host)
			tell(alert.ChainWithoutRoot, "the last certificate that %s sends is %s, %s, which is no root", chain.Host, chain.Thumbprint, chain.Subject)
		}
	}
	var ends []alert.Alert
	next.Told, ends = w.ends(about, s)
	next.Waiting = w.Waiting.With(append(alerts, ends...)...)
	return next
}

// ends looks after the certificates. Where the source is at fault, what it did not
// show this time is remembered.
func (w watch) ends(about alert.About, s seen) (map[string]told, []alert.Alert) {
	next := map[string]told{}
	if s.err != nil {
		next = maps.Clone(w.Told)
	}
	var alerts []alert.Alert
	for _, e := range s.endings {
		now, more := e.tell(about, s.at, w.Told[e.whose])
		if alerts = append(alerts, more...); now == (told{}) {
			delete(next, e.whose)
			continue
		}
		if next == nil {
			next = map[string]told{}
		}
		next[e.whose] = now
	}
	return next, alerts
}

// saw is what a run that ended so says of a record.
func saw(at time.Time, record trust.Record, result refresh.Result, err error) seen {
	s := seen{at: at, err: err, replaced: lastReplaced(record), endings: lastOf(record.Published())}
	if reason.Of(err) == reason.KeysHeld {
		s.held = result.Change.Digest
	}
	if err == nil && result.Change.Replaces {
		s.digest, s.replaced = result.Change.Digest, newest(result, at)
	}
	if fresh, wrong := result.Keys.Parse(); err == nil && wrong == nil { // of an issuer there are none
		s.endings = lastOf(fresh)
	}
	s.endings = append(s.endings, servers(result.Chains)...)
	if record.Kind() == trust.KindOIDC { // RAM looks at those alone
		s.chains = result.Chains
	}
	return s
}

// lastReplaced is when all keys of a record were replaced at once, if that is how it
// came by those that it has: they are known since the moment at which others began to
// retire.
func lastReplaced(record trust.Record) time.Time {
	var at time.Time
	for _, life := range record.Lives(at) { // nothing retires then
		if !at.IsZero() && !life.Since.Equal(at) || life.Since.IsZero() {
			return time.Time{}
		}
		at = life.Since
	}
	for _, life := range record.Lives(at) {
		if life.State == trust.Retired && life.Until.Equal(at.Add(record.Source().RetireTime())) {
			return at
		}
	}
	return time.Time{}
}

// newest is when the keys of a result became known that are known for the shortest
// time, which is how others will read it in the record.
func newest(result refresh.Result, otherwise time.Time) time.Time {
	var at time.Time
	for _, since := range []map[string]time.Time{result.Keys.Since, result.Issuer.Since} {
		for _, t := range since {
			if t.After(at) {
				at = t
			}
		}
	}
	if at.IsZero() {
		return otherwise
	}
	return at
}

// watch remembers what a run saw together with what is to be told of it, tells it, and
// forgets what was told: in that order, so that whoever is killed on the way has it
// told once more, as the same event, and never not at all. Of two runs at once the one
// that may write does so.
func (r rotation) watch(ctx context.Context, id string, about alert.About, s seen, tell telling) error {
	row, err := r.readWatch(ctx, id)
	if err != nil {
		return err
	}
	err = r.writeWatch(ctx, &row, row.after(about, s))
	if reason.Of(err) == reason.StoreConflict && s.digest != "" { // who was first did not see that
		if row, err = r.readWatch(ctx, id); err != nil {
			return err
		}
		err = r.writeWatch(ctx, &row, row.after(about, s))
	}
	if err == nil && len(row.Waiting) > 0 {
		next := row.watch
		next.Waiting = tell(ctx, row.Waiting)
		err = r.writeWatch(ctx, &row, next)
	}
	if reason.Of(err) == reason.StoreConflict {
		return nil
	}
	return err
}

// telling tells what waits and returns what could not be told: alert.Teller's Tell, or
// its Log where somebody waits for us.
type telling func(context.Context, alert.Box) alert.Box

// row is a watch as it is stored.
type row struct {
	watch

	id      string
	body    []byte
	version int64
}

func (r rotation) readWatch(ctx context.Context, id string) (row, error) {
	body, version, err := r.Watches.Watch(ctx, id)
	if err != nil {
		return row{}, fmt.Errorf("%s: %w", id, err)
	}
	read := row{id: id, body: body, version: version}
	if json.Unmarshal(body, &read.watch) != nil {
		read.watch = watch{} // then something may be told twice, which is better than never
	}
	return read, nil
}

// writeWatch writes what differs from what is stored.
func (r rotation) writeWatch(ctx context.Context, stored *row, next watch) error {
	body, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("%s: %w", stored.id, err)
	}
	before := stored.body
	if len(before) == 0 {
		before = []byte("{}")
	}
	if !bytes.Equal(body, before) {
		if err := r.Watches.PutWatch(ctx, stored.id, body, stored.version); err != nil {
			return fmt.Errorf("%s: %w", stored.id, err)
		}
		stored.version++
	}
	stored.watch, stored.body = next, body
	return nil
}
