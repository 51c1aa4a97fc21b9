package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// trustShow tells which keys are believed, and where each is in its life.
func (p program) trustShow(ctx context.Context, args []string) error {
	flags := newFlags("trust show", "[IDP ...]")
	if err := flags.Parse(args); err != nil {
		return wrong("trust show: %w; write ssoctl trust show [IDP ...]", err)
	}
	r, sources, err := p.sources(ctx, flags.Args())
	if err != nil {
		return err
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	stops, _, err := d.stops(ctx)
	if err != nil {
		return err
	}
	for _, source := range sources {
		keys, _, err := r.Store.Keys(ctx, source.ID)
		if err != nil {
			return fmt.Errorf("cannot read keys: %w", err)
		}
		record, err := r.revision.Record(source.ID, keys)
		if err != nil {
			p.say("%s: %v\n", source.ID, err)
			continue
		}
		p.say("%s", shown(record, p.now()))
		if stops.Stopped(source.ID) {
			p.say("  %s; ssoctl trust resume %s\n", stopped(stops[source.ID]), source.ID)
		}
	}
	return nil
}

func shown(record trust.Record, now time.Time) string {
	what := "SAML, entity ID " + cmp.Or(record.EntityID(), "not known yet")
	if record.Kind() == trust.KindOIDC {
		what = "OpenID Connect, issuer " + record.OIDC().Issuer
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s (%s)\n", record.ID(), what)
	if record.Pending() {
		text.WriteString("  pending: no keys were fetched yet\n")
	}
	for _, life := range record.Lives(now) {
		fmt.Fprintf(&text, "  %-8s  %s", life.State, life.Key[:16])
		if !life.Since.IsZero() {
			fmt.Fprintf(&text, "  seen since %s", minute(life.Since))
		}
		if !life.Ends.IsZero() {
			fmt.Fprintf(&text, "  certificate until %s", life.Ends.UTC().Format(time.DateOnly))
		}
		if life.State == trust.Retired {
			fmt.Fprintf(&text, "  believed until %s", minute(life.Until))
		}
		text.WriteString("\n")
	}
	for _, chain := range record.Issuer().Chains {
		end := "root"
		if !chain.Root {
			end = "no root, but an intermediate"
		}
		fmt.Fprintf(&text, "  server    %s  certificate until %s; the last one that it sends is %s, %s, thumbprint %s\n",
			chain.Host, chain.NotAfter.UTC().Format(time.DateOnly), end, chain.Subject, chain.Thumbprint)
	}
	return text.String()
}

func minute(at time.Time) string { return at.UTC().Format("2006-01-02 15:04Z") }
