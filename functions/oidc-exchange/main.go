// Command oidc-exchange is the function behind /oidc/ and /sts: ID tokens in, STS
// tokens out, and the sign-in of people by OpenID Connect.
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

	"github.com/fc-sso/fc-sso/functions/oidc-exchange/exchange"
	"github.com/fc-sso/fc-sso/functions/oidc-exchange/login"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

func main() {
	log := audit.Logger(os.Stdout)
	cfg, err := config.Load(os.LookupEnv, config.Store, config.STS, config.Rotation, config.SigningKey)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	desk := respond.Desk{Function: exchange.Name, Log: log, Now: time.Now, Refuse: exchange.Refuse}
	handler, err := wire(log, cfg)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
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
	trusted := book.New(store.NewTrust(client), time.Now)
	rules, nonces := reading(trusted, (*book.Reading).Part), store.NewNonces(client)
	api := openapi.New(time.Now, rand.Reader)
	ring, err := keys.Open(context.Background(), log, trusted.Own, keys.Places{
		File: cfg.SigningKeyFile, Key: cfg.SigningKMSKey,
		KMS: keys.KMS{API: api, Endpoint: cfg.KMSEndpoint, Credentials: trigger.RoleCredentials},
	}, time.Now)
	if err != nil {
		return nil, err
	}
	fresh := freshness.By(trusted.Newest, freshness.Function{
		API: api, Endpoint: cfg.FCEndpoint, Name: cfg.Rotation, Credentials: trigger.RoleCredentials,
	})
	people := login.New(login.Config{
		URL: cfg.URL, Pages: pages, Log: log, Now: time.Now, Random: rand.Reader,
		Record: trusted.Record, Rules: rules, SourceIP: trigger.SourceIP,
		Fresh: fresh, Nonces: nonces, Sessions: store.NewSessions(client), People: store.NewLeavers(client),
		Secret: config.Secrets(os.LookupEnv), AllowLoopback: cfg.Local,
	})
	workloads := exchange.New(exchange.Config{
		Log: log, Now: time.Now,
		Trusting: reading(trusted, (*book.Reading).Trusting), Record: trusted.Record, Rules: rules,
		Provider: samlProvider(trusted),
		Longest:  trusted.Longest,
		SourceIP: trigger.SourceIP,
		Fresh:    fresh,
		Nonces:   nonces,
		People:   store.NewLeavers(client),
		Held:     ring.Held(),
		Issuer: issue.New(issue.Config{
			API: api, Credentials: trigger.RoleCredentials,
			STSEndpoint: cfg.STSEndpoint, SigninEndpoint: cfg.SigninEndpoint,
			Own: issue.Own{Origin: cfg.URL, Signing: ring.Signer, Now: time.Now, Random: rand.Reader},
		}),
	})
	return login.Beside(people, workloads), nil
}

// reading asks the revision that counts now.
func reading[T federation.Revision | []federation.Trusting](trusted *book.Book, ask func(*book.Reading, context.Context, string) (T, error)) func(context.Context, string) (T, error) {
	return func(ctx context.Context, name string) (T, error) {
		now, err := trusted.Read(ctx)
		if err != nil {
			return *new(T), err
		}
		return ask(now, ctx, name)
	}
}

// samlProvider asks the revision that counts now for whom an account calls so.
func samlProvider(trusted *book.Book) func(ctx context.Context, account, arn string) (string, error) {
	return func(ctx context.Context, account, arn string) (string, error) {
		now, err := trusted.Read(ctx)
		if err != nil {
			return "", err
		}
		return now.SAMLProvider(ctx, account, arn)
	}
}
