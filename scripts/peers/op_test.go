package peers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// TestTheDemosProviderIsOne: what judges our sign-in is judged by go-oidc, which
// shares no code with either, before and after its key changes.
func TestTheDemosProviderIsOne(t *testing.T) {
	s := stack.Start(t, stack.Options{})
	provider, err := oidc.NewProvider(t.Context(), s.IDPs[1].Issuer)
	if err != nil {
		t.Fatal(err)
	}
	client := oauth2.Config{
		ClientID: "fc-sso", Endpoint: provider.Endpoint(), RedirectURL: s.URL + "/oidc/contoso/callback", Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
	client.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	for _, turn := range []string{"", "rotate", "forget"} {
		if turn != "" {
			s.TurnKeys(t, "contoso", turn)
		}
		token, access := redeem(t, s, provider, client)
		var claims struct{ Email, Name, ACR string }
		if err := token.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		if token.Nonce != "n" || claims.Email != "dave@contoso.example" || claims.Name != "Dave Okafor" || claims.ACR == "" {
			t.Errorf("%+v %+v", token, claims)
		}
		if err := token.VerifyAccessToken(access); err != nil {
			t.Error(err)
		}
	}
}

// redeem signs dave in as the client asks for it, and believes what go-oidc does.
func redeem(t *testing.T, s *stack.Stack, provider *oidc.Provider, client oauth2.Config) (token *oidc.IDToken, access string) {
	t.Helper()
	verifier, stop := oauth2.GenerateVerifier(), &stopper{before: client.RedirectURL}
	dave := person.New(s.Ready, "contoso", "dave")
	dave.Browser = browser.New(stop)
	form, err := dave.Open(t.Context(), client.AuthCodeURL("state", oidc.Nonce("n"), oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dave.Answer(t.Context(), form); err != nil {
		t.Fatal(err)
	}
	tokens, err := client.Exchange(t.Context(), stop.query.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatalf("%v, by %v", err, stop.query)
	}
	text, _ := tokens.Extra("id_token").(string)
	token, err = provider.VerifierContext(t.Context(), &oidc.Config{ClientID: client.ClientID}).Verify(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return token, tokens.AccessToken
}

// stopper keeps a browser from an address, and remembers what it would have brought.
type stopper struct {
	before string
	query  url.Values
}

func (s *stopper) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.String(), s.before+"?") {
		s.query = r.URL.Query()
		return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}
