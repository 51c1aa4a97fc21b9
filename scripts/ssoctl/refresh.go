package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// atOnce is how many sources are fetched side by side: a slow one delays few.
const atOnce = 8

// refresher brings the keys of one revision's records up to date.
type refresher struct {
	refresh.Refresher
	revision federation.Revision
}

func (p program) refresher(d deployment, revision federation.Revision) refresher {
	return refresher{revision: revision, Refresher: refresh.Refresher{
		Store:         d.trust,
		Fetch:         refresh.Get(d.local),
		Now:           p.now,
		AllowLoopback: d.local,
	}}
}

// refresh fetches what the identity providers say of themselves, and tells it in
// the order of the list; left is how many could not be had. Those do not undo the
// revision: a record without keys waits for them.
func (p program) refresh(ctx context.Context, r refresher, sources []trust.Source) (left int, err error) {
	outcomes, failed := make([]outcome, len(sources)), make([]error, len(sources))
	turn := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i, source := range sources {
		wait.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			outcomes[i], failed[i] = r.one(ctx, source)
		})
	}
	wait.Wait()
	for _, o := range outcomes {
		p.say("%s", o.line)
		if o.left {
			left++
		}
	}
	if err := errors.Join(failed...); err != nil {
		return left, fmt.Errorf("cannot store keys: %w", err)
	}
	return left, nil
}

// outcome is what a refresh of one source came to; left: it changed nothing,
// because the source is at fault.
type outcome struct {
	line string
	left bool
}

func (r refresher) one(ctx context.Context, source trust.Source) (outcome, error) {
	result, err := r.Record(ctx, source)
	return r.told(ctx, source, result, err)
}

// told is what came of a source. One that is at fault, or whose keys wait for
// somebody's word, left everything as it was.
func (r refresher) told(ctx context.Context, source trust.Source, result refresh.Result, err error) (outcome, error) {
	if err == nil {
		return outcome{line: describe(source, result)}, nil
	}
	if slices.Contains([]reason.Code{reason.SourceUnavailable, reason.MetadataInvalid, reason.KeysHeld}, reason.Of(err)) {
		return outcome{fmt.Sprintf("%s: %s: %v\n", source.ID, r.standing(ctx, source), err), true}, nil
	}
	return outcome{}, err
}

// standing says what a record is that could not be refreshed.
func (r refresher) standing(ctx context.Context, source trust.Source) string {
	pending := "pending, it refuses sign-ins until its metadata can be read"
	if source.Kind() == trust.KindOIDC {
		pending = "pending, it refuses tokens until its keys can be read"
	}
	keys, _, err := r.Store.Keys(ctx, source.ID)
	if err != nil {
		return pending
	}
	record, err := r.revision.Record(source.ID, keys)
	if err != nil || record.Pending() {
		return pending
	}
	return "keeps the keys that it has"
}

func describe(source trust.Source, result refresh.Result) string {
	verb := "keys unchanged"
	switch {
	case result.Change.Replaces:
		verb = "all keys replaced at once, and fetched"
	case result.Changed:
		verb = "keys fetched"
	}
	what := describeKeys
	if source.Kind() == trust.KindOIDC {
		what = describeIssuer
	}
	return fmt.Sprintf("%s: %s: %s\n", source.ID, verb, what(result))
}

func describeKeys(result refresh.Result) string {
	certificates, err := result.Keys.Parse()
	if err != nil {
		return err.Error()
	}
	ends := certificates[0].NotAfter
	for _, c := range certificates {
		if c.NotAfter.Before(ends) {
			ends = c.NotAfter
		}
	}
	return fmt.Sprintf("entity ID %s, %s, valid until %s", result.Keys.EntityID, count(len(certificates), "certificate"), ends.UTC().Format(time.DateOnly))
}

// describeIssuer tells of keys that are of no use too: the next one may be meant
// for us, and be none.
func describeIssuer(result refresh.Result) string {
	text := fmt.Sprintf("%s of issuer %s", count(len(result.Issuer.Keys), "key"), result.Issuer.Issuer)
	if len(result.Skipped) > 0 {
		text += fmt.Sprintf("; of no use: %s", strings.Join(result.Skipped, "; "))
	}
	return text
}
