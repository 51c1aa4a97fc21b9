package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// trustResume takes away the stop that an event put on an identity provider.
func (p program) trustResume(ctx context.Context, args []string) error {
	flags := newFlags("trust resume", "IDP")
	words, err := flags.parseWords(args, 1)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return wrong("trust resume: name an identity provider; write ssoctl trust resume IDP")
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	stops, version, err := d.stops(ctx)
	if err != nil {
		return err
	}
	next, was := stops.Resume(words[0], p.now())
	if !was {
		return wrong("trust resume: no event has stopped %.80q", words[0])
	}
	row, err := next.Row()
	if err == nil {
		err = d.trust.PutStops(ctx, row, version)
	}
	if err != nil {
		return fmt.Errorf("%s stays stopped: %w", words[0], err)
	}
	p.say("%s is believed again within 30 seconds; it was %s\n", words[0], stopped(stops[words[0]]))
	return p.sayDeclaredSuspended(ctx, d, words[0])
}

// sayDeclaredSuspended: what an event stopped the file may suspend too.
func (p program) sayDeclaredSuspended(ctx context.Context, d deployment, idp string) error {
	revision, err := p.present(ctx, d)
	if err != nil {
		return err
	}
	if source, ok := revision.IdentityProvider(idp); ok && source.Suspended {
		p.say("it stays suspended: the federation file says so\n")
	}
	return nil
}

// stops are the identity providers that events stopped.
func (d deployment) stops(ctx context.Context) (trust.Stops, int64, error) {
	row, version, err := d.trust.Stops(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot read who was stopped: %w", err)
	}
	stops, err := trust.ParseStops(row)
	return stops, version, err
}

// stopped says since when, by whom and why.
func stopped(s trust.Stop) string {
	text := "stopped " + minute(s.Since) + " by event " + s.By
	if s.Why != "" {
		text += ": " + strconv.Quote(s.Why)
	}
	return text
}
