package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

const (
	eventsListForm  = "events list [-pending] [-o json]"
	eventsShowForm  = "events show [-o json] KEY"
	eventsRetryForm = "events retry KEY ... | -all [-code CODE]"
	eventsDropForm  = "events drop KEY ..."
)

// letter is a dead letter, or an event that waits, for programs.
type letter struct {
	Key      string      `json:"key"`
	Subject  string      `json:"subject,omitempty"` // "": it is no event
	Code     reason.Code `json:"code,omitempty"`
	Detail   string      `json:"detail,omitempty"`
	Attempts int         `json:"attempts"`
	First    time.Time   `json:"first"`
	At       time.Time   `json:"at,omitzero"`  // when it was given up
	Due      time.Time   `json:"due,omitzero"` // when it is tried next
	Body     string      `json:"body,omitempty"`
}

// events is about what provisioning could not do, or did not yet.
func (p program) events(ctx context.Context, args []string) error {
	word := ""
	if len(args) > 0 {
		word = args[0]
	}
	switch word {
	case "list":
		return p.eventsList(ctx, args[1:])
	case "show":
		return p.eventsShow(ctx, args[1:])
	case "retry":
		return p.eventsRetry(ctx, args[1:])
	case "drop":
		return p.eventsDrop(ctx, args[1:])
	}
	return wrong("events: write ssoctl %s, ssoctl %s, ssoctl %s, or ssoctl %s", eventsListForm, eventsShowForm, eventsRetryForm, eventsDropForm)
}

func (p program) eventsList(ctx context.Context, args []string) error {
	flags := newFlags("events list", eventsListForm[len("events list "):])
	pending, output := flags.Bool("pending", false, "what waits"), flags.output()
	if err := flags.parse(args); err != nil {
		return err
	}
	if err := flags.needOutput(*output); err != nil {
		return err
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	list := deadLetters
	if *pending {
		list = waiting
	}
	letters, err := list(ctx, store.NewEvents(d.client))
	if err != nil {
		return fmt.Errorf("cannot read events: %w; ssoctl apply makes the table if that is missing", err)
	}
	if *output == "json" {
		return p.sayJSON(letters)
	}
	for _, l := range letters {
		p.say("%s", l.line())
	}
	if len(letters) == 0 {
		p.say("there are none\n")
	}
	return nil
}

// line quotes what senders say.
func (l letter) line() string {
	when := "given up " + moment(l.At)
	if !l.Due.IsZero() {
		when = "due " + moment(l.Due)
	}
	about, why := "not taken in", "not tried yet"
	if l.Subject != "" {
		about = strconv.QuoteToGraphic(l.Subject)
	}
	if l.Code != "" {
		why = fmt.Sprintf("%s: %s", l.Code, strconv.QuoteToGraphic(l.Detail))
	}
	return fmt.Sprintf("%s %s, tried %s\n  %s\n  %s\n", l.Key, when, count(l.Attempts, "time"), about, why)
}

func deadLetters(ctx context.Context, events *store.Events) ([]letter, error) {
	all, err := events.DeadLetters(ctx)
	letters := []letter{}
	for _, l := range all {
		letters = append(letters, asLetter(l))
	}
	slices.SortStableFunc(letters, func(a, b letter) int { return a.At.Compare(b.At) })
	return letters, err
}

func asLetter(l store.DeadLetter) letter {
	return letter{Key: l.Key, Subject: l.Subject, Code: l.Code, Detail: l.Detail, Attempts: l.Attempts, First: l.First.UTC(), At: l.At.UTC()}
}

// waiting are those that wait, whether or not they are due.
func waiting(ctx context.Context, events *store.Events) ([]letter, error) {
	letters := []letter{}
	for last := (store.Event{}); ; {
		page, err := events.Pending(ctx, last, time.Unix(1<<40, 0), 500)
		if err != nil || len(page) == 0 {
			slices.SortStableFunc(letters, func(a, b letter) int { return a.Due.Compare(b.Due) })
			return letters, err
		}
		for _, e := range page {
			letters = append(letters, letter{Key: e.Key, Subject: e.Subject, Code: e.Code, Detail: e.Detail, Attempts: e.Attempts, First: e.First.UTC(), Due: e.Due.UTC()})
		}
		last = page[len(page)-1]
	}
}

func (p program) eventsShow(ctx context.Context, args []string) error {
	flags := newFlags("events show", eventsShowForm[len("events show "):])
	output := flags.output()
	keys, err := flags.parseWords(args, 1)
	if err != nil {
		return err
	}
	if err := flags.needOutput(*output); err != nil {
		return err
	}
	if len(keys) == 0 {
		return wrong("events show: name a dead letter; write ssoctl %s", eventsShowForm)
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	l, err := store.NewEvents(d.client).DeadLetter(ctx, keys[0])
	if err != nil {
		return noLetter(err)
	}
	shown := asLetter(l)
	shown.Body = string(l.Body)
	if *output == "json" {
		return p.sayJSON(shown)
	}
	p.say("%s  came %s\n  %s\n", shown.line(), moment(l.First), strconv.QuoteToGraphic(shown.Body))
	return nil
}

func noLetter(err error) error {
	if reason.Of(err) == reason.NotFound {
		return wrong("events: %s; ssoctl events list names them", reason.Detail(err))
	}
	return fmt.Errorf("cannot read events: %w", err)
}

// eventsRetry makes dead letters wait again; the next run of the timer tries them.
func (p program) eventsRetry(ctx context.Context, args []string) error {
	flags := newFlags("events retry", eventsRetryForm[len("events retry "):])
	all, code := flags.Bool("all", false, "all that are events"), flags.String("code", "", "given up for this reason")
	keys, err := flags.parseWords(args, 1000)
	if err != nil {
		return err
	}
	if *all == (len(keys) > 0) || *code != "" && !*all {
		return wrong("events retry: name dead letters, or all, or all of one code; write ssoctl %s", eventsRetryForm)
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	events := store.NewEvents(d.client)
	if *all {
		letters, err := deadLetters(ctx, events)
		if err != nil {
			return noLetter(err)
		}
		for _, l := range letters {
			if l.Subject != "" && (*code == "" || string(l.Code) == *code) {
				keys = append(keys, l.Key)
			}
		}
	}
	err = p.each(keys, "waits again: %s\n", func(key string) error { return events.Retry(ctx, key, p.now()) })
	if *all && len(keys) == 0 {
		p.say("nothing to retry\n")
	}
	return err
}

func (p program) eventsDrop(ctx context.Context, args []string) error {
	keys, err := newFlags("events drop", eventsDropForm[len("events drop "):]).parseWords(args, 1000)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return wrong("events drop: name dead letters; write ssoctl %s", eventsDropForm)
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	events := store.NewEvents(d.client)
	return p.each(keys, "dropped: %s\n", func(key string) error { return events.Drop(ctx, key, p.now()) })
}

// each does one after the other, and says which were done.
func (p program) each(keys []string, done string, do func(key string) error) error {
	var failed []error
	for _, key := range keys {
		if err := do(key); err != nil {
			failed = append(failed, noLetter(err))
			continue
		}
		p.say(done, key)
	}
	return errors.Join(failed...)
}
