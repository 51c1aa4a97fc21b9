package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

// declared is what a federation file says of identity providers and of what accounts
// call them, as far as the emulated RAM has to know it. It is read with an eye shut:
// judging the file is ssoctl's work.
type declared struct {
	IdentityProviders []struct {
		ID   string
		SAML *struct {
			MetadataURL  string `yaml:"metadataURL"`
			MetadataFile string `yaml:"metadataFile"`
		} `yaml:"saml"`
		OIDC *struct {
			Issuer    string
			Audiences []string
		} `yaml:"oidc"`
		Fetch struct {
			CAFile string `yaml:"caFile"`
		}
	} `yaml:"identityProviders"`
	Accounts []struct {
		ID, Site, Issue string
		SAMLProviders   map[string]string `yaml:"samlProviders"`
		OIDCProviders   map[string]string `yaml:"oidcProviders"`

		FederatedProvider string `yaml:"federatedProvider"`

		UserSSO *struct {
			Suffixes   []string
			WithDomain *bool `yaml:"withDomain"`
		} `yaml:"userSSO"`
	}
}

// registered are the providers that the accounts of a file have, and whom the roles
// of those that issue directly or by federation trust beside the bundle's functions.
type registered struct {
	oidc      []cloud.OIDCProvider
	saml      map[string]source            // by ARN
	trusted   map[string][]cloud.Federated // by account
	federated map[string]bool              // by account
	userSSO   map[string]bool              // by account: whether with domain
	domains   map[string]string            // by account: the alias
	abroad    []string                     // accounts of the international site
	ours      []believer                   // accounts that take the bundle for an identity provider
}

// source is where metadata comes from.
type source struct{ url, file, caFile string }

// acsOf is the recipient of each site's role sign-in.
func acsOf(site string) string {
	if site == "international" {
		return "https://signin.alibabacloud.com/saml-role/sso"
	}
	return "https://signin.aliyun.com/saml-role/sso"
}

func providersOf(content []byte) registered {
	var file declared
	_ = yaml.Unmarshal(content, &file) // what could be read was
	r := registered{saml: map[string]source{}, trusted: map[string][]cloud.Federated{}, federated: map[string]bool{}, userSSO: map[string]bool{}, domains: map[string]string{}}
	for _, account := range file.Accounts {
		if sso := account.UserSSO; sso != nil {
			r.userSSO[account.ID] = sso.WithDomain == nil || *sso.WithDomain
			r.addAlias(account.ID, sso.Suffixes)
		}
		if account.UserSSO != nil || account.FederatedProvider != "" {
			r.ours = append(r.ours, believer{account: account.ID, provider: account.FederatedProvider, users: account.UserSSO != nil})
		}
		if account.Site == "international" {
			r.abroad = append(r.abroad, account.ID)
		}
		if account.Issue == "federated" {
			r.federated[account.ID] = true
			r.trusted[account.ID] = []cloud.Federated{{Provider: account.FederatedProvider, Equals: map[string][]string{"saml:recipient": {acsOf(account.Site)}}}}
		}
		for _, idp := range file.IdentityProviders {
			var by []cloud.Federated
			if arn := account.OIDCProviders[idp.ID]; arn != "" && idp.OIDC != nil {
				r.addOIDC(arn, idp.OIDC.Issuer, idp.OIDC.Audiences)
				by = append(by, cloud.Federated{Provider: arn, Equals: map[string][]string{"oidc:iss": {idp.OIDC.Issuer}, "oidc:aud": idp.OIDC.Audiences}})
			}
			if arn := account.SAMLProviders[idp.ID]; arn != "" && idp.SAML != nil {
				r.saml[arn] = source{idp.SAML.MetadataURL, idp.SAML.MetadataFile, idp.Fetch.CAFile}
				by = append(by, cloud.Federated{Provider: arn, Equals: map[string][]string{"saml:recipient": {acsOf(account.Site)}}})
			}
			if account.Issue == "direct" {
				r.trusted[account.ID] = append(r.trusted[account.ID], by...)
			}
		}
	}
	return r
}

// addAlias: a suffix that Alibaba Cloud gave nobody is the account's own domain.
func (r *registered) addAlias(account string, suffixes []string) {
	for _, suffix := range suffixes {
		if suffix = strings.ToLower(suffix); !strings.HasSuffix(suffix, ".onaliyun.com") {
			r.domains[account] = suffix
			return
		}
	}
}

// addOIDC joins the records of one issuer, which RAM has one provider for.
func (r *registered) addOIDC(arn, issuer string, audiences []string) {
	i := slices.IndexFunc(r.oidc, func(p cloud.OIDCProvider) bool { return p.ARN == arn && p.Issuer == issuer })
	if i < 0 {
		r.oidc = append(r.oidc, cloud.OIDCProvider{ARN: arn, Issuer: issuer, ClientIDs: audiences})
		return
	}
	r.oidc[i].ClientIDs = slices.Concat(r.oidc[i].ClientIDs, audiences)
}

// register makes them so in the emulated RAM, as an administrator would: with the
// fingerprint that is served, and the metadata that is published, at this moment. What
// RAM has already stays as it is, since others may have written it since then. What
// cannot be had is left out, and STS will say so.
func (s *station) register(ctx context.Context, r registered) {
	var all sync.WaitGroup
	for _, p := range r.oidc {
		if !s.cloud.Registered(p.ARN) {
			all.Go(func() { s.registerOIDC(ctx, p) })
		}
	}
	for arn, from := range r.saml {
		if !s.cloud.Registered(arn) {
			all.Go(func() { s.registerSAML(ctx, arn, from) })
		}
	}
	all.Wait()
}

// switchOn switches user-based SSO on where the file says that it is used. A domain
// that is none is left out: ssoctl says so.
func (s *station) switchOn(r registered) {
	for account, withDomain := range r.userSSO {
		s.cloud.AddUserSSO(account, withDomain)
	}
	for account, domain := range r.domains {
		_ = s.cloud.SetDomainAlias(account, domain)
	}
	for _, account := range r.abroad {
		s.cloud.SetInternational(account)
	}
}

func (s *station) registerOIDC(ctx context.Context, p cloud.OIDCProvider) {
	served, err := cloud.Served(ctx, p.Issuer)
	if served != "" {
		p.Fingerprints = []string{served}
	}
	err = errors.Join(err, s.cloud.AddOIDCProvider(p))
	s.log.InfoContext(ctx, "OIDC provider", "arn", p.ARN, "issuer", p.Issuer, "fingerprint", served, "error", err)
}

func (s *station) registerSAML(ctx context.Context, arn string, from source) {
	metadata, err := from.read(ctx, filepath.Dir(s.federation))
	if err == nil {
		err = s.cloud.AddSAMLProvider(arn, metadata)
	}
	s.log.InfoContext(ctx, "SAML provider", "arn", arn, "error", err)
}

const (
	mostMetadata  = 1 << 20
	metadataLimit = 5 * time.Second
)

func (f source) read(ctx context.Context, dir string) ([]byte, error) {
	if f.url == "" {
		return os.ReadFile(filepath.Join(dir, f.file))
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if f.caFile != "" {
		pem, err := os.ReadFile(filepath.Join(dir, f.caFile))
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Transport: transport, Timeout: metadataLimit}).Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read: nothing more can be learned
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", f.url, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, mostMetadata))
}
