package simulation_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fc-sso/fc-sso/functions/metadata-rotation/rotation"
	"github.com/fc-sso/fc-sso/functions/oidc-exchange/exchange"
	"github.com/fc-sso/fc-sso/functions/saml-acs/acs"
	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
	"github.com/fc-sso/fc-sso/scripts/local/internal/tablestore"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/store"
)

const (
	origin   = "https://sso.example"
	bundle   = "1111111111111111"
	issuing  = "2222222222222222" // an account in which the bundle issues
	direct   = "3333333333333333" // one in which RAM decides too
	instance = "sso"
)

// world is everything in one process, by one clock.
type world struct {
	clock     *clock
	providers []*provider
	cloud     *cloud.Cloud
	sts       string
	ims, ram  string
	ca        []byte

	signIn   http.Handler // functions/saml-acs
	exchange http.Handler // functions/oidc-exchange
	rotate   func(context.Context, []byte) error
	tables   *tablestore.Server
	wrote    int  // calls that changed RAM
	rotates  bool // else nobody keeps anything fresh
}

func newWorld(t *testing.T, start time.Time, made *forge, rotates bool) *world {
	t.Helper()
	w := &world{clock: &clock{}, rotates: rotates}
	w.clock.set(start)
	w.addProviders(t, made)
	w.addCloud(t)
	w.addBundle(t)
	return w
}

// addProviders makes half of them SAML's, and half issuers of ID tokens.
func (w *world) addProviders(t *testing.T, made *forge) {
	t.Helper()
	roots := newAuthorities(t, 3)
	w.ca = roots.pem()
	for n := range count {
		p := &provider{id: fmt.Sprintf("idp%02d", n), saml: n < count/2, clock: w.clock, forge: made}
		if p.saml {
			server := httptest.NewServer(p)
			t.Cleanup(server.Close)
			p.url = server.URL
		} else {
			p.tls = roots.serve(t, p)
			p.url = p.tls.URL
		}
		first := p.newKey(t)
		p.publish(first)
		p.sign(first)
		w.providers = append(w.providers, p)
	}
}

func (p *provider) arn() string {
	if p.saml {
		return "acs:ram::" + direct + ":saml-provider/" + p.id
	}
	return "acs:ram::" + direct + ":oidc-provider/" + p.id
}

func (p *provider) role(account string) string { return "acs:ram::" + account + ":role/" + p.id }

// federation is what an administrator would write.
func (w *world) federation() string {
	var idps, saml, oidc, rules strings.Builder
	for _, p := range w.providers {
		if p.saml {
			fmt.Fprintf(&idps, "  - {id: %s, saml: {metadataURL: \"%s/metadata\", allowIdPInitiated: true}}\n", p.id, p.url)
			fmt.Fprintf(&saml, "      %s: %s\n", p.id, p.arn())
		} else {
			fmt.Fprintf(&idps, "  - {id: %s, oidc: {issuer: \"%s\", audiences: [sts.aliyuncs.com]}, fetch: {caFile: ca.pem}}\n", p.id, p.url)
			fmt.Fprintf(&oidc, "      %s: %s\n", p.id, p.arn())
		}
		for _, account := range []string{issuing, direct} {
			condition := "any"
			if !p.saml {
				condition = `{StringEquals: {"oidc:sub": job}}`
			}
			fmt.Fprintf(&rules, "  - {name: \"%s in %s\", idp: %s, roles: [\"%s\"], condition: %s, session: {name: ada}}\n", p.id, account, p.id, p.role(account), condition)
		}
	}
	return "identityProviders:\n" + idps.String() + "accounts:\n  - {id: \"" + issuing + "\"}\n  - id: \"" + direct + "\"\n    issue: direct\n    maintenanceRole: " + maintenance +
		"\n    samlProviders:\n" + saml.String() + "    oidcProviders:\n" + oidc.String() + "rules:\n" + rules.String()
}

const maintenance = "acs:ram::" + direct + ":role/fc-sso-maintenance"

