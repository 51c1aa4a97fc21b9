package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/store"
)

// rollback makes count what counted before. Whoever was suspended since stays so:
// a suspension answers what happened outside, and no old file knows of it. Keys
// are kept apart from revisions and are not touched.
func (p program) rollback(ctx context.Context, args []string) error {
	flags := newFlags("rollback", "REVISION [-m TEXT]")
	message := flags.String("m", "", "why")
	id, err := flags.parseWith(args)
	if err != nil {
		return err
	}
	if id == "" {
		return wrong("rollback: no revision; write ssoctl rollback REVISION, ssoctl history lists them")
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	head, err := p.head(ctx, d, "")
	if err != nil {
		return err
	}
	if head.Revision == id {
		return wrong("revision %s counts already", id)
	}
	if err := d.counted(ctx, head, id); err != nil {
		return err
	}
	present, err := d.stored(ctx, head.Revision)
	if err != nil {
		return err
	}
	old, err := d.stored(ctx, id)
	if err != nil {
		return err
	}
	back, kept, err := keepSuspended(old, present, d.local)
	if err != nil {
		return err
	}
	return p.goBack(ctx, d, head, step{old: id, to: back, kept: kept, message: *message})
}

// step is one rollback.
type step struct {
	old     string              // what was asked for
	to      federation.Revision // what counts then
	kept    []string            // identity providers that stay suspended
	message string
}

func (p program) goBack(ctx context.Context, d deployment, head store.Head, s step) error {
	if s.to.ID() == head.Revision {
		p.say("revision %s stays: it is %s with %s still suspended\n", head.Revision, s.old, strings.Join(s.kept, ", "))
		return nil
	}
	changed, err := p.difference(ctx, d, head, s.to)
	if err != nil {
		return err
	}
	note := p.note(d, s.to, changed.Summary(), s.message)
	note.Summary = "back to " + s.old + ": " + note.Summary
	if err := d.trust.Commit(ctx, s.to.ID(), rowsOf(s.to), head, note); err != nil {
		return p.notSwitched(ctx, d, err)
	}
	p.say("%srevision %s counts again: %s%s\n", changed.Text(), s.to.ID(), summary(s.to), after(head.Revision))
	if len(s.kept) > 0 {
		p.say("it is revision %s with %s still suspended; to end that, write suspended: false and apply\n", s.old, strings.Join(s.kept, ", "))
	}
	return p.sayPending(ctx, d, s.to)
}

// counted wants a revision that was the head once: what was only ever written may
// be what somebody gave up.
func (d deployment) counted(ctx context.Context, head store.Head, id string) error {
	found := false
	err := d.back(ctx, head, func(at store.Head, _ store.Entry) bool {
		found = at.Revision == id
		return !found
	})
	if err == nil && !found {
		return wrong("no revision %.80q was ever applied; ssoctl history lists them", id)
	}
	return err
}

// keepSuspended is old with what is suspended at present suspended too.
func keepSuspended(old, present federation.Revision, local bool) (federation.Revision, []string, error) {
	draft, err := old.Draft()
	if err != nil {
		return federation.Revision{}, nil, err
	}
	var kept []string
	for i, s := range draft.IdentityProviders {
		now, ok := present.IdentityProvider(s.ID)
		if ok && now.Suspended && !s.Suspended {
			draft.IdentityProviders[i].Suspended = true
			kept = append(kept, s.ID)
		}
	}
	if len(kept) == 0 {
		return old, nil, nil
	}
	back, problems := federation.Compile(draft, federation.Options{AllowLoopback: local})
	if len(problems) > 0 {
		return federation.Revision{}, nil, fmt.Errorf("cannot go back: %s: %s; %s", problems[0].Path, problems[0].Cause, problems[0].Fix)
	}
	return back, kept, nil
}

// sayPending names who cannot be signed in at with the keys that are there.
func (p program) sayPending(ctx context.Context, d deployment, revision federation.Revision) error {
	keys, err := d.trust.AllKeys(ctx)
	if err != nil {
		return fmt.Errorf("it counts, but cannot read the keys: %w", err)
	}
	for _, s := range revision.IdentityProviders() {
		record, err := revision.Record(s.ID, keys[s.ID])
		if err != nil || record.Pending() {
			p.say("%s: pending, it believes nobody until its keys are fetched: ssoctl trust refresh %s\n", s.ID, s.ID)
		}
	}
	return nil
}
