// Package rotation keeps the identity providers' keys fresh.
//
// In: a timer's event, or the id of the one record whose key a sign-in did not know.
// Out: keys that were fetched and stored, accounts whose RAM knows them too, and alerts,
// each once. Refused, each record by itself: a source
// that cannot be had or says something else than it should, whose old keys stay; and
// a sign-in's wish where others have had the source asked often enough.
package rotation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Name is the function's.
const Name = "metadata-rotation"

// atOnce is how many sources are asked side by side: a slow one delays few.
const atOnce = 16

// Config is what the rotation works with. All fields but the last two are needed.
type Config struct {
	Log *slog.Logger
	Now func() time.Time

	Records func(ctx context.Context) ([]string, error)                 // their ids
	Record  func(ctx context.Context, idp string) (trust.Record, error) // idp_unknown where there is none
	Refresh func(ctx context.Context, s trust.Source) (refresh.Result, error)
	Leases  refresh.Leases
	Watches Watches

	Own      func(ctx context.Context) (own.Keys, error) // our signing keys; nil: nobody looks after them
	Accounts *Accounts                                   // nil: nothing is written into RAM

	Send func(ctx context.Context, a alert.Alert) error // hands an alert on; nil: the log is all there is
}

type rotation struct{ Config }

// New returns the handler of the function's events.
func New(c Config) func(ctx context.Context, payload []byte) error { return rotation{c}.handle }

// event is a timer's, or the wish of a sign-in.
type event struct {
	Record string `json:"record"`

	TriggerTime string `json:"triggerTime"`
	TriggerName string `json:"triggerName"`
	Payload     string `json:"payload"`
}

// handle does what the event says. Only who may invoke the function can send one.
func (r rotation) handle(ctx context.Context, payload []byte) error {
	var e event
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return reason.New(reason.RequestMalformed, "the event is neither a timer's nor a wish for one record: %w", err)
	}
	switch {
	case e.Record != "":
		return r.wished(ctx, e.Record)
	case e.TriggerName != "":
		return r.all(ctx)
	}
	return reason.New(reason.RequestMalformed, "the event names neither a record nor a trigger")
}

// wished refreshes one record in one of its turns.
func (r rotation) wished(ctx context.Context, idp string) error {
	audit.Of(ctx).Record = idp
	record, err := r.Record(ctx, idp)
	if err != nil {
		return err
	}
	if record.Suspended() {
		return reason.New(reason.IdPSuspended, "the record %q is suspended: nobody needs its keys", idp)
	}
	if err := refresh.TakeTurn(ctx, r.Leases, idp, r.Now()); err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, refresh.TurnTime)
	defer cancel()
	result, err := r.Refresh(soon, record.Source())
	r.tell(ctx, idp, result, err)
	if err == nil && result.Changed {
		r.remember(soon, idp, saw(r.Now(), record, result, nil))
	}
	if err == nil || aboutSource(err) { // RAM may lack what is known, whatever the source says now
		if unpushed := r.pushOne(soon, idp); unpushed != nil {
			r.Log.WarnContext(ctx, "ram was not looked after", "record", idp, "error", unpushed)
		}
	}
	// A turn that nobody ends ends by itself: that it is over may as well stay unsaid.
	if over := refresh.EndTurn(ctx, r.Leases, idp); over != nil {
		r.Log.WarnContext(ctx, "the turn stays under way for a moment", "record", idp, "error", over)
	}
	return err
}

// remember is watch for who is waited for: the log has what is new at once, and the
// next run of the timer hands it on. The keys are there all the same.
func (r rotation) remember(ctx context.Context, idp string, s seen) {
	if err := r.watch(ctx, idp, alert.About{Record: idp}, s, alert.NewTeller(r.Log, r.Send).Log); err != nil {
		r.Log.WarnContext(ctx, "what is new was not remembered", "record", idp, "error", err)
	}
}

// all refreshes every record; one that fails delays and stops no other.
func (r rotation) all(ctx context.Context) error {
	ids, err := r.Records(ctx)
	if err != nil {
		return err
	}
	tell := alert.NewTeller(r.Log, r.Send).Tell
	failed := r.inTurn(ctx, ids, func(ctx context.Context, id string) error { return r.one(ctx, id, tell) })
	return errors.Join(errors.Join(failed...), r.pushAll(ctx, tell), r.own(ctx, tell))
}

// one refreshes a record. That a source is at fault, or its keys wait for somebody's
// word, is its own matter: the next run asks it again, and trying this one again
// would ask all others too.
func (r rotation) one(ctx context.Context, idp string, tell telling) error {
	record, err := r.Record(ctx, idp)
	if err != nil {
		return fmt.Errorf("%s: %w", idp, err)
	}
	result, err := r.Refresh(ctx, record.Source())
	r.tell(ctx, idp, result, err)
	if err != nil && !aboutSource(err) {
		return fmt.Errorf("%s: %w", idp, err)
	}
	return r.watch(ctx, idp, alert.About{Record: idp}, saw(r.Now(), record, result, err), tell)
}

// aboutSource says whether a refresh ended so because of the source, not of us.
func aboutSource(err error) bool {
	return slices.Contains([]reason.Code{reason.SourceUnavailable, reason.MetadataInvalid, reason.KeysHeld}, reason.Of(err))
}

// tell writes what came of one refresh.
func (r rotation) tell(ctx context.Context, idp string, result refresh.Result, err error) {
	switch {
	case err != nil:
		r.Log.WarnContext(ctx, "the keys stay as they were", "record", idp, "reason", reason.Of(err), "detail", reason.Detail(err))
	case result.Changed:
		change := result.Change
		r.Log.InfoContext(ctx, "keys changed", "record", idp, "added", change.Added, "retired", change.Retired, "gone", change.Gone)
	}
}
