package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// trust is about what is known of identity providers.
func (p program) trust(ctx context.Context, args []string) error {
	word := ""
	if len(args) > 0 {
		word = args[0]
	}
	switch word {
	case "show":
		return p.trustShow(ctx, args[1:])
	case "refresh":
		return p.trustRefresh(ctx, args[1:])
	case "approve":
		return p.trustApprove(ctx, args[1:])
	case "resume":
		return p.trustResume(ctx, args[1:])
	}
	return wrong("trust: write ssoctl trust show [IDP ...], ssoctl trust refresh [IDP ...], ssoctl trust approve IDP DIGEST, or ssoctl trust resume IDP")
}

func (p program) trustRefresh(ctx context.Context, args []string) error {
	flags := newFlags("trust refresh", "[-forget] [IDP ...]")
	forget := flags.Bool("forget", false, "believe no key any longer that is not published any more")
	if err := flags.Parse(args); err != nil {
		return wrong("trust refresh: %w; write ssoctl trust refresh [-forget] [IDP ...]", err)
	}
	if *forget && flags.NArg() == 0 {
		return wrong("trust refresh -forget: name the identity providers whose old keys are to go at once")
	}
	r, sources, err := p.sources(ctx, flags.Args())
	if err != nil {
		return err
	}
	r.Forget = *forget
	left, err := p.refresh(ctx, r, sources)
	if err == nil && left > 0 {
		return fmt.Errorf("%d of %s could not be refreshed", left, count(len(sources), "identity provider"))
	}
	return err
}

// trustApprove takes keys that requireOverlap holds. The digest is that of the
// refusal: what is approved is what somebody was asked about, not what the source
// says when they answer.
func (p program) trustApprove(ctx context.Context, args []string) error {
	const write = "write ssoctl trust approve IDP DIGEST, the digest as trust refresh shows it"
	flags := newFlags("trust approve", "IDP DIGEST")
	if err := flags.Parse(args); err != nil {
		return wrong("trust approve: %w; %s", err, write)
	}
	if flags.NArg() != 2 {
		return wrong("trust approve: %s", write)
	}
	r, sources, err := p.sources(ctx, flags.Args()[:1])
	if err != nil {
		return err
	}
	result, err := r.Approved(ctx, sources[0], flags.Arg(1))
	told, err := r.told(ctx, sources[0], result, err)
	if err != nil {
		return fmt.Errorf("cannot store keys: %w", err)
	}
	p.say("%s", told.line)
	if told.left {
		return errors.New("nothing was approved")
	}
	return nil
}

// sources are the identity providers of these IDs, or all, in the revision that
// counts, and what refreshes them.
func (p program) sources(ctx context.Context, ids []string) (refresher, []trust.Source, error) {
	d, err := p.deployment()
	if err != nil {
		return refresher{}, nil, err
	}
	revision, err := p.present(ctx, d)
	if err != nil {
		return refresher{}, nil, err
	}
	sources, err := named(revision, ids)
	return p.refresher(d, revision), sources, err
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
