package main

import (
	"context"
	"fmt"

	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/difference"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
)

// deployment is the trust store that the environment names.
type deployment struct {
	client *store.Client
	trust  *store.Trust
	who    string // whose access key it is
	local  bool
	url    string // the bundle's origin
}

func (p program) deployment() (deployment, error) {
	settings, err := config.Load(p.lookup, config.Store)
	if err != nil {
		return deployment{}, wrong("%w", err)
	}
	credentials, err := p.credentials()
	if err != nil {
		return deployment{}, err
	}
	client := p.client(settings.OTSEndpoint, settings.OTSInstance, credentials)
	return deployment{client, store.NewTrust(client), credentials.AccessKeyID, settings.Local, settings.URL}, nil
}

func (p program) client(endpoint, instance string, credentials ram.Credentials) *store.Client {
	return store.Open(store.Config{
		Endpoint:    endpoint,
		Instance:    instance,
		Credentials: func(context.Context) (ram.Credentials, error) { return credentials, nil },
		Now:         p.now,
	})
}

// credentials are the operator's own, by the names that Alibaba Cloud's tools use.
func (p program) credentials() (ram.Credentials, error) {
	id, _ := p.lookup("ALIBABA_CLOUD_ACCESS_KEY_ID")
	secret, _ := p.lookup("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	token, _ := p.lookup("ALIBABA_CLOUD_SECURITY_TOKEN")
	if id == "" || secret == "" {
		return ram.Credentials{}, wrong("no access key; set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	}
	return ram.Credentials{AccessKeyID: id, AccessKeySecret: ram.Secret(secret), SecurityToken: ram.Secret(token)}, nil
}

// stored reads a whole revision, and refuses rows that are not all of it: who was
// killed while writing one left such.
func (d deployment) stored(ctx context.Context, id string) (federation.Revision, error) {
	rows, err := d.trust.Revision(ctx, id)
	if err != nil {
		return federation.Revision{}, fmt.Errorf("cannot read revision %s: %w", id, err)
	}
	if len(rows) == 0 {
		return federation.Revision{}, wrong("there is no revision %.80q; ssoctl history lists them", id)
	}
	items := make([]federation.Item, 0, len(rows))
	for _, row := range rows {
		items = append(items, federation.Item(row))
	}
	revision, err := federation.FromItems(items)
	if err != nil {
		return federation.Revision{}, fmt.Errorf("cannot read revision %s: %w", id, err)
	}
	if revision.ID() != id {
		return federation.Revision{}, fmt.Errorf("cannot use revision %s: it was never written whole, its rows are those of %s", id, revision.ID())
	}
	return revision, nil
}

// difference is what becomes other when revision takes the place of head.
func (p program) difference(ctx context.Context, d deployment, head store.Head, revision federation.Revision) (difference.Difference, error) {
	var before federation.Draft
	if head.Revision != "" {
		present, err := d.stored(ctx, head.Revision)
		if err != nil {
			return difference.Difference{}, err
		}
		if before, err = present.Draft(); err != nil {
			return difference.Difference{}, err
		}
	}
	after, err := revision.Draft()
	if err != nil {
		return difference.Difference{}, err
	}
	return difference.Of(before, after), nil
}
