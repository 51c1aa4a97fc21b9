package main

import (
	"context"
	"fmt"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// trust has one word so far: what is known of identity providers is refreshed.
func (p program) trust(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "refresh" {
		return wrong("trust: write ssoctl trust refresh [IDP ...]")
	}
	flags := newFlags("trust refresh", "[IDP ...]")
	if err := flags.Parse(args[1:]); err != nil {
		return wrong("trust refresh: %w; write ssoctl trust refresh [IDP ...]", err)
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	revision, err := p.present(ctx, d)
	if err != nil {
		return err
	}
	sources, err := named(revision, flags.Args())
	if err != nil {
		return err
	}
	left, err := p.refresh(ctx, p.refresher(d, revision), sources)
	if err == nil && left > 0 {
		return fmt.Errorf("%d of %s could not be refreshed", left, count(len(sources), "identity provider"))
	}
	return err
}

// present is the revision that counts.
func (p program) present(ctx context.Context, d deployment) (federation.Revision, error) {
	head, err := p.head(ctx, d, "")
	if err != nil {
		return federation.Revision{}, err
	}
	if head.Revision == "" {
		return federation.Revision{}, wrong("nothing was applied yet; write ssoctl apply -f FILE")
	}
	return d.stored(ctx, head.Revision)
}

// named are the identity providers of these IDs, or all.
func named(revision federation.Revision, ids []string) ([]trust.Source, error) {
	if len(ids) == 0 {
		return revision.IdentityProviders(), nil
	}
	var sources []trust.Source
	for _, id := range ids {
		source, ok := revision.IdentityProvider(id)
		if !ok {
			return nil, wrong("there is no identity provider %.80q in revision %s", id, revision.ID())
		}
		sources = append(sources, source)
	}
	return sources, nil
}
