package main

import (
	"bytes"
	"context"
	"crypto/tls"
	_ "embed"
	"net"
	"net/http"
	"os"
	"strconv"
	"text/template"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
	"github.com/fc-sso/fc-sso/scripts/local/internal/idp"
	"github.com/fc-sso/fc-sso/scripts/local/internal/op"
	"github.com/fc-sso/fc-sso/scripts/local/internal/ready"
)

// demoFederation trusts the demo's identity providers, in two accounts. It is a
// template whose signs are << and >>, since {{ and }} are the federation's own.
//
//go:embed demo.yaml
var demoFederation string

// startIDPs starts the demo's identity providers, one by SAML and one by OpenID
// Connect, unless somebody brings a federation file and with it identity providers
// of their own.
func (s *station) startIDPs(context.Context) error {
	if s.options.federation != "" {
		return nil
	}
	err := s.startSAML(s.ports.acme, nil, idp.Acme)
	if err == nil {
		err = s.startOIDC(s.ports.contoso, op.Contoso)
	}
	if err == nil && s.options.partner {
		err = s.startSAML(s.ports.fabrikam, s.ports.fabrikamLogin, idp.Fabrikam)
	}
	return err
}

// startSAML starts an identity provider. login is where it has another host of its own, at
// which people sign in when a test says so; over TLS where the bundle is, since a
// browser lets no form of ours end at less.
func (s *station) startSAML(listener, login net.Listener, options func(baseURL, bundleURL, dataDir string) idp.Options) error {
	// Metadata is fetched by http, whatever the origin is: both ports serve it.
	demo := options(localhost(listener), origin("http", s.ports.front), s.data.path)
	demo.Now, demo.Log = s.clock.now, s.log
	demo.SPLoginURL = s.url() + "/saml/" + demo.ID + "/login"
	if login != nil {
		demo.Elsewhere = s.scheme() + "://login.localhost:" + strconv.Itoa(portOf(login))
	}
	provider, err := idp.New(demo)
	if err != nil {
		return s.demoFault(err)
	}
	s.serve(listener, provider)
	if err := s.serveLogin(login, provider); err != nil {
		return err
	}
	s.doors[demo.ID] = provider.Admin()
	for _, user := range provider.Users() {
		s.asserted = append(s.asserted, user.Roles...)
	}
	s.line.IDPs = append(s.line.IDPs, ready.IDP{
		ID: demo.ID, Kind: "saml", Title: demo.Title, MetadataURL: provider.EntityID(), Users: describe(provider.Users()),
	})
	return nil
}

func (s *station) serveLogin(login net.Listener, provider http.Handler) error {
	switch {
	case login == nil:
		return nil
	case !s.options.tls:
		s.serve(login, provider)
		return nil
	}
	config, err := s.tlsConfig("127.0.0.1", "login.localhost")
	if err != nil {
		return err
	}
	s.serve(tls.NewListener(login, config), provider)
	return nil
}

func (s *station) startOIDC(listener net.Listener, options func(baseURL, bundleURL, dataDir string) op.Options) error {
	demo := options(localhost(listener), s.url(), s.data.path)
	demo.Now, demo.Log = s.clock.now, s.log
	provider, err := op.New(demo)
	if err != nil {
		return s.demoFault(err)
	}
	s.serve(listener, provider)
	s.doors[demo.ID] = provider.Admin()
	s.line.IDPs = append(s.line.IDPs, ready.IDP{
		ID: demo.ID, Kind: "oidc", Title: demo.Title, Issuer: provider.Issuer(), Users: describe(provider.Users()),
	})
	return nil
}

func (s *station) demoFault(err error) error {
	return complain("data folder "+s.data.path, err, "delete the file that it names, or give -data another folder")
}

func describe(users []desk.User) []ready.User {
	var line []ready.User
	for _, user := range users {
		line = append(line, ready.User{Username: user.Username, Password: user.Password})
	}
	return line
}

// prepareFederation writes the demo's federation file, or takes the given one.
// The roles that the demo's people assert exist in RAM too, the forbidden one
// included: that nobody gets it must be the rules' doing.
func (s *station) prepareFederation(context.Context) error {
	s.federation = s.options.federation
	if s.federation == "" {
		s.federation = s.data.file("federation.yaml")
		text, err := s.demoText()
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.federation, text, 0o600); err != nil {
			return complain("data folder "+s.data.path, cause(err), "give -data a folder that this user may write to")
		}
	}
	s.line.Federation = s.federation
	asserted := named{accounts: map[string]string{}, roles: map[string][]string{}}
	for _, role := range s.asserted {
		asserted.scalar("roles", role)
	}
	return s.declare(asserted)
}

func (s *station) demoText() ([]byte, error) {
	providers := map[string]ready.IDP{}
	for _, provider := range s.line.IDPs {
		providers[provider.ID] = provider
	}
	var text bytes.Buffer
	parsed, err := template.New("demo.yaml").Delims("<<", ">>").Parse(demoFederation)
	if err == nil {
		err = parsed.Execute(&text, providers)
	}
	return text.Bytes(), err
}
