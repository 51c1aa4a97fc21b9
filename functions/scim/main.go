// Command scim is the function behind /scim/.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"github.com/fc-sso/fc-sso/functions/scim/scim"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

func main() {
	log := audit.Logger(os.Stdout)
	cfg, err := config.Load(os.LookupEnv, config.Store, config.Provisioning)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	desk := respond.Desk{Function: scim.Name, Log: log, Now: time.Now, Refuse: scim.Refuse}
	fc.Start(trigger.HTTP(desk, cfg.URL, wire(desk, cfg)))
}

func wire(desk respond.Desk, cfg config.Config) http.Handler {
	client := store.Open(store.Config{
		Endpoint: cfg.OTSEndpoint, Instance: cfg.OTSInstance, Credentials: trigger.RoleCredentials, Now: time.Now,
	})
	trust := store.NewTrust(client)
	caller := caller{openapi.New(time.Now, rand.Reader), cfg}
	return scim.New(desk, scim.Config{
		URL: cfg.URL, Now: time.Now, Random: rand.Reader,
		Tokens: func(ctx context.Context, idp string) ([]byte, error) {
			row, _, err := trust.SCIM(ctx, idp)
			return row, err
		},
		Provider:  providers(book.New(trust, time.Now)),
		Resources: store.NewResources(client),
		Inbox:     inbox.Inbox{Events: store.NewEvents(client), People: store.NewPeople(client), Now: time.Now},
		Wake:      caller.wake,
	})
}

// providers are the identity providers of the federation that counts now.
func providers(trust *book.Book) func(context.Context, string) (scim.Provider, error) {
	return func(ctx context.Context, idp string) (scim.Provider, error) {
		record, err := trust.Record(ctx, idp)
		if err != nil {
			return scim.Provider{}, err
		}
		audit.Of(ctx).Revision = record.Revision()
		return scim.Provider{Suspended: record.Suspended(), Person: func(p lifecycle.Person) (string, error) {
			source := record.Source()
			return mapping.PersonOf(source, mapping.Says(source, mapping.Described{
				UserName: p.UserName, Email: p.Email, DisplayName: p.DisplayName, Attributes: p.Attributes,
			}))
		}}, nil
	}
}

// caller calls provisioning.
type caller struct {
	api *openapi.Client
	cfg config.Config
}

// wake hands over who is to be looked after; where they are several, that somebody is.
func (c caller) wake(ctx context.Context, subjects []lifecycle.Subject) error {
	errand := map[string]any{"triggerTime": time.Now().UTC().Format(time.RFC3339), "triggerName": scim.Name}
	if len(subjects) == 1 {
		errand = map[string]any{"subject": subjects[0]}
	}
	payload, err := json.Marshal(errand)
	if err != nil {
		return err
	}
	credentials, err := trigger.RoleCredentials(ctx)
	if err != nil {
		return err
	}
	return c.api.InvokeLater(ctx, openapi.FunctionCall{
		Endpoint: c.cfg.FCEndpoint, Function: c.cfg.Provisioning, Payload: payload, Credentials: credentials,
	})
}
