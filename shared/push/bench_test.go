package push_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
)

const (
	day      = 24 * time.Hour
	entityID = "https://okta.example/entity"
	issuer   = "https://issuer.example"
	signOn   = "https://okta.example/sso"
)

var (
	noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	okta = must(ram.ParseSAMLProviderARN("acs:ram::1234567890123456:saml-provider/okta"))
	ci   = must(ram.ParseOIDCProviderARN("acs:ram::1234567890123456:oidc-provider/ci"))
	role = must(ram.ParseRoleARN("acs:ram::1234567890123456:role/Deploy"))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// certificates are self-signed, one for each letter of names, and end so many days
// after noon, each a day later than the one before.
func certificates(t *testing.T, names string, days int) map[string]*x509.Certificate {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	made := map[string]*x509.Certificate{}
	for n, name := range strings.Split(names, "") {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(n + 1)), Subject: pkix.Name{CommonName: name},
			NotBefore: noon.Add(-999 * day), NotAfter: noon.Add(time.Duration(days+n) * day),
		}
		made[name] = must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))))
	}
	return made
}

// bench has certificates A to E, that end one after the other, and Y and Z, that ended.
type bench struct {
	t     *testing.T
	certs map[string]*x509.Certificate
	names map[string]string // SHA-256: letter
}

func newBench(t *testing.T) bench {
	t.Helper()
	b := bench{t, certificates(t, "ABCDE", 100), map[string]string{}}
	for name, c := range certificates(t, "YZ", -9) {
		b.certs[name] = c
	}
	for name, c := range b.certs {
		b.names[trust.Fingerprint(c)] = name
	}
	return b
}

func (b bench) pick(letters string) []*x509.Certificate {
	var list []*x509.Certificate
	for _, name := range split(letters) {
		list = append(list, b.certs[name])
	}
	return list
}

func split(letters string) []string {
	if letters == "" {
		return nil
	}
	return strings.Split(letters, "")
}

func (b bench) introduced(letters string) push.Introduced {
	return push.Introduced{Introduction: samldoc.Introduction{
		EntityID: entityID, SSO: []samldoc.Endpoint{{Binding: trust.BindingPOST, Location: signOn}}, Certificates: b.pick(letters),
	}}
}

func (b bench) metadata(letters string, changes ...func(*samldoc.Introduction)) []byte {
	b.t.Helper()
	i := b.introduced(letters).Introduction
	for _, change := range changes {
		change(&i)
	}
	document, err := i.Metadata()
	if err != nil {
		b.t.Fatal(err)
	}
	return document
}

// letters names the certificates of a document in the order of the alphabet.
func (b bench) letters(encoded string) string {
	b.t.Helper()
	document, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		b.t.Fatal(err)
	}
	read, err := samldoc.ParseMetadata(document, samldoc.Wanted{EntityID: entityID})
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, text := range read.Certificates {
		c, err := x509.ParseCertificate(must(base64.StdEncoding.DecodeString(text)))
		if err != nil {
			b.t.Fatal(err)
		}
		names = append(names, b.names[trust.Fingerprint(c)])
	}
	slices.Sort(names)
	return strings.Join(names, "")
}

// known are certificates that were published and confirmed so long ago.
func (b bench) known(letters string, ago time.Duration) map[string]memory.Known {
	known := map[string]memory.Known{}
	for _, name := range split(letters) {
		known[trust.Fingerprint(b.certs[name])] = memory.Known{Confirmed: noon.Add(-ago)}
	}
	return known
}

// left was published until RAM was known to have what replaces it.
func (b bench) left(old, replacing string, ago time.Duration) map[string]memory.Known {
	known := b.known(replacing, ago)
	for _, name := range split(old) {
		known[trust.Fingerprint(b.certs[name])] = memory.Known{Confirmed: noon.Add(-99 * day), Left: noon.Add(-ago)}
	}
	return known
}

func (b bench) wantsSAML(letters string, manage federation.Manage) push.Wanted {
	return push.Wanted{
		Account: okta.Account(), Name: "acme", Manage: manage,
		SAML: []push.SAMLProvider{{Introduced: b.introduced(letters), ARN: okta, By: "okta"}},
	}
}

func hasSAML(metadata []byte) push.Has {
	return push.Has{SAML: map[ram.SAMLProviderARN]*push.SAMLHas{okta: {Metadata: metadata, AuthnSignAlgo: "rsa-sha1"}}}
}

// kinds are the kinds of drift, each once.
func kinds(drift []push.Drift) string {
	var names []string
	for _, d := range drift {
		names = append(names, string(d.Kind))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}
