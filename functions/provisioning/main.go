// Command provisioning turns events about joiners, movers and leavers into RAM users and
// groups, and lets events suspend identity providers and have their keys fetched.
package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"github.com/fc-sso/fc-sso/functions/provisioning/effect"
	"github.com/fc-sso/fc-sso/functions/provisioning/inbox"
	"github.com/fc-sso/fc-sso/functions/provisioning/provisioning"
	"github.com/fc-sso/fc-sso/functions/provisioning/trustevent"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/freshness"
	arrivals "github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

func main() {
	log := audit.Logger(os.Stdout)
	cfg, err := config.Load(os.LookupEnv, config.Store, config.RAM, config.Rotation)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	job := trigger.Job{Function: provisioning.Name, Log: log, Now: time.Now}
	fc.Start(trigger.Events(job, wire(log, cfg)))
}

func wire(log *slog.Logger, cfg config.Config) func(context.Context, []byte) error {
	client := store.Open(store.Config{
		Endpoint: cfg.OTSEndpoint, Instance: cfg.OTSInstance, Credentials: trigger.RoleCredentials, Now: time.Now,
	})
	rows, events, people := store.NewTrust(client), store.NewEvents(client), store.NewPeople(client)
	trusted, api := book.New(rows, time.Now), openapi.New(time.Now, rand.Reader)
	trustEvents := trustevent.Handler{
		Rows: rows, Record: trusted.Record,
		Refresh: freshness.Function{API: api, Endpoint: cfg.FCEndpoint, Name: cfg.Rotation, Credentials: trigger.RoleCredentials}.Refresh,
	}
	wanted := effect.Config{
		API: api, STSEndpoint: cfg.STSEndpoint, IMSEndpoint: cfg.IMSEndpoint, RAMEndpoint: cfg.RAMEndpoint,
		Credentials: trigger.RoleCredentials, Now: time.Now, Wrote: wrote(log),
	}
	return func(ctx context.Context, payload []byte) error {
		return provisioning.New(provisioning.Config{
			Log: log, Now: time.Now, Read: read(cfg.Events), Federation: trusted.Whole,
			Inbox:  arrivals.Inbox{Events: events, People: people, Now: time.Now},
			Events: events, Owners: owners{people},
			Effects: effects{effect.New(wanted)}, // for this invocation
			Trust:   trustEvents.Handle,
		})(ctx, payload)
	}
}

// read is the door, for those whose events are taken.
func read(from config.Events) func([]byte) provisioning.Delivery {
	accepted := inbox.Accepted{Account: from.Account, Sources: from.Sources, Topics: from.Topics, Now: time.Now}
	return func(payload []byte) provisioning.Delivery {
		if errand, ok := inbox.ReadErrand(payload); ok {
			return provisioning.Delivery{Timer: errand.Timer, Subject: errand.Subject}
		}
		events, refused := inbox.Read(payload, accepted)
		d := provisioning.Delivery{Events: events}
		for _, bad := range refused {
			d.Bad = append(d.Bad, provisioning.Bad(bad))
		}
		return d
	}
}

// effects are those of this function's rooms, each in its own words.
type effects struct{ *effect.Effects }

func (e effects) User(ctx context.Context, u provisioning.User) error {
	return e.Effects.User(ctx, effect.Wanted(u))
}

func (e effects) Group(ctx context.Context, g provisioning.Group) error {
	return e.Effects.Group(ctx, effect.Group(g))
}

// owners also know who has left.
type owners struct{ *store.People }

func (o owners) Left(ctx context.Context, idp, person string) (bool, error) {
	known, _, err := o.Known(ctx, idp, person, [32]byte{})
	return known.Left, err
}

// wrote logs each step that changed an account's RAM.
func wrote(log *slog.Logger) func(context.Context, ram.AccountID, effect.Step, error) {
	return func(ctx context.Context, account ram.AccountID, s effect.Step, err error) {
		log.InfoContext(ctx, "ram changed", "account", account.String(), "call", s.Action, "subject", s.Subject, "change", s.Words, "unanswered", err != nil)
	}
}