// addCloud makes the accounts as they were when somebody set them up, by hand.
func (w *world) addCloud(t *testing.T) {
	t.Helper()
	var err error
	if w.cloud, err = cloud.New(cloud.Options{DataDir: t.TempDir(), BundleAccount: bundle, SigninURL: "http://localhost", Now: w.clock.Now}); err != nil {
		t.Fatal(err)
	}
	must(t, w.cloud.AddAccount(issuing, "issuing"), w.cloud.AddAccount(direct, "direct"))
	must(t, w.cloud.AddRole(cloud.Role{
		ARN: maintenance, Trust: cloud.Trusting("acs:ram::" + bundle + ":role/fc-sso-metadata-rotation"),
		Permission: `{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:*","ims:*"],"Resource":"*"}]}`,
	}))
	for _, p := range w.providers {
		by := cloud.Federated{Provider: p.arn(), Equals: map[string][]string{"saml:recipient": {roleSignIn}}}
		if p.saml {
			must(t, w.cloud.AddSAMLProvider(p.arn(), p.metadata()))
		} else {
			sum := sha1.Sum(p.tls.root())
			must(t, w.cloud.AddOIDCProvider(cloud.OIDCProvider{
				ARN: p.arn(), Issuer: p.url, ClientIDs: []string{"sts.aliyuncs.com"}, Fingerprints: []string{hex.EncodeToString(sum[:])},
			}))
			by.Equals = map[string][]string{"oidc:iss": {p.url}, "oidc:aud": {"sts.aliyuncs.com"}, "oidc:sub": {"job"}}
		}
		must(t,
			w.cloud.AddRole(cloud.Role{ARN: p.role(issuing), Trust: cloud.Trusting("acs:ram::" + bundle + ":role/fc-sso-oidc-exchange")}),
			w.cloud.AddRole(cloud.Role{ARN: p.role(direct), Trust: cloud.TrustingFederated(nil, by)}))
	}
	w.sts, w.ims, w.ram = serve(t, w.cloud.STS()), serve(t, w.cloud.IMS()), serve(t, w.cloud.RAM())
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// as is how a function gets the credentials of its role.
func (w *world) as(function string) func(context.Context) (ram.Credentials, error) {
	return func(context.Context) (ram.Credentials, error) {
		made, err := w.cloud.FunctionRole("acs:ram::"+bundle+":role/fc-sso-"+function, "sso-"+function)
		return ram.Credentials{AccessKeyID: made.AccessKeyID, AccessKeySecret: ram.Secret(made.AccessKeySecret), SecurityToken: ram.Secret(made.SecurityToken)}, err
	}
}

// client is a function's way to Tablestore.
func (w *world) client(t *testing.T, endpoint string) *store.Client {
	t.Helper()
	key := w.cloud.AdminKey()
	return store.Open(store.Config{
		Endpoint: endpoint, Instance: instance, Now: w.clock.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: ram.Secret(key.AccessKeySecret)}, nil
		},
	})
}

// addBundle wires the functions as their mains do.
func (w *world) addBundle(t *testing.T) {
	t.Helper()
	var err error // the SDK signs by the real clock, and so the server goes by it
	if w.tables, err = tablestore.Open(tablestore.Options{Path: filepath.Join(t.TempDir(), "tables"), Instance: instance, Lookup: w.cloud.Lookup, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, w.tables.Close()) })
	client := w.client(t, serve(t, w.tables))
	trusted := store.NewTrust(client)
	w.apply(t, client, trusted)

	now, log := w.clock.Now, slog.New(slog.DiscardHandler)
	reads := book.New(trusted, now)
	w.addRotation(log, trusted, book.New(trusted, now))
	fresh := freshness.Keeper{Newest: reads.Newest, Refresh: w.wish, Wait: func(context.Context) bool { return false }}
	pages, err := page.New(origin, page.Brand{})
	must(t, err)
	part := func(ctx context.Context, idp string) (federation.Revision, error) {
		reading, err := reads.Read(ctx)
		if err != nil {
			return federation.Revision{}, err
		}
		return reading.Part(ctx, idp)
	}
	nowhere := func(context.Context) netip.Addr { return netip.Addr{} }
	w.signIn = acs.New(acs.Config{
		URL: origin, Pages: pages, Log: log, Now: now, Random: rand.Reader, Record: reads.Record, Rules: part, SourceIP: nowhere,
		Fresh: fresh, Nonces: store.NewNonces(client), Sessions: store.NewSessions(client), People: store.NewLeavers(client), Own: noKeys{},
	})
	w.exchange = exchange.New(exchange.Config{
		Log: log, Now: now, Record: reads.Record, Rules: part, Longest: reads.Longest, SourceIP: nowhere, Fresh: fresh, Nonces: store.NewNonces(client), People: store.NewLeavers(client),
		Trusting: func(ctx context.Context, issuer string) ([]federation.Trusting, error) {
			reading, err := reads.Read(ctx)
			if err != nil {
				return nil, err
			}
			return reading.Trusting(ctx, issuer)
		},
		Provider: func(ctx context.Context, account, arn string) (string, error) {
			reading, err := reads.Read(ctx)
			if err != nil {
				return "", err
			}
			return reading.SAMLProvider(ctx, account, arn)
		},
		Issuer: issue.New(issue.Config{API: openapi.New(now, rand.Reader), Credentials: w.as("oidc-exchange"), STSEndpoint: w.sts}),
	})
}

