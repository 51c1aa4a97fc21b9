package saml_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	gosaml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// judge is one way to judge the same message.
type judge struct {
	name string
	run  func() error
}

// cost is what one judgement takes at best: CPU time of the whole process, the
// collector's too, and objects.
type cost struct {
	cpu    time.Duration
	allocs float64
}

const (
	rounds = 40
	slice  = 10 * time.Millisecond // of each judge in each round
)

// race measures the judges in turn, so that what else the machine does meets
// all alike, and keeps each one's best round.
func race(tb testing.TB, judges []judge) map[string]cost {
	tb.Helper()
	best := map[string]cost{}
	for range rounds {
		for _, j := range judges {
			c := measure(tb, j)
			if before, ok := best[j.name]; !ok || c.cpu < before.cpu {
				best[j.name] = c
			}
		}
	}
	return best
}

func measure(tb testing.TB, j judge) cost {
	tb.Helper()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun, wall, n := used(tb), time.Now(), 0
	for ; n < 2 || time.Since(wall) < slice; n++ {
		if err := j.run(); err != nil {
			tb.Fatalf("%s: %v", j.name, err)
		}
	}
	took := used(tb) - begun
	runtime.ReadMemStats(&after)
	return cost{took / time.Duration(n), float64(after.Mallocs-before.Mallocs) / float64(n)}
}

func used(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestCosts(t *testing.T) {
	for _, s := range shapes() {
		idp := validatetest.New(t)
		xml := idp.XML(s.options...)
		got := race(t, []judge{ours(t, idp, xml), theCrewjam(t, idp, xml), theGosaml2(t, idp, xml), bare(t, idp, xml)})
		for name, c := range got {
			t.Logf("%-20s %-12s %8.1f us %8.0f objects, %5.2f of crewjam", s.name, name, float64(c.cpu.Nanoseconds())/1e3, c.allocs, float64(c.cpu)/float64(got["crewjam"].cpu))
		}
	}
}

func ours(tb testing.TB, idp validatetest.IdP, xml []byte) judge {
	tb.Helper()
	encoded, record := base64.StdEncoding.EncodeToString(xml), idp.Record()
	return judge{"ours", func() error {
		guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
		_, err := guard.Response(tb.Context(), record, validatetest.Expectation(), encoded)
		return err
	}}
}

func certificate(tb testing.TB, idp validatetest.IdP) *x509.Certificate {
	tb.Helper()
	return idp.Record().Certificates()[0]
}

func theCrewjam(tb testing.TB, idp validatetest.IdP, xml []byte) judge {
	tb.Helper()
	crewjam.TimeNow = validatetest.Now
	crewjam.Clock = dsig.NewFakeClockAt(validatetest.Now())
	want := validatetest.Expectation()
	acs, _ := url.Parse(want.ACSURL)
	provider := &crewjam.ServiceProvider{
		EntityID: want.EntityID, AcsURL: *acs,
		IDPMetadata: &crewjam.EntityDescriptor{EntityID: validatetest.EntityID, IDPSSODescriptors: []crewjam.IDPSSODescriptor{{
			SSODescriptor: crewjam.SSODescriptor{RoleDescriptor: crewjam.RoleDescriptor{KeyDescriptors: []crewjam.KeyDescriptor{{
				Use: "signing", KeyInfo: crewjam.KeyInfo{X509Data: crewjam.X509Data{X509Certificates: []crewjam.X509Certificate{
					{Data: base64.StdEncoding.EncodeToString(certificate(tb, idp).Raw)},
				}}},
			}}}},
		}}},
	}
	return judge{"crewjam", func() error {
		_, err := provider.ParseXMLResponse(xml, []string{want.RequestID}, *acs)
		if bad, ok := err.(*crewjam.InvalidResponseError); ok {
			return bad.PrivateErr
		}
		return err
	}}
}

func theGosaml2(tb testing.TB, idp validatetest.IdP, xml []byte) judge {
	tb.Helper()
	want, encoded := validatetest.Expectation(), base64.StdEncoding.EncodeToString(xml)
	provider := &gosaml2.SAMLServiceProvider{
		IdentityProviderIssuer: validatetest.EntityID, AssertionConsumerServiceURL: want.ACSURL, AudienceURI: want.EntityID,
		IDPCertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate(tb, idp)}},
		Clock:               dsig.NewFakeClockAt(validatetest.Now()),
	}
	return judge{"gosaml2", func() error {
		_, err := provider.ValidateEncodedResponse(encoded)
		return err
	}}
}

// bare is the floor: the hashes and the public key operation alone, on the same
// canonical bytes.
func bare(tb testing.TB, idp validatetest.IdP, xml []byte) judge {
	tb.Helper()
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(xml); err != nil {
		tb.Fatal(err)
	}
	assertion := tree.Root().SelectElement("saml:Assertion")
	assertion.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
	signature := assertion.SelectElement("ds:Signature")
	info := signature.SelectElement("ds:SignedInfo")
	info.CreateAttr("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")
	value, err := base64.StdEncoding.DecodeString(strings.TrimSpace(signature.SelectElement("ds:SignatureValue").Text()))
	if err != nil {
		tb.Fatal(err)
	}
	signedInfo := canonical(tb, info)
	assertion.RemoveChild(signature)
	content := canonical(tb, assertion)
	key, ok := certificate(tb, idp).PublicKey.(*rsa.PublicKey)
	if !ok {
		tb.Fatal("no RSA key")
	}
	return judge{"bare crypto", func() error {
		_ = sha256.Sum256(content)
		digest := sha256.Sum256(signedInfo)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], value)
	}}
}

func canonical(tb testing.TB, e *etree.Element) []byte {
	tb.Helper()
	b, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(e.Copy())
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func BenchmarkOurs(b *testing.B) {
	for _, s := range shapes() {
		b.Run(s.name, func(b *testing.B) {
			idp := validatetest.New(b)
			j := ours(b, idp, idp.XML(s.options...))
			b.ReportAllocs()
			for b.Loop() {
				if err := j.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
