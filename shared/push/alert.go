package push

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/push/memory"
)

// The kinds of alerts beside those of drift.
const (
	DriftGone = "drift_gone"
	Failing   = "push_failing"
	Recovered = "push_recovered"
)

// failures in a row are told of: one or two, an hour apart, mend themselves.
const failures = 3

// Alert is what somebody should know of an account.
type Alert struct{ Kind, Account, Detail string }

// after is what is remembered when a run ended so, and what in it is new. One for some
// of the account's providers says nothing of whether runs fail.
func (p Planned) after(before memory.Account, w Wanted, trouble error) (memory.Account, []Alert) {
	next := p.Memory
	var alerts []Alert
	tell := func(kind, format string, args ...any) {
		alerts = append(alerts, Alert{kind, w.Account.String(), fmt.Sprintf(format, args...)})
	}
	next.Told = nil
	for _, d := range p.Drift {
		next.Told = append(next.Told, d.Told)
		if !slices.Contains(before.Told, d.Told) {
			tell(d.Kind, "%s: %s", d.Subject, d.Detail)
		}
	}
	for _, t := range before.Told {
		switch {
		case slices.Contains(next.Told, t):
		case p.saw(t):
			tell(DriftGone, "%s: %s", t.Subject, strings.TrimSpace(t.Kind+" "+t.Item))
		case w.Part || t.Kind == RoleTrustsAnySubject || w.names(t.Subject):
			next.Told = append(next.Told, t)
		}
	}
	slices.SortFunc(next.Told, func(a, b memory.Told) int {
		return strings.Compare(a.Subject+" "+a.Kind+" "+a.Item, b.Subject+" "+b.Kind+" "+b.Item)
	})
	next.Told = slices.Compact(next.Told)
	switch {
	case w.Part:
	case trouble != nil:
		if next.Failing = min(before.Failing+1, failures+1); next.Failing == failures {
			tell(Failing, "%d runs in a row: %v", failures, oneLine(trouble))
		}
	default:
		if next.Failing = 0; before.Failing >= failures {
			tell(Recovered, "its RAM is read and written again")
		}
	}
	return next, alerts
}

// saw says whether the comparison would have found this again.
func (p Planned) saw(t memory.Told) bool {
	return p.judged[t.Subject] || t.Kind == RoleTrustsAnySubject && p.roles
}

// oneLine is an error for a log.
func oneLine(err error) error {
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}
