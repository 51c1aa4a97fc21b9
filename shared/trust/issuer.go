package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fc-sso/fc-sso/shared/jose"
)

const maxIssuerKeys = 100

// Issuer is what an issuer of ID tokens publishes of itself: its discovery document
// and its key set. Only validate.Discovery and validate.JWKS make it from those.
type Issuer struct {
	Issuer                string            `json:"issuer"`
	JWKSURI               string            `json:"jwksURI"`
	AuthorizationEndpoint string            `json:"authorizationEndpoint,omitempty"`
	TokenEndpoint         string            `json:"tokenEndpoint,omitempty"`
	TokenAuth             []string          `json:"tokenAuth,omitempty"`    // how clients prove themselves there
	ISSParameter          bool              `json:"issParameter,omitempty"` // its answers name it (RFC 9207)
	Keys                  []json.RawMessage `json:"keys"`                   // as jose.Key.Text writes them
	FetchedAt             time.Time         `json:"fetchedAt"`

	Retiring []Retiring[json.RawMessage] `json:"retiring,omitempty"` // keys that were published until lately
	Since    map[string]time.Time        `json:"since,omitempty"`    // when each public key, by its SHA-256, was first seen
	Chains   []Chain                     `json:"chains,omitempty"`   // of its servers; none over http
}

// ValidEndpoint says whether s may be an address that an issuer names: https, or
// http to this machine, without user information and of a length that travels.
func ValidEndpoint(s string) bool { return len(s) <= maxLocation && webAddress(s) }

// Parse checks what was learned and gives its keys.
func (i Issuer) Parse() ([]jose.Key, error) {
	if !ValidIssuer(i.Issuer) {
		return nil, fmt.Errorf("issuer %.200q is no https address without query", i.Issuer)
	}
	for name, address := range map[string]string{"jwks_uri": i.JWKSURI, "authorization_endpoint": i.AuthorizationEndpoint, "token_endpoint": i.TokenEndpoint} {
		if (address != "" || name == "jwks_uri") && !ValidEndpoint(address) {
			return nil, fmt.Errorf("%s %.200q is no https address", name, address)
		}
	}
	if len(i.Keys) == 0 || len(i.Keys) > maxIssuerKeys {
		return nil, fmt.Errorf("%d keys, not 1 to %d", len(i.Keys), maxIssuerKeys)
	}
	keys := make([]jose.Key, 0, len(i.Keys))
	var errs []error
	for n, text := range i.Keys {
		key, err := jose.ParseKey(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("key %d: %w", n+1, err))
		}
		keys = append(keys, key)
	}
	return keys, errors.Join(errs...)
}

// parseRetiring gives the keys that are published no more.
func (i Issuer) parseRetiring() ([]leaving, error) {
	if len(i.Retiring) > maxRetiring {
		return nil, fmt.Errorf("%d keys retire, %d is the most", len(i.Retiring), maxRetiring)
	}
	var list []leaving
	for _, r := range i.Retiring {
		key, err := jose.ParseKey(r.Key)
		if err != nil {
			return nil, fmt.Errorf("a retiring key: %w", err)
		}
		list = append(list, leaving{since: r.Since, key: key})
	}
	return list, nil
}
