package cloud

import (
	"context"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RAM's fingerprints are SHA-1
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	fetchLimit = 5 * time.Second
	maxFetched = 1 << 20
)

// publicKey is one of an issuer's, with the name that it publishes it under.
type publicKey struct {
	id string
	*rsa.PublicKey
}

// keysOf asks the issuer, anew for each token. How long the real STS keeps keys is
// not known: whoever rotates them waits a day.
func (c *Cloud) keysOf(ctx context.Context, p OIDCProvider) ([]publicKey, *fault) {
	keys, err := p.fetchKeys(ctx, c.now)
	if f, ok := errors.AsType[*fault](err); ok {
		return nil, f
	}
	if err != nil {
		c.log.InfoContext(ctx, "an issuer's keys", "issuer", p.Issuer, "error", err)
		return nil, unbelieved("IssuerConfigurationBroken", "Get public keys from OIDC Provider failed, the issuer is "+p.Issuer+".")
	}
	return keys, nil
}

func (p OIDCProvider) fetchKeys(ctx context.Context, now func() time.Time) ([]publicKey, error) {
	var discovery struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := p.fetchJSON(ctx, now, strings.TrimSuffix(p.Issuer, "/")+"/.well-known/openid-configuration", &discovery); err != nil {
		return nil, err
	}
	if discovery.Issuer != p.Issuer {
		return nil, fmt.Errorf("the discovery document is of %q", discovery.Issuer)
	}
	var set struct {
		Keys []struct{ Kty, Kid, Use, N, E string }
	}
	if err := p.fetchJSON(ctx, now, discovery.JWKSURI, &set); err != nil {
		return nil, err
	}
	var keys []publicKey
	for _, k := range set.Keys {
		n, wrongN := base64.RawURLEncoding.DecodeString(k.N)
		e, wrongE := base64.RawURLEncoding.DecodeString(k.E)
		if k.Kty != "RSA" || k.Use != "" && k.Use != "sig" || wrongN != nil || wrongE != nil || len(n) < 256 || len(e) == 0 || len(e) > 4 {
			continue
		}
		keys = append(keys, publicKey{k.Kid, &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}})
	}
	return keys, nil
}

func (p OIDCProvider) fetchJSON(ctx context.Context, now func() time.Time, address string, out any) error {
	u, err := url.Parse(address)
	if err != nil || !reachable(u) {
		return fmt.Errorf("%.200q is no address to fetch from", address)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := p.client(u.Hostname(), now).Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was read: nothing more can be learned
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", address, answer.Status)
	}
	return json.NewDecoder(io.LimitReader(answer.Body, maxFetched)).Decode(out)
}

// client trusts the servers whose last certificate is registered, and no others:
// for RAM the list of fingerprints is what a list of root certificates is for others.
// The host comes along because a connection to an address does not know it.
func (p OIDCProvider) client(host string, now func() time.Time) *http.Client {
	return &http.Client{
		Timeout:       fetchLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{
				MinVersion:         tls.VersionTLS12,
				InsecureSkipVerify: true, //nolint:gosec // in favour of VerifyConnection
				VerifyConnection:   func(s tls.ConnectionState) error { return p.believe(s, host, now()) },
			},
		},
	}
}

func (p OIDCProvider) believe(s tls.ConnectionState, host string, now time.Time) error {
	sent := s.PeerCertificates
	root := sent[len(sent)-1]
	if !slices.Contains(p.Fingerprints, fingerprintOf(root)) {
		return unbelieved("PublicKeyFingerprintMismatch", "The public key fingerprint of the OIDC Provider is not one of those registered.")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	for _, certificate := range sent[1:] {
		between.AddCert(certificate)
	}
	if _, err := sent[0].Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: between, CurrentTime: now}); err != nil {
		return unbelieved("HttpsUrlInvalid", "Invoke url failed due to certificate chain validation")
	}
	return nil
}

func fingerprintOf(certificate *x509.Certificate) string {
	sum := sha1.Sum(certificate.Raw) //nolint:gosec // RAM's fingerprints are SHA-1
	return hex.EncodeToString(sum[:])
}

// Served is the fingerprint of the last certificate that an issuer's server sends
// now, as an administrator would read it off with openssl; "" where it serves http.
func Served(ctx context.Context, issuer string) (string, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" {
		return "", err
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "443")
	}
	dialer := tls.Dialer{
		NetDialer: &net.Dialer{Timeout: fetchLimit},
		Config:    &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}, //nolint:gosec // to read the certificates is all
	}
	made, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { _ = made.Close() }() // nothing was said
	connection, ok := made.(*tls.Conn)
	if !ok {
		return "", errors.New("not TLS")
	}
	sent := connection.ConnectionState().PeerCertificates
	return fingerprintOf(sent[len(sent)-1]), nil
}
