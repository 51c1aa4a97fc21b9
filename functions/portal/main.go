// Command portal is the function behind everything that no other serves: the
// pages where people choose a role.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"github.com/fc-sso/fc-sso/functions/portal/portal"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

func main() {
	log := audit.Logger(os.Stdout)
	cfg, err := config.Load(os.LookupEnv, config.Store, config.STS, config.SigningKey, config.Provisioning)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	handler, err := wire(log, cfg)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	desk := respond.Desk{Function: "portal", Log: log, Now: time.Now, Refuse: respond.Plain}
	fc.Start(trigger.HTTP(desk, cfg.URL, handler))
}

func wire(log *slog.Logger, cfg config.Config) (http.Handler, error) {
	pages, err := page.New(cfg.URL, page.Brand{Name: cfg.BrandName, Help: cfg.BrandHelp, Logo: cfg.BrandLogo})
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	client := store.Open(store.Config{
		Endpoint: cfg.OTSEndpoint, Instance: cfg.OTSInstance, Credentials: trigger.RoleCredentials, Now: time.Now,
	})
	trust, api := book.New(store.NewTrust(client), time.Now), openapi.New(time.Now, rand.Reader)
	ring, err := keys.Open(context.Background(), log, trust.Own, keys.Places{
		File: cfg.SigningKeyFile, Key: cfg.SigningKMSKey,
		KMS: keys.KMS{API: api, Endpoint: cfg.KMSEndpoint, Credentials: trigger.RoleCredentials},
	}, time.Now)
	if err != nil {
		return nil, err
	}
	return portal.New(portal.Config{
		URL: cfg.URL, Pages: pages, Log: log, Now: time.Now, Random: rand.Reader,
		Trust:    func(ctx context.Context) (portal.Reading, error) { return trust.Read(ctx) },
		Longest:  trust.Longest,
		Sessions: store.NewSessions(client),
		Issuer: issue.New(issue.Config{
			API: api, Credentials: trigger.RoleCredentials,
			STSEndpoint: cfg.STSEndpoint, SigninEndpoint: cfg.SigninEndpoint,
			Own: issue.Own{Origin: cfg.URL, Signing: ring.Signer, Now: time.Now, Random: rand.Reader},
		}),
		Certificates: ring.Certificates,
		Held:         ring.Held(),
		People:       store.NewPeople(client),
		Making:       making(client, api, cfg),
		SourceIP:     trigger.SourceIP,
	}), nil
}

// making has provisioning make the RAM users of who signs in.
func making(client *store.Client, api *openapi.Client, cfg config.Config) portal.Making {
	events := store.NewEvents(client)
	box := inbox.Inbox{Events: events, People: store.NewPeople(client), Now: time.Now}
	return portal.Making{
		Accept: box.Accept,
		Provision: func(ctx context.Context, s lifecycle.Subject) error {
			payload, err := json.Marshal(map[string]lifecycle.Subject{"subject": s})
			if err != nil {
				return fmt.Errorf("provisioning: %w", err)
			}
			credentials, err := trigger.RoleCredentials(ctx)
			if err != nil {
				return err
			}
			var done json.RawMessage
			return api.Invoke(ctx, openapi.FunctionCall{
				Endpoint: cfg.FCEndpoint, Function: cfg.Provisioning, Payload: payload, Credentials: credentials,
			}, &done)
		},
		GivenUp: func(ctx context.Context, key string) (reason.Code, string, error) {
			letter, err := events.DeadLetter(ctx, key)
			if reason.Of(err) == reason.NotFound {
				return "", "", nil
			}
			return letter.Code, letter.Detail, err
		},
	}
}
