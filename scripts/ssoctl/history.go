package main

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// shownHistory is how much of it is shown unless more is asked for.
const shownHistory = 10

// past is one time at which a revision came to count, for programs.
type past struct {
	Revision string    `json:"revision"`
	Head     bool      `json:"head,omitempty"`
	At       time.Time `json:"at"`
	Who      string    `json:"who"`
	Message  string    `json:"message,omitempty"`
	Summary  string    `json:"summary"`
	Before   string    `json:"before,omitempty"`
}

// history lists what counted, the last first. What was written and never came to
// count is not among it.
func (p program) history(ctx context.Context, args []string) error {
	flags := newFlags("history", "[-n NUMBER] [-o json]")
	n, output := flags.Int("n", shownHistory, "how many"), flags.output()
	if err := flags.parse(args); err != nil {
		return err
	}
	if err := flags.needOutput(*output); err != nil {
		return err
	}
	if *n < 1 {
		return wrong("history: -n is %d; write how many to show, 1 or more", *n)
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	head, err := p.head(ctx, d, "")
	if err != nil {
		return err
	}
	all := []past{}
	err = d.back(ctx, head, func(at store.Head, e store.Entry) bool {
		all = append(all, past{at.Revision, at == head, e.At.UTC(), e.Who, e.Message, e.Summary, e.Before.Revision})
		return len(all) < *n
	})
	if err != nil {
		return err
	}
	if *output == "json" {
		return p.sayJSON(all)
	}
	p.sayHistory(all)
	return nil
}

func (p program) sayHistory(all []past) {
	if len(all) == 0 {
		p.say("nothing was applied yet\n")
	}
	for _, e := range all {
		mark := " "
		if e.Head {
			mark = "*"
		}
		p.say("%s %s  %s  %s%s\n    %s\n", mark, e.Revision, moment(e.At), orUnknown(e.Who), because(e.Message), e.Summary)
	}
}

// back walks the log from a head to what was applied first, until more says no.
func (d deployment) back(ctx context.Context, from store.Head, more func(store.Head, store.Entry) bool) error {
	for at := from; at.Revision != ""; {
		entry, err := d.trust.Entry(ctx, at)
		if reason.Of(err) == reason.NotFound { // older than the log
			return nil
		}
		if err != nil {
			return err
		}
		if !more(at, entry) {
			return nil
		}
		at = entry.Before
	}
	return nil
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func orUnknown(who string) string {
	if who == "" {
		return "somebody"
	}
	return who
}

// because is a message on one line, whatever was given.
func because(message string) string {
	if message == "" {
		return ""
	}
	return ": " + strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, message)
}
