package main

import (
	"context"
	"fmt"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// nothingApplied stands for the revision of a deployment that has none yet.
const nothingApplied = "none"

func (p program) apply(ctx context.Context, args []string) error {
	flags := newFlags("apply", "-f FILE [-expect REVISION] [-m TEXT]")
	file := flags.file()
	expect := flags.String("expect", "", "the revision that must still count")
	message := flags.String("m", "", "why")
	if err := flags.parse(args); err != nil {
		return err
	}
	if err := flags.needFile(*file); err != nil {
		return err
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	revision, remarks, err := p.review(*file, federation.Options{AllowLoopback: d.local})
	if err != nil {
		return fmt.Errorf("nothing was applied: %w", err)
	}
	if err := p.createTables(ctx, d.client); err != nil {
		return err
	}
	if err := p.commit(ctx, d, revision, *expect, *message); err != nil {
		return err
	}
	p.notInEffect(revision)
	p.lookAgain(*file, remarks)
	_, err = p.refresh(ctx, p.refresher(d, revision), revision.IdentityProviders())
	return err
}

func (p program) createTables(ctx context.Context, client *store.Client) error {
	created, err := store.CreateTables(ctx, client)
	for _, table := range created {
		p.say("created table %s\n", table)
	}
	if err != nil {
		return fmt.Errorf("cannot prepare the tables: %w; check SSO_OTS_ENDPOINT, SSO_OTS_INSTANCE, the access key and this machine's clock", err)
	}
	return nil
}

// commit stores the revision and makes it the one that counts, in the place of the
// one that is expected, or that counts at this moment, and of no other.
func (p program) commit(ctx context.Context, d deployment, revision federation.Revision, expect, message string) error {
	head, err := p.head(ctx, d, expect)
	if err != nil {
		return err
	}
	if head.Revision == revision.ID() {
		p.say("revision %s is applied already: %s\n", revision.ID(), summary(revision))
		return nil
	}
	changes := "changes unknown"
	changed, err := p.difference(ctx, d, head, revision)
	if err == nil {
		changes = changed.Summary()
	} else { // what is there must never be in the way of something better
		p.complain("what changes is not known: %v\n", err)
	}
	note := p.note(d, revision, changes, message)
	if err := d.trust.Commit(ctx, revision.ID(), rowsOf(revision), head, note); err != nil {
		return p.notSwitched(ctx, d, err)
	}
	p.say("revision %s applied: %s%s\n", revision.ID(), summary(revision), after(head.Revision))
	return nil
}

// head is what counts, if it is what the operator expects.
func (p program) head(ctx context.Context, d deployment, expect string) (store.Head, error) {
	head, err := d.trust.Head(ctx)
	if err != nil {
		return store.Head{}, fmt.Errorf("cannot read the present revision: %w", err)
	}
	there := head.Revision
	if there == "" {
		there = nothingApplied
	}
	if expect != "" && expect != there {
		return store.Head{}, fmt.Errorf("nothing was applied: %s was expected and %s; look at it with plan and apply again", expect, p.counts(ctx, d, head))
	}
	return head, nil
}

// notSwitched says why a revision did not become the one that counts.
func (p program) notSwitched(ctx context.Context, d deployment, err error) error {
	if reason.Of(err) != reason.StoreConflict {
		return fmt.Errorf("cannot store the revision: %w", err)
	}
	head, headErr := d.trust.Head(ctx)
	if headErr != nil {
		return fmt.Errorf("nothing was applied: another revision came first: %w", err)
	}
	return fmt.Errorf("nothing was applied: another came first: %s; look at it with plan and apply again", p.counts(ctx, d, head))
}

// counts says what counts, and who made it so as far as the log knows.
func (p program) counts(ctx context.Context, d deployment, head store.Head) string {
	if head.Revision == "" {
		return "nothing was applied yet"
	}
	entry, err := d.trust.Entry(ctx, head)
	if err != nil {
		return "revision " + head.Revision + " counts"
	}
	return fmt.Sprintf("revision %s counts, which %s applied at %s%s", head.Revision, orUnknown(entry.Who), moment(entry.At), because(entry.Message))
}

func (p program) note(d deployment, revision federation.Revision, changes, message string) store.Note {
	return store.Note{At: p.now(), Who: d.who, Message: message, Summary: summary(revision) + "; " + changes}
}

func rowsOf(revision federation.Revision) []store.Item {
	var rows []store.Item
	for _, item := range revision.Items() {
		rows = append(rows, store.Item(item))
	}
	return rows
}

func after(previous string) string {
	if previous == "" {
		return ""
	}
	return "; before it " + previous
}