// apply is ssoctl's: the tables, the revision and the first keys.
func (w *world) apply(t *testing.T, client *store.Client, trusted *store.Trust) {
	t.Helper()
	_, err := store.CreateTables(t.Context(), client)
	must(t, err)
	revision, faults := yamlfile.Parse([]byte(w.federation()), fstest.MapFS{"ca.pem": {Data: w.ca}}, federation.Options{AllowLoopback: true})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var items []store.Item
	for _, item := range revision.Items() {
		items = append(items, store.Item(item))
	}
	must(t, trusted.Commit(t.Context(), revision.ID(), items, store.Head{}, store.Note{At: w.clock.Now(), Who: "admin"}))
	refresher := w.refresher(trusted)
	for _, source := range revision.IdentityProviders() {
		_, err := refresher.Record(t.Context(), source)
		must(t, err)
	}
}

func (w *world) refresher(trusted *store.Trust) refresh.Refresher {
	return refresh.Refresher{Store: trusted, Fetch: refresh.Get(true), Now: w.clock.Now, AllowLoopback: true}
}

func (w *world) addRotation(log *slog.Logger, trusted *store.Trust, reads *book.Book) {
	pushing := push.Config{
		API: openapi.New(w.clock.Now, rand.Reader), STSEndpoint: w.sts, IMSEndpoint: w.ims, RAMEndpoint: w.ram,
		Credentials: w.as("metadata-rotation"), Store: trusted, Now: w.clock.Now,
		Wrote: func(context.Context, push.Wanted, push.Call, error) { w.wrote++ },
	}
	w.rotate = rotation.New(rotation.Config{
		Log: log, Now: w.clock.Now, Record: reads.Record, Refresh: w.refresher(trusted).Record, Leases: trusted, Watches: trusted,
		Records: func(context.Context) ([]string, error) {
			var ids []string
			for _, p := range w.providers {
				ids = append(ids, p.id)
			}
			return ids, nil
		},
		Accounts: &rotation.Accounts{Newest: reads.Newest, Push: pushing.Push, Federation: func(ctx context.Context) (federation.Revision, error) {
			reading, err := reads.Read(ctx)
			if err != nil {
				return federation.Revision{}, err
			}
			return reading.Whole(ctx)
		}},
	})
}

// wish is a login function's: it has one record refreshed.
func (w *world) wish(ctx context.Context, idp string) error {
	if !w.rotates {
		return fmt.Errorf("no such function")
	}
	return w.rotate(audit.Begin(ctx, "wish"), []byte(`{"record":"`+idp+`"}`))
}

// hourly is the timer's.
func (w *world) hourly(t *testing.T) error {
	t.Helper()
	if !w.rotates {
		return nil
	}
	return w.rotate(audit.Begin(t.Context(), "timer"), []byte(`{"triggerTime":"2027-03-01T12:07:00Z","triggerName":"hourly","payload":"{}"}`))
}

// noKeys are our own: nobody here is sent to an identity provider by us.
type noKeys struct{}

func (noKeys) Signing(context.Context, string) (keys.Signing, error) {
	return keys.Signing{}, errors.New("nothing is signed here")
}

func (noKeys) Decrypters() []crypto.Decrypter { return nil }

func (noKeys) Refresh(context.Context, []crypto.Decrypter) (bool, error) { return false, nil }
