package main

import (
	"context"
	"fmt"

	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

func (p program) apply(ctx context.Context, args []string) error {
	file, err := fileFlag("apply", args)
	if err != nil {
		return err
	}
	settings, err := config.Load(p.lookup, config.Store)
	if err != nil {
		return wrong("%w", err)
	}
	credentials, err := p.credentials()
	if err != nil {
		return err
	}
	revision, err := p.read(file, federation.Options{AllowLoopback: settings.Local})
	if err != nil {
		return fmt.Errorf("nothing was applied: %w", err)
	}
	client := p.client(settings.OTSEndpoint, settings.OTSInstance, credentials)
	if err := p.createTables(ctx, client); err != nil {
		return err
	}
	book := store.NewTrust(client)
	if err := p.commit(ctx, book, revision, credentials.AccessKeyID); err != nil {
		return err
	}
	p.notInEffect(revision)
	return p.refresh(ctx, book, revision, settings.Local)
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

// commit stores the revision and makes it the one that counts.
func (p program) commit(ctx context.Context, book *store.Trust, revision federation.Revision, who string) error {
	previous, err := book.Head(ctx)
	if err != nil {
		return fmt.Errorf("cannot read the present revision: %w", err)
	}
	if previous.Revision == revision.ID() {
		p.say("revision %s is applied already: %s\n", revision.ID(), summary(revision))
		return nil
	}
	var items []store.Item
	for _, item := range revision.Items() {
		items = append(items, store.Item(item))
	}
	err = book.Commit(ctx, revision.ID(), items, previous, store.Note{At: p.now(), Who: who})
	if reason.Of(err) == reason.StoreConflict {
		return fmt.Errorf("somebody else applied another revision meanwhile: %w; look at it and apply again", err)
	}
	if err != nil {
		return fmt.Errorf("cannot store the revision: %w", err)
	}
	p.say("revision %s applied: %s%s\n", revision.ID(), summary(revision), after(previous.Revision))
	return nil
}

func after(previous string) string {
	if previous == "" {
		return ""
	}
	return "; before it " + previous
}
