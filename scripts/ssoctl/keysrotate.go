package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fc-sso/fc-sso/shared/own"
)

// keyFlags are those of init and rotate.
func (p program) keyFlags(ctx context.Context, command string, args []string) (ourKeys, error) {
	const form = "[-key FILE.pem] [-n]"
	flags := newFlags(command, form)
	file, dry := flags.String("key", "", "key file"), flags.Bool("n", false, "say what would be done")
	if err := flags.parse(args); err != nil {
		return ourKeys{}, err
	}
	o, err := p.ourKeys(ctx)
	if err != nil {
		return ourKeys{}, err
	}
	o.dry = *dry
	if *file != "" {
		if o.key != "" {
			return ourKeys{}, wrong("%s: SSO_SIGNING_KMS_KEY is set, and -key too: leave one of them out", command)
		}
		o.file = *file
	}
	if o.file == "" && o.key == "" {
		return ourKeys{}, wrong("%s: no keys; write ssoctl %s %s with the function's key file, or set SSO_SIGNING_KMS_KEY and SSO_KMS_ENDPOINT", command, command, form)
	}
	if o.key != "" && o.kms.Endpoint == "" {
		return ourKeys{}, wrong("%s: set SSO_KMS_ENDPOINT", command)
	}
	return o, nil
}

// keysInit writes down what signs already: the first key of the file, or the newest
// version of the key in KMS. What is written down stays.
func (p program) keysInit(ctx context.Context, args []string) error {
	o, err := p.keyFlags(ctx, "keys init", args)
	if err != nil {
		return err
	}
	if !o.row.IsZero() {
		p.say("our own keys are written down already\n")
		return nil
	}
	return p.begin(ctx, &o)
}

func (p program) begin(ctx context.Context, o *ourKeys) error {
	candidates, err := p.candidates(ctx, *o)
	if err != nil {
		return err
	}
	if len(candidates) == 0 {
		return wrong("key %s has no version", o.key)
	}
	first := candidates[0]
	if o.key != "" {
		first = candidates[len(candidates)-1]
		if err := o.proveUnused(ctx); err != nil {
			return err
		}
	}
	certificate, err := p.certificate(ctx, *o, first)
	if err != nil {
		return err
	}
	if err := o.put(ctx, own.Begin(certificate, first.at, p.now())); err != nil {
		return err
	}
	current, _ := o.row.In(own.Current)
	p.say("%s%s\n", o.would(), described(current))
	return nil
}

// would marks what a dry run says.
func (o *ourKeys) would() string {
	if o.dry {
		return "would be: "
	}
	return ""
}

// keysRotate does the one step that comes next and says what comes after it. Each
// begins with what is stored, so that whoever was cut off runs it again.
func (p program) keysRotate(ctx context.Context, args []string) error {
	o, err := p.keyFlags(ctx, "keys rotate", args)
	if err != nil {
		return err
	}
	if o.row.IsZero() {
		if err := p.begin(ctx, &o); err != nil || o.key != "" {
			return err // the key in KMS has just begun to sign: there is nothing to follow yet
		}
	}
	plan := o.row.Plan(p.now(), o.needs)
	switch {
	case plan.Move == "":
		err = p.announce(ctx, &o)
	case plan.Ready:
		err = p.move(ctx, &o, plan)
	}
	if err == nil {
		err = p.bring(ctx, &o)
	}
	if err != nil {
		return err
	}
	p.sayNext(o)
	return nil
}

// bring writes the next certificate into the RAM of accounts that lack it. Where that
// cannot be done from here, metadata-rotation does it at its next run.
func (p program) bring(ctx context.Context, o *ourKeys) error {
	holds := o.row.Plan(p.now(), o.needs).Holds
	if o.dry || len(holds) == 0 {
		return nil
	}
	by, err := p.pusher(ctx)
	if err != nil {
		p.say("not written into RAM from here: %v\n", err)
		return nil
	}
	for _, a := range by.revision.Accounts() {
		held := slices.ContainsFunc(holds, func(h own.Hold) bool { return h.Account == a.Name() })
		if !held || a.MaintenanceRole().IsZero() {
			continue
		}
		made, err := by.one(ctx, a, false, p.now())
		if err != nil {
			return fmt.Errorf("cannot use what is stored of account %s: %w", a.Name(), err)
		}
		for _, call := range made.calls {
			p.say("%s: %s\n", a.Name(), call)
		}
		if made.trouble != nil {
			p.say("%s: %v\n", a.Name(), made.trouble)
		}
	}
	o.needs, err = o.needed(ctx, by.revision)
	return err
}

func (p program) move(ctx context.Context, o *ourKeys, plan own.Plan) error {
	if err := o.prove(ctx, plan); err != nil {
		return err
	}
	if err := o.put(ctx, o.row.After(plan, p.now())); err != nil {
		return err
	}
	for _, key := range o.row.All() {
		p.say("%s%s\n", o.would(), described(key))
	}
	return nil
}

func (p program) announce(ctx context.Context, o *ourKeys) error {
	next, err := p.next(ctx, *o)
	if err != nil {
		return err
	}
	if next.at.Version == "" && next.certificate == nil { // a version that a dry run does not make
		p.say("would be: a new version of KMS key %s\n", o.key)
		return nil
	}
	certificate, err := p.certificate(ctx, *o, next)
	if err != nil {
		return err
	}
	row, err := o.row.Announce(certificate, next.at, p.now())
	if err != nil {
		return wrong("the next key: %w", err)
	}
	if err := o.put(ctx, row); err != nil {
		return err
	}
	added, _ := o.row.In(own.Next)
	p.say("%s%s\n", o.would(), described(added))
	return nil
}

// keysWithdraw takes back a key that was announced and never signed: one that turned
// out to be lost, or whose certificate has ended.
func (p program) keysWithdraw(ctx context.Context, args []string) error {
	flags := newFlags("keys withdraw", "")
	if err := flags.parse(args); err != nil {
		return err
	}
	o, err := p.ourKeys(ctx)
	if err != nil {
		return err
	}
	if _, ok := o.row.In(own.Next); !ok {
		return errors.New("no key is announced")
	}
	if err := o.put(ctx, o.row.Withdraw()); err != nil {
		return err
	}
	p.sayNext(o)
	return nil
}
