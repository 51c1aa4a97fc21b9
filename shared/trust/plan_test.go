package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// ring has keys by a letter, for both protocols: a certificate and a JWK of each.
type ring struct {
	tb   testing.TB
	keys map[rune]*ecdsa.PrivateKey
}

func newRing(tb testing.TB) ring {
	tb.Helper()
	r := ring{tb, map[rune]*ecdsa.PrivateKey{}}
	for _, letter := range "ABCD" {
		r.add(letter)
	}
	return r
}

func (r ring) add(letter rune) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.keys[letter] = key
}

func (r ring) certificate(letter rune) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano())} // a renewed one each time
	der, err := x509.CreateCertificate(rand.Reader, template, template, r.keys[letter].Public(), r.keys[letter])
	if err != nil {
		r.tb.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func (r ring) jwk(letter rune) json.RawMessage {
	point, err := r.keys[letter].PublicKey.Bytes()
	if err != nil {
		r.tb.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	return json.RawMessage(fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":%q,"x":%q,"y":%q,"alg":"ES256"}`, string(letter), text(point[1:33]), text(point[33:])))
}

// letters says which keys these names mean.
func (r ring) letters(names []string) string {
	var found []rune
	for letter, key := range r.keys {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			r.tb.Fatal(err)
		}
		sum := sha256.Sum256(der)
		if slices.Contains(names, hex.EncodeToString(sum[:])) {
			found = append(found, letter)
		}
	}
	slices.Sort(found)
	return string(found)
}

// learner is a source of either protocol and what is known of it.
type learner interface {
	learn(published string, now time.Time) trust.Change
	record() trust.Record
}

type samlSource struct {
	ring

	source trust.Source
	known  trust.Keys
}

func (s *samlSource) learn(published string, now time.Time) trust.Change {
	fetched := trust.Keys{EntityID: "https://idp.example", SSO: []trust.Endpoint{{Binding: trust.BindingPOST, Location: "https://idp.example/sso"}}, FetchedAt: now}
	for _, letter := range published {
		fetched.Certificates = append(fetched.Certificates, s.certificate(letter))
	}
	next, change, err := trust.PlanKeys(s.source, s.known, fetched, now)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.known = next
	return change
}

func (s *samlSource) record() trust.Record { return parsed(s.tb, s.source, s.known) }

type oidcSource struct {
	ring

	source trust.Source
	known  trust.Issuer
}

func (s *oidcSource) learn(published string, now time.Time) trust.Change {
	fetched := trust.Issuer{Issuer: s.source.OIDC.Issuer, JWKSURI: "https://issuer.example/keys", FetchedAt: now}
	for _, letter := range published {
		fetched.Keys = append(fetched.Keys, s.jwk(letter))
	}
	next, change, err := trust.PlanIssuer(s.source, s.known, fetched, now)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.known = next
	return change
}

func (s *oidcSource) record() trust.Record { return parsed(s.tb, s.source, s.known) }

func parsed(tb testing.TB, source trust.Source, known any) trust.Record {
	tb.Helper()
	declared, err := json.Marshal(source)
	if err != nil {
		tb.Fatal(err)
	}
	stored, err := json.Marshal(known)
	if err != nil {
		tb.Fatal(err)
	}
	record, err := trust.Parse("r1", declared, stored)
	if err != nil {
		tb.Fatal(err)
	}
	return record
}

func sources(tb testing.TB) (ring, map[string]learner) {
	tb.Helper()
	r := newRing(tb)
	return r, map[string]learner{
		"SAML":           &samlSource{ring: r, source: trust.Source{ID: "idp", DisplayName: "IdP", SAML: trust.SAML{MetadataURL: "https://idp.example/metadata"}}},
		"OpenID Connect": &oidcSource{ring: r, source: trust.Source{ID: "idp", DisplayName: "IdP", OIDC: &trust.OIDC{Issuer: "https://issuer.example", Audiences: []string{"us"}, TokenUse: trust.Once, MaxAgeSeconds: 3600}}},
	}
}

// believed are the keys that verify at this time, by their states: "A/B/C" are the
// current, the next and the retiring ones.
func (r ring) believed(record trust.Record, now time.Time) string {
	of := map[trust.State][]string{}
	for _, life := range record.Lives(now) {
		of[life.State] = append(of[life.State], life.Key)
	}
	var names []string
	for _, c := range record.Certificates(now) {
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		names = append(names, hex.EncodeToString(sum[:]))
	}
	for k := range record.TokenKeys(now) {
		sum := sha256.Sum256(k.PublicKey())
		names = append(names, hex.EncodeToString(sum[:]))
	}
	states := strings.Join([]string{r.letters(of[trust.Current]), r.letters(of[trust.Next]), r.letters(of[trust.Retired])}, "/")
	if all := r.letters(slices.Concat(of[trust.Current], of[trust.Next], of[trust.Retired])); all != r.letters(names) {
		r.tb.Errorf("%s are told, %s verify", all, r.letters(names))
	}
	return states
}

func TestKeysLiveFromNextToGone(t *testing.T) {
	start := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, steps := range map[string][]struct {
		after     time.Duration // since the start
		published string        // "": nobody asked
		want      string        // current/next/retiring
		change    string        // added/retired/gone
	}{
		"an overlap": {
			{0, "A", "A//", "A//"},
			{time.Hour, "AB", "A/B/", "B//"},
			{2 * time.Hour, "BA", "A/B/", "//"},
			{48 * time.Hour, "B", "B//A", "/A/"},
			{48*time.Hour + 59*time.Minute, "B", "B//A", "//"},
			{49 * time.Hour, "", "B//", ""}, // believed no more, though nobody asked
			{50 * time.Hour, "B", "B//", "//A"},
			{51 * time.Hour, "B", "B//", "//"},
		},
		"all at once": {
			{0, "AB", "AB//", "AB//"},
			{time.Hour, "CD", "CD//AB", "CD/AB/"},
			{2 * time.Hour, "CD", "CD//", "//AB"},
		},
		"a key that comes back": {
			{0, "AB", "AB//", "AB//"},
			{time.Hour, "A", "A//B", "/B/"},
			{time.Hour + time.Minute, "AB", "AB//", "B//"}, // one server of two was behind: it is no new key
			{2*time.Hour + time.Minute, "AB", "AB//", "//"},
			{3 * time.Hour, "A", "A//B", "/B/"},
			{4 * time.Hour, "A", "A//", "//B"},
			{5 * time.Hour, "AB", "A/B/", "B//"},
		},
		"the source moves on while a key retires": {
			{0, "A", "A//", "A//"},
			{time.Minute, "B", "B//A", "B/A/"},
			{2 * time.Minute, "C", "C//AB", "C/B/"},
			{time.Hour + time.Minute, "C", "C//B", "//A"},
		},
		"a clock that was set back": {
			{24 * time.Hour, "A", "A//", "A//"},
			{24 * time.Hour, "B", "B//A", "B/A/"},
			{0, "", "B//", ""}, // nobody knows for how long: not at all
			{0, "B", "B//", "//A"},
		},
	} {
		ring, kinds := sources(t)
		for kind, source := range kinds {
			for i, step := range steps {
				now := start.Add(step.after)
				if step.published != "" {
					change := source.learn(step.published, now)
					if got := ring.letters(change.Added) + "/" + ring.letters(change.Retired) + "/" + ring.letters(change.Gone); got != step.change {
						t.Errorf("%s of %s, step %d: changed %s, want %s", name, kind, i, got, step.change)
					}
				}
				if got := ring.believed(source.record(), now); got != step.want {
					t.Errorf("%s of %s, step %d: %s, want %s", name, kind, i, got, step.want)
				}
			}
		}
	}
}

// TestASourceThatHasAnotherKeyAtEachFetchIsStillRead: of what retires the latest stay.
func TestASourceThatHasAnotherKeyAtEachFetchIsStillRead(t *testing.T) {
	ring, kinds := sources(t)
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	gone := map[string]int{}
	for n := range 150 {
		letter := rune('α' + n)
		ring.add(letter)
		for kind, source := range kinds {
			gone[kind] += len(source.learn(string(letter), now.Add(time.Duration(n)*10*time.Second)).Gone)
		}
	}
	for kind, source := range kinds {
		lives := source.record().Lives(now.Add(25 * time.Minute))
		if got := ring.letters([]string{lives[0].Key, lives[1].Key}); len(lives) != 101 || gone[kind] != 49 || got != string([]rune{'α' + 49, 'α' + 149}) {
			t.Errorf("%s: %d are believed, %d are gone, among them %s", kind, len(lives), gone[kind], got)
		}
	}
}

func TestKeysThatReplaceAllOthersAreTakenOrHeld(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		known, fetched string
		replaces       bool
	}{
		"the first":                 {"", "A", false},
		"the same":                  {"AB", "BA", false},
		"renewed, same key":         {"A", "A", false},
		"one more":                  {"A", "AB", false},
		"one less":                  {"AB", "B", false},
		"one instead of another":    {"AB", "BC", false},
		"one instead of the only":   {"A", "B", true},
		"one instead of two alike":  {"AA", "B", true},
		"others instead of several": {"AB", "CD", true},
	} {
		for _, overlap := range []bool{false, true} {
			ring, kinds := sources(t)
			_ = ring
			for kind, source := range kinds {
				switch s := source.(type) {
				case *samlSource:
					s.source.RequireOverlap = overlap
				case *oidcSource:
					s.source.RequireOverlap = overlap
				}
				if c.known != "" {
					source.learn(c.known, now)
				}
				got := source.learn(c.fetched, now)
				if got.Replaces != c.replaces || got.Held != (c.replaces && overlap) || len(got.Digest) != 32 {
					t.Errorf("%s of %s, requireOverlap %v: %+v", name, kind, overlap, got)
				}
			}
		}
	}
}

func TestTheDigestNamesTheKeysAndNotTheirOrder(t *testing.T) {
	_, kinds := sources(t)
	for kind, source := range kinds {
		digest := func(published string) string { return source.learn(published, time.Now()).Digest }
		if digest("AB") != digest("BA") || digest("AB") != digest("ABA") {
			t.Errorf("%s: the order, or a copy, makes another digest", kind)
		}
		if digest("AB") == digest("A") || digest("A") == digest("B") {
			t.Errorf("%s: other keys have the same digest", kind)
		}
	}
}

func TestARetiringTokenKeyIsBelievedAsLongAsItsTokens(t *testing.T) {
	source := trust.Source{OIDC: &trust.OIDC{MaxAgeSeconds: 6 * 3600}}
	if got := source.RetireTime(); got != 6*time.Hour {
		t.Error(got)
	}
	source.OIDC.MaxAgeSeconds = 60
	if got := source.RetireTime(); got != time.Hour {
		t.Error(got)
	}
}

func TestStoredRetiringKeysAreReadStrictly(t *testing.T) {
	for name, retiring := range map[string][]trust.Retiring[string]{
		"no base64": {{Key: "*"}}, "no certificate": {{Key: "AAAA"}}, "too many": make([]trust.Retiring[string], 101),
	} {
		if _, err := trust.Parse("r1", []byte(okta), keys(t, func(k *trust.Keys) { k.Retiring = retiring })); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
