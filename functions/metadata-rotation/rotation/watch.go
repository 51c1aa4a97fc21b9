package rotation

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// failures in a row are told of: one or two, an hour apart, mend themselves.
const failures = 3

const day = 24 * time.Hour

// notice is how many days before its end a certificate is told of, each once; 0: when
// it has ended.
func notice() []int { return []int{0, 1, 7, 14, 30} }

// Watches keep one small row by identity provider with a version that each write
// checks: store.Trust.
type Watches interface {
	Watch(ctx context.Context, idp string) (body []byte, version int64, err error)
	PutWatch(ctx context.Context, idp string, body []byte, version int64) error
}

// watch is what is remembered of a record from one run of the timer to the next, so
// that nobody is told of the same thing twice.
type watch struct {
	Failing     int    `json:"failing,omitempty"`     // runs in a row in which its source was at fault
	Held        string `json:"held,omitempty"`        // digest of keys that wait for approval
	Certificate string `json:"certificate,omitempty"` // SHA-256 of the one that was told to end
	Days        int    `json:"days,omitempty"`        // within so many days
}

// seen is what a run saw of a record.
type seen struct {
	at   time.Time
	err  error             // of the refresh
	held string            // where that is because keys wait for approval, their digest
	last *x509.Certificate // of the record's certificates the one that ends last; nil: it has none
}

// alert is what somebody should know.
type alert struct{ kind, detail string }

// The kinds of alerts.
const (
	sourceFailing      = "source_failing"
	sourceRecovered    = "source_recovered"
	keysHeld           = "keys_held"
	keysReplaced       = "keys_replaced"
	certificateExpires = "certificate_expires"
)

// after is the watch after one more run, and what is new in it.
func (w watch) after(s seen) (watch, []alert) {
	var alerts []alert
	tell := func(kind, format string, args ...any) {
		alerts = append(alerts, alert{kind, fmt.Sprintf(format, args...)})
	}
	next := watch{Held: s.held}
	switch {
	case s.err != nil && s.held == "":
		if next.Failing = min(w.Failing+1, failures+1); next.Failing == failures {
			tell(sourceFailing, "%d runs in a row: %s", failures, reason.Detail(s.err))
		}
	case w.Failing >= failures:
		tell(sourceRecovered, "its keys are fetched again")
	}
	if s.held != "" && s.held != w.Held {
		tell(keysHeld, "%s", reason.Detail(s.err))
	}
	next.Certificate, next.Days = ending(s.last, s.at)
	if next.Certificate != "" && (next.Certificate != w.Certificate || next.Days < w.Days) {
		tell(certificateExpires, "the last certificate that is published ends on %s", s.last.NotAfter.UTC().Format(time.RFC3339))
	}
	return next, alerts
}

// ending names a certificate of which it is time to tell that it ends, and within how
// many days; "" of one that lasts. One that is followed by another in the metadata may
// end in silence: that is how it should be.
func ending(last *x509.Certificate, at time.Time) (fingerprint string, days int) {
	if last == nil {
		return "", 0
	}
	for _, days := range notice() {
		if last.NotAfter.Sub(at) <= time.Duration(days)*day {
			return trust.Fingerprint(last), days
		}
	}
	return "", 0
}

// saw is what a run that ended so says of a record.
func saw(at time.Time, record trust.Record, result refresh.Result, err error) seen {
	s := seen{at: at, err: err, last: latest(record.Published())}
	if reason.Of(err) == reason.KeysHeld {
		s.held = result.Change.Digest
	}
	if fresh, wrong := result.Keys.Parse(); err == nil && wrong == nil { // of an issuer there are none
		s.last = latest(fresh)
	}
	return s
}

func latest(certificates []*x509.Certificate) (last *x509.Certificate) {
	for _, c := range certificates {
		if last == nil || c.NotAfter.After(last.NotAfter) {
			last = c
		}
	}
	return last
}

// watch remembers what a run saw, and then tells what is new: of two runs at once the
// one that may write it does.
func (r rotation) watch(ctx context.Context, idp string, s seen) error {
	body, version, err := r.Watches.Watch(ctx, idp)
	if err != nil {
		return fmt.Errorf("%s: %w", idp, err)
	}
	var before watch
	if json.Unmarshal(body, &before) != nil {
		before = watch{} // then something may be told twice, which is better than never
	}
	next, alerts := before.after(s)
	if next == before {
		return nil
	}
	if body, err = json.Marshal(next); err != nil {
		return fmt.Errorf("%s: %w", idp, err)
	}
	if err := r.Watches.PutWatch(ctx, idp, body, version); err != nil {
		if reason.Of(err) == reason.StoreConflict {
			return nil
		}
		return fmt.Errorf("%s: %w", idp, err)
	}
	for _, a := range alerts {
		r.alert(ctx, idp, a)
	}
	return nil
}

func (r rotation) alert(ctx context.Context, idp string, a alert) {
	r.Log.WarnContext(ctx, "alert", "kind", a.kind, "record", idp, "detail", a.detail)
}
