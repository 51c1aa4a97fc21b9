package provisioning

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// How long it is tried what may go better.
const (
	mostAttempts = 12
	longestTry   = 24 * time.Hour
	firstPause   = 2 * time.Second
	longestPause = 10 * time.Minute
)

// result is what came of a visit.
type result struct {
	err     error    // nil: all is as it is wanted, but for
	unknown []string // groups of which no event told yet, by their IDs
	nobody  bool     // no event told of the person yet
}

// of is what came of one event of the visit.
func (r result) of(e lifecycle.Event, tooMany []lifecycle.Event) error {
	if slices.ContainsFunc(tooMany, func(other lifecycle.Event) bool { return other.Key == e.Key }) {
		return reason.New(reason.GroupsTooMany, "the person is in more groups than are kept")
	}
	if r.err == nil && e.Kind == lifecycle.KindMember && e.Member.In {
		if r.nobody {
			return reason.New(reason.SubjectUnknown, "no event told of the person %.200q yet", e.Member.Person)
		}
		if slices.Contains(r.unknown, e.Member.Group) {
			return reason.New(reason.SubjectUnknown, "no event told of the group %.200q yet", e.Member.Group)
		}
	}
	return r.err
}

// worst is what decides what becomes of events: what may go better, else what will not.
func (m machine) worst(errs []error) error {
	var final error
	for _, err := range errs {
		switch {
		case err == nil:
		case !m.isFinal(err):
			return err
		case final == nil:
			final = err
		}
	}
	return final
}

// isFinal says that trying again brings the same. What the federation lacks it may have in
// half a minute, for so long an instance reads what counted before.
func (m machine) isFinal(err error) bool {
	return m.Effects.Final(err) || slices.Contains([]reason.Code{
		reason.PrincipalInvalid, reason.PrincipalSuffix, reason.PrincipalTaken, reason.PersonUnclear,
		reason.EventMalformed, reason.GroupsTooMany, reason.RequestTooLarge,
	}, reason.Of(err))
}

// mayWait says that it is no fault of the event's, however long it takes.
func mayWait(err error) bool { return reason.Of(err) == reason.IdPSuspended }

// settleEach writes down what became of events, of which of says how they ended. Those
// that are done are written together.
func (m machine) settleEach(ctx context.Context, waiting []inbox.Waiting, of func(lifecycle.Event) error, began time.Time) error {
	var done []inbox.Waiting
	var failed []error
	for _, w := range waiting {
		e, err := decode(w)
		if err == nil {
			err = of(e)
		}
		if err != nil {
			failed = append(failed, m.fail(ctx, w, e, err, began))
			continue
		}
		done = append(done, w)
		m.tell(ctx, "done", w, e, nil, m.Now().Sub(began))
	}
	if len(done) > 0 {
		failed = append(failed, m.Events.Done(ctx, m.Now(), done...))
	}
	return errors.Join(failed...)
}

// fail makes an event wait, or gives it up.
func (m machine) fail(ctx context.Context, w inbox.Waiting, e lifecycle.Event, err error, began time.Time) error {
	now := m.Now()
	// Who suspends an identity provider that there is not is to hear of it at once.
	final := m.isFinal(err) || inbox.IsAboutTrust(w.Subject) && reason.Of(err) == reason.IdPUnknown
	if now.Before(w.Due) && !final {
		return nil // its turn is to come; this visit was another's
	}
	outcome, write := "waits", func() error { return m.Events.Later(ctx, postponed(w, err, now)) }
	if final || !mayWait(err) && (w.Attempts+1 >= mostAttempts || now.Sub(w.First) > longestTry) {
		outcome, write = "dead", func() error {
			return m.Events.Dead(ctx, Letter{
				Key: w.Key, Subject: w.Subject, Body: w.Body, First: w.First, At: now,
				Attempts: w.Attempts + 1, Code: reason.Of(err), Detail: reason.Detail(err),
			})
		}
	}
	m.tell(ctx, outcome, w, e, err, now.Sub(began))
	if wrote := write(); reason.Of(wrote) != reason.StoreConflict { // else somebody else wrote what became of it
		return wrote
	}
	return nil
}

// postponed is due after a pause that doubles. Those of one event differ from another's by
// its key, so that what failed together is not tried together.
func postponed(w inbox.Waiting, err error, now time.Time) inbox.Waiting {
	pause := longestPause
	if w.Attempts < 10 && !mayWait(err) {
		pause = min(firstPause<<w.Attempts, longestPause)
	}
	if !mayWait(err) {
		w.Attempts++
	}
	if w.Key != "" {
		pause += pause / 4 * time.Duration(w.Key[0]%16) / 16
	}
	w.Due, w.Code, w.Detail = now.Add(pause), reason.Of(err), reason.Detail(err)
	return w
}

// tell writes one line for each event and attempt.
func (m machine) tell(ctx context.Context, outcome string, w inbox.Waiting, e lifecycle.Event, err error, took time.Duration) {
	args := []any{"outcome", outcome, "key", w.Key, "subject", w.Subject, "kind", e.Kind, "from", e.From, "attempt", w.Attempts + 1, "took_ms", took.Milliseconds()}
	if err == nil {
		m.Log.InfoContext(ctx, "event", args...)
		return
	}
	m.Log.WarnContext(ctx, "event", append(args, "reason", reason.Of(err), "detail", reason.Detail(err))...)
}
