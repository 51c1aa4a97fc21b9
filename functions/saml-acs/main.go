// Command saml-acs is the function behind /saml/: our SAML service provider.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"github.com/fc-sso/fc-sso/functions/saml-acs/acs"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

func main() {
	log := audit.Logger(os.Stdout)
	cfg, err := config.Load(os.LookupEnv, config.Store, config.SigningKey, config.Rotation)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	handler, err := wire(log, cfg)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	desk := respond.Desk{Function: "saml-acs", Log: log, Now: time.Now, Refuse: respond.Plain}
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
	trusted, api := book.New(store.NewTrust(client), time.Now), openapi.New(time.Now, rand.Reader)
	ring, err := keys.Open(context.Background(), log, trusted.Own, keys.Places{
		File: cfg.SigningKeyFile, Key: cfg.SigningKMSKey, Secret: cfg.DecryptionSecret,
		KMS: keys.KMS{API: api, Endpoint: cfg.KMSEndpoint, Credentials: trigger.RoleCredentials},
	}, time.Now)
	if err != nil {
		return nil, err
	}
	return acs.New(acs.Config{
		URL: cfg.URL, Pages: pages, Log: log, Now: time.Now, Random: rand.Reader,
		Record: trusted.Record, Rules: rulesIn(trusted), SourceIP: trigger.SourceIP,
		Fresh: freshness.By(trusted.Newest, freshness.Function{
			API: api, Endpoint: cfg.FCEndpoint, Name: cfg.Rotation, Credentials: trigger.RoleCredentials,
		}),
		Nonces:   store.NewNonces(client),
		Sessions: store.NewSessions(client),
		People:   store.NewLeavers(client),
		Own:      ring,
	}), nil
}

// rulesIn reads the part of the revision that decides for an identity provider's
// people.
func rulesIn(trusted *book.Book) func(context.Context, string) (federation.Revision, error) {
	return func(ctx context.Context, idp string) (federation.Revision, error) {
		reading, err := trusted.Read(ctx)
		if err != nil {
			return federation.Revision{}, err
		}
		return reading.Part(ctx, idp)
	}
}
