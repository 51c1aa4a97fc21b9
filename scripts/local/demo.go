package main

import (
	"context"
	_ "embed"
	"os"
	"strings"

	"github.com/fc-sso/fc-sso/scripts/local/internal/idp"
	"github.com/fc-sso/fc-sso/scripts/local/internal/ready"
)

// demoFederation trusts the two demo identity providers, in two accounts.
//
//go:embed demo.yaml
var demoFederation string

// startIDPs starts the demo identity providers, unless somebody brings a
// federation file and with it identity providers of their own.
func (s *station) startIDPs(context.Context) error {
	if s.options.federation != "" {
		return nil
	}
	bundle := origin("http", s.ports.front) // whatever the origin is: both ports serve the same domain
	for _, demo := range []idp.Options{
		idp.Acme(localhost(s.ports.acme), bundle, s.data.path),
		idp.Contoso(localhost(s.ports.contoso), bundle, s.data.path),
	} {
		demo.Now, demo.Log = s.clock.now, s.log
		demo.SPLoginURL = s.url() + "/saml/" + demo.ID + "/login"
		provider, err := idp.New(demo)
		if err != nil {
			return complain("data folder "+s.data.path, err, "delete the file that it names, or give -data another folder")
		}
		s.idps = append(s.idps, provider)
		s.line.IDPs = append(s.line.IDPs, describe(demo, provider))
	}
	s.serve(s.ports.acme, s.idps[0])
	s.serve(s.ports.contoso, s.idps[1])
	return nil
}

func describe(demo idp.Options, provider *idp.IdP) ready.IDP {
	line := ready.IDP{ID: demo.ID, Kind: "saml", Title: demo.Title, MetadataURL: provider.EntityID()}
	for _, user := range provider.Users() {
		line.Users = append(line.Users, ready.User{Username: user.Username, Password: user.Password})
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
		if err := os.WriteFile(s.federation, []byte(s.demoText()), 0o600); err != nil {
			return complain("data folder "+s.data.path, cause(err), "give -data a folder that this user may write to")
		}
	}
	s.line.Federation = s.federation
	asserted := named{accounts: map[string]string{}, roles: map[string][]string{}}
	for _, provider := range s.idps {
		for _, user := range provider.Users() {
			for _, role := range user.Roles {
				asserted.scalar("roles", role)
			}
		}
	}
	return s.declare(asserted)
}

func (s *station) demoText() string {
	var metadata []string
	for _, provider := range s.line.IDPs {
		metadata = append(metadata, "{{"+provider.ID+" metadata}}", provider.MetadataURL)
	}
	return strings.NewReplacer(metadata...).Replace(demoFederation)
}
