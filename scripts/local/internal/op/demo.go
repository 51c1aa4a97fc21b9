package op

import (
	"strings"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

// Contoso is a partner's provider. Its people, by the claims email, name and groups:
//
//	dave  partners  Dave Okafor
//	erin  (none)    Erin Silva: a sign-in without any role
//
// Why a public client: the demo then has no secret to keep, in a file or an
// environment, and PKCE is what protects the code either way. Clients with a secret
// are tested against other people's providers.
func Contoso(baseURL, bundleURL, dataDir string) Options {
	record := strings.TrimSuffix(bundleURL, "/") + "/oidc/contoso"
	return Options{
		ID: "contoso", Title: "Contoso", BaseURL: strings.TrimSuffix(baseURL, "/"), DataDir: dataDir,
		Client:   Client{ID: "fc-sso", RedirectURIs: []string{record + "/callback"}},
		LoginURL: record + "/login",
		Users: []desk.User{
			{Username: "dave", Password: "dave-demo", Email: "dave@contoso.example", DisplayName: "Dave Okafor", Groups: []string{"partners"}},
			{Username: "erin", Password: "erin-demo", Email: "erin@contoso.example", DisplayName: "Erin Silva"},
		},
	}
}
