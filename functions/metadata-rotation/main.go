// Command metadata-rotation fetches the identity providers' keys: all by a timer,
// and one when a sign-in meets a key that nobody knew; and keeps accounts' RAM up to
// date with them.
package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"github.com/fc-sso/fc-sso/functions/metadata-rotation/rotation"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

func main() {
	log := audit.Logger(os.Stdout)
	cfg, err := config.Load(os.LookupEnv, config.Store, config.RAM)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	job := trigger.Job{Function: rotation.Name, Log: log, Now: time.Now}
	fc.Start(trigger.Events(job, wire(log, cfg)))
}

func wire(log *slog.Logger, cfg config.Config) func(context.Context, []byte) error {
	keys := store.NewTrust(store.Open(store.Config{
		Endpoint: cfg.OTSEndpoint, Instance: cfg.OTSInstance, Credentials: trigger.RoleCredentials, Now: time.Now,
	}))
	trusted := book.New(keys, time.Now)
	refresher := refresh.Refresher{Store: keys, Fetch: refresh.Get(cfg.Local), Now: time.Now, AllowLoopback: cfg.Local}
	api := openapi.New(time.Now, rand.Reader)
	return rotation.New(rotation.Config{
		Log: log, Now: time.Now, Records: listed(trusted), Record: trusted.Record, Refresh: refresher.Record, Leases: keys, Watches: keys,
		Accounts: accounts(cfg, api, trusted, ours(keys), push.Config{Store: keys, Now: time.Now, Wrote: rotation.Wrote(log)}),
		Own:      ours(keys),
		Send:     carrier(cfg, api),
	})
}

func accounts(cfg config.Config, api *openapi.Client, trusted *book.Book, ours func(context.Context) (own.Keys, error), p push.Config) *rotation.Accounts {
	p.API, p.Credentials = api, trigger.RoleCredentials
	p.STSEndpoint, p.IMSEndpoint, p.RAMEndpoint = cfg.STSEndpoint, cfg.IMSEndpoint, cfg.RAMEndpoint
	return &rotation.Accounts{Federation: trusted.Whole, Newest: trusted.Newest, Push: p.Push, Own: ourSide(cfg.URL, ours)}
}

// ours are our own signing keys, as they are written down.
func ours(keys *store.Trust) func(context.Context) (own.Keys, error) {
	return func(ctx context.Context) (own.Keys, error) {
		row, _, err := keys.Own(ctx)
		if err != nil {
			return own.Keys{}, err
		}
		return own.Parse(row)
	}
}

// ourSide is what we are to an account. Few are declared as one to which we are
// anything, so the others cost no reading.
func ourSide(origin string, ours func(context.Context) (own.Keys, error)) func(context.Context, federation.Account) (push.Own, error) {
	return func(ctx context.Context, a federation.Account) (push.Own, error) {
		if _, userSSO := a.UserSSO(); !userSSO && a.FederatedProvider().IsZero() {
			return push.Own{}, nil
		}
		keys, err := ours(ctx)
		if err != nil {
			return push.Own{}, err
		}
		return push.Ours(origin, a, keys.Certificates()), nil
	}
}

// listed are the ids of all records that count now.
func listed(trusted *book.Book) func(context.Context) ([]string, error) {
	return func(ctx context.Context) ([]string, error) {
		reading, err := trusted.Read(ctx)
		if err != nil {
			return nil, err
		}
		all, err := reading.IdentityProviders(ctx)
		if err != nil {
			return nil, err
		}
		ids := make([]string, 0, len(all))
		for _, idp := range all {
			ids = append(ids, idp.ID)
		}
		return ids, nil
	}
}
