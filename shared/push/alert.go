package push

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// failures in a row are told of: one or two, an hour apart, mend themselves.
const failures = 3

// tellAtOnce is how much drift of an account is told in one run. The next tells more:
// an account that was never looked after may have a lot.
const tellAtOnce = 8

// Telling tells what waits and returns what could not be told: [alert.Teller.Tell], or
// its Log where somebody waits for us.
type Telling func(context.Context, alert.Box) alert.Box

// news are alerts about an account.
type news struct {
	about  alert.About
	at     time.Time
	alerts []alert.Alert
}

func (n *news) tell(kind alert.Kind, format string, args ...any) {
	n.alerts = append(n.alerts, alert.New(n.about, kind, n.at, format, args...))
}

// after is what is remembered when a run ended so, with what is new in it waiting. One
// for some of the account's providers says nothing of whether runs fail.
func (p Planned) after(before memory.Account, w Wanted, trouble error, at time.Time) memory.Account {
	next, n := p.Memory, &news{about: alert.About{Account: w.Account.String()}, at: at}
	next.Told = p.told(before.Told, w, n)
	switch {
	case w.Part:
	case trouble != nil:
		if next.Failing = min(before.Failing+1, failures+1); next.Failing == failures {
			n.tell(alert.PushFailing, "%d runs in a row: %v", failures, oneLine(trouble))
		}
	default:
		if next.Failing = 0; before.Failing >= failures {
			n.tell(alert.PushRecovered, "its RAM is read and written again")
		}
	}
	next.Waiting = before.Waiting.With(n.alerts...)
	return next
}

// told is what somebody knows when this is told: what is new, and what is gone.
func (p Planned) told(before []memory.Told, w Wanted, n *news) []memory.Told {
	var next []memory.Told
	for _, d := range p.Drift {
		if !slices.Contains(before, d.Told) {
			if len(n.alerts) == tellAtOnce {
				continue
			}
			n.tell(d.Kind, "%s: %s", d.Subject, d.Detail)
		}
		next = append(next, d.Told)
	}
	for _, t := range before {
		switch {
		case slices.Contains(next, t):
		case !p.saw(t):
			if w.Part || t.Kind == alert.RoleTrustsAnySubject || w.names(t.Subject) {
				next = append(next, t)
			}
		case len(n.alerts) < tellAtOnce:
			n.tell(alert.DriftGone, "%s: %s", t.Subject, strings.TrimSpace(string(t.Kind)+" "+t.Item))
		default:
			next = append(next, t)
		}
	}
	slices.SortFunc(next, memory.Told.Compare)
	return slices.Compact(next)
}

// saw says whether the comparison would have found this again; of a role that is gone
// it would not.
func (p Planned) saw(t memory.Told) bool {
	return p.judged[t.Subject] || t.Kind == alert.RoleTrustsAnySubject && p.roles != nil && !p.roles[t.Subject]
}

// oneLine is an error for a log.
func oneLine(err error) error {
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}

// keep remembers what a run found together with what is to be told of it, tells it, and
// forgets what was told: in that order, so that who is killed on the way has it told
// once more and never not at all.
func (r *remembered) keep(ctx context.Context, next memory.Account, tell Telling) error {
	if err := r.put(ctx, next); err != nil || len(next.Waiting) == 0 {
		return err
	}
	next.Waiting = tell(ctx, next.Waiting)
	return r.put(ctx, next)
}

func leftToOthers(err error) error {
	if reason.Of(err) == reason.StoreConflict {
		return nil
	}
	return err
}
