// Package validatetest is an identity provider for tests: it makes responses
// that are really signed, with a key that everybody may know.
//
// A test that needs an identity lets it sign somebody in and has the guard judge
// the response, as in life: there is no other way to one.
package validatetest

import (
	"crypto"
	"crypto/x509"
	"embed"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

//go:embed *.pem
var files embed.FS

// EntityID is the identity provider's.
const EntityID = "https://idp.example/saml"

// IdP signs people in.
type IdP struct {
	key         crypto.Signer
	certificate *x509.Certificate
	count       *atomic.Int64
	tb          testing.TB
}

// New returns the identity provider whose certificate [IdP.Record] trusts.
func New(tb testing.TB) IdP {
	tb.Helper()
	return load(tb, "idp")
}

// Stranger returns one of the same name with another key.
func Stranger(tb testing.TB) IdP {
	tb.Helper()
	return load(tb, "other")
}

// P256 returns one of the same name that signs by ECDSA on P-256.
func P256(tb testing.TB) IdP {
	tb.Helper()
	return load(tb, "p256")
}

// P384 returns one of the same name that signs by ECDSA on P-384.
func P384(tb testing.TB) IdP {
	tb.Helper()
	return load(tb, "p384")
}

func load(tb testing.TB, name string) IdP {
	tb.Helper()
	key, certificate := pair(tb, name)
	signer, ok := key.(crypto.Signer)
	if !ok {
		tb.Fatalf("the test key is %T", key)
	}
	return IdP{key: signer, certificate: certificate, count: new(atomic.Int64), tb: tb}
}

// pair reads a private key and its certificate.
func pair(tb testing.TB, name string) (any, *x509.Certificate) {
	tb.Helper()
	key, err := x509.ParsePKCS8PrivateKey(der(tb, name+"-key.pem"))
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der(tb, name+"-cert.pem"))
	if err != nil {
		tb.Fatal(err)
	}
	return key, certificate
}

func der(tb testing.TB, name string) []byte {
	tb.Helper()
	file, err := files.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	block, _ := pem.Decode(file)
	return block.Bytes
}

// Now is the hour at which responses are made unless [At] says another.
func Now() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

// Expectation is what responses are made for unless [For] says another.
func Expectation() validate.Expectation {
	return validate.Expectation{
		EntityID:  "https://sso.example/saml/test/metadata",
		ACSURL:    "https://sso.example/saml/test/acs",
		RequestID: "_request",
	}
}

// Keys are what the identity provider's metadata says.
func (i IdP) Keys() trust.Keys {
	return trust.Keys{
		EntityID:     EntityID,
		SSO:          []trust.Endpoint{{Binding: trust.BindingRedirect, Location: "https://idp.example/sso"}},
		Certificates: []string{base64.StdEncoding.EncodeToString(i.certificate.Raw)},
		FetchedAt:    Now(),
	}
}

// Source is what a federation says of the identity provider.
func Source() trust.Source {
	return trust.Source{
		ID:          "test",
		DisplayName: "Test",
		SAML:        trust.SAML{MetadataURL: "https://idp.example/metadata", ClockSkewSeconds: 60},
	}
}

// Record is the trust record, after the changes.
func (i IdP) Record(changes ...func(*trust.Source, *trust.Keys)) trust.Record {
	i.tb.Helper()
	source, keys := Source(), i.Keys()
	for _, change := range changes {
		change(&source, &keys)
	}
	return Record(i.tb, source, &keys)
}

// Record makes a record; keys may be nil.
func Record(tb testing.TB, source trust.Source, keys *trust.Keys) trust.Record {
	tb.Helper()
	declared, err := json.Marshal(source)
	if err != nil {
		tb.Fatal(err)
	}
	var learned []byte
	if keys != nil {
		if learned, err = json.Marshal(keys); err != nil {
			tb.Fatal(err)
		}
	}
	record, err := trust.Parse("revision-1", declared, learned)
	if err != nil {
		tb.Fatal(err)
	}
	return record
}

// Identity signs somebody in and returns what the guard makes of it.
func (i IdP) Identity(options ...Option) validate.Identity {
	i.tb.Helper()
	m := i.message(options)
	guard := validate.Guard{Nonces: NewNonces(), Now: func() time.Time { return m.at }}
	record := i.Record(func(source *trust.Source, _ *trust.Keys) { source.ID = m.record })
	who, err := guard.Response(i.tb.Context(), record, m.want, i.Response(options...))
	if err != nil {
		i.tb.Fatal(err)
	}
	return who
}

func (i IdP) nextID(kind string) string { return fmt.Sprintf("_%s-%d", kind, i.count.Add(1)) }
