package keys_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// service is KMS on the wire, of one key and one secret.
type service struct {
	t      *testing.T
	key    *rsa.PrivateKey
	stages map[string]string // of the secret; a stage that is not there is no error
	kms    keys.KMS

	mu      sync.Mutex       // a request may outlive who made it
	trouble http.HandlerFunc // what it does instead
	calls   []string
}

const version = "version-1"

func place() own.Place { return own.Place{Key: "key-1", Version: version} }

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, key: newRSA(t, 2048), stages: map[string]string{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.kms = keys.KMS{API: openapi.New(time.Now, rand.Reader), Endpoint: server.URL, Credentials: func(context.Context) (ram.Credentials, error) {
		return ram.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "token"}, nil
	}}
	return s
}

// does something else from now on; nil: its work.
func (s *service) does(trouble http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = trouble
}

func (s *service) called(call string) (trouble http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
	return s.trouble
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, action := r.URL.Query(), r.Header.Get("X-Acs-Action")
	trouble := s.called(strings.TrimSpace(action + " " + q.Get("VersionStage")))
	if r.Header.Get("X-Acs-Version") != "2016-01-20" || r.Header.Get("X-Acs-Security-Token") != "token" {
		s.t.Errorf("headers %v", r.Header)
	}
	if trouble != nil {
		trouble(w, r)
		return
	}
	answer := map[string]any{"RequestId": "1"}
	switch action {
	case "AsymmetricSign":
		digest, err := base64.StdEncoding.DecodeString(q.Get("Digest"))
		if err != nil || q.Get("Algorithm") != "RSA_PKCS1_SHA_256" || q.Get("KeyId") != "key-1" || q.Get("KeyVersionId") != version {
			s.t.Errorf("query %v", q)
		}
		value, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, digest)
		if err != nil {
			s.t.Error(err)
		}
		answer["Value"] = base64.StdEncoding.EncodeToString(value)
	case "GetPublicKey":
		answer["PublicKey"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: s.spki()}))
	case "GetSecretValue":
		text, ok := s.stages[q.Get("VersionStage")]
		if !ok {
			refuse(404, "Forbidden.ResourceNotFound")(w, r)
			return
		}
		answer["SecretData"], answer["SecretDataType"] = text, "text"
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *service) spki() []byte {
	der, err := x509.MarshalPKIXPublicKey(s.key.Public())
	if err != nil {
		s.t.Error(err)
	}
	return der
}

func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"HttpStatus": status, "Code": code, "Message": "no", "RequestId": "1"})
	}
}

func certificateOf(t *testing.T, key crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func digest() []byte {
	sum := sha256.Sum256([]byte("message"))
	return sum[:]
}

// row is what book would give.
func row(k own.Keys) keys.Row {
	return func(context.Context, string) (own.Keys, error) { return k, nil }
}

func (s *service) ring(k own.Keys) *keys.Ring {
	return keys.OfKMS(slog.New(slog.DiscardHandler), row(k), s.kms, "key-1", "", time.Now)
}

// TestKMSSigns, a certificate among other things, and the key stays there.
func TestKMSSigns(t *testing.T) {
	s := newService(t)
	public, err := s.kms.PublicKey(t.Context(), place())
	if err != nil || !public.Equal(s.key.Public()) {
		t.Fatal(err)
	}
	certificate := certificateOf(t, s.kms.Signer(t.Context(), place(), public))
	signing, err := s.ring(own.Begin(certificate, place(), time.Now())).Signing(t.Context(), "okta")
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signing.Signer.Sign(rand.Reader, digest(), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if err := signing.Certificates[0].CheckSignature(x509.SHA256WithRSA, []byte("message"), signature); err != nil || len(signing.Encryption) != 0 {
		t.Error(err)
	}
}

// TestWhateverElseKMSAnswersIsNoSignature.
func TestWhateverElseKMSAnswersIsNoSignature(t *testing.T) {
	s := newService(t)
	certificate := certificateOf(t, s.key)
	other := newRSA(t, 2048)
	for name, trouble := range map[string]http.HandlerFunc{
		"a refusal":  refuse(403, "Forbidden.NoPermission"),
		"disabled":   refuse(409, "Rejected.Disabled"),
		"throttling": refuse(429, "Rejected.Throttling"),
		"an outage":  refuse(503, "ServiceUnavailableTemporary"),
		"silence":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a page":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"nothing":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) },
		"no base64":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"Value":"!"}`)) },
		"another key": func(w http.ResponseWriter, _ *http.Request) {
			value, err := rsa.SignPKCS1v15(rand.Reader, other, crypto.SHA256, digest())
			if err != nil {
				t.Error(err)
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"Value": value})
		},
	} {
		s.does(trouble)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		signing, err := s.ring(own.Begin(certificate, place(), time.Now())).Signing(ctx, "okta")
		if err != nil {
			t.Fatal(err)
		}
		signature, err := signing.Signer.Sign(rand.Reader, digest(), crypto.SHA256)
		if reason.Of(err) != reason.OwnKeysUnavailable || signature != nil {
			t.Errorf("%s: %x, %v", name, signature, err)
		}
		cancel()
	}
	s.does(nil)
	signer := s.kms.Signer(t.Context(), place(), certificate.PublicKey)
	for name, opts := range map[string]crypto.SignerOpts{"SHA-1": crypto.SHA1, "PSS": &rsa.PSSOptions{Hash: crypto.SHA256}} {
		if _, err := signer.Sign(rand.Reader, digest(), opts); err == nil {
			t.Errorf("%s was signed", name)
		}
	}
}

// TestTheRowSaysWhichKeySigns, of the file too, and one that retires stands in.
func TestTheRowSaysWhichKeySigns(t *testing.T) {
	first, second, stranger := newRSA(t, 2048), newRSA(t, 2048), newRSA(t, 2048)
	file, err := keys.Parse(slices.Concat(pkcs8(t, first), certificate(t, first), pkcs8(t, second), certificate(t, second)))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	begun := own.Begin(file.Encryption[0], own.Place{}, at)
	announced, err := begun.Announce(certificateOf(t, second), own.Place{}, at)
	if err != nil {
		t.Fatal(err)
	}
	switched := announced.After(announced.Plan(at.Add(own.Pause), nil), at.Add(own.Pause))
	over := switched.After(switched.Plan(at.Add(2*own.Pause), nil), at.Add(2*own.Pause))
	unknown, err := begun.Announce(certificateOf(t, stranger), own.Place{}, at)
	if err != nil {
		t.Fatal(err)
	}
	lagging := unknown.After(unknown.Plan(at.Add(own.Pause), nil), at.Add(own.Pause))
	for name, c := range map[string]struct {
		row               own.Keys
		signs             *rsa.PrivateKey
		shown, encryption int
	}{
		"nobody wrote anything down": {own.Keys{}, first, 2, 2},
		"the first signs":            {begun, first, 1, 2},
		"the second is announced":    {announced, first, 2, 2},
		"the second signs":           {switched, second, 2, 2},
		"the first is gone":          {over, second, 1, 1},
		"a key that is elsewhere":    {lagging, first, 2, 2},
		"and nothing retires":        {own.Begin(certificateOf(t, stranger), own.Place{}, at), nil, 0, 0},
		"one in KMS":                 {own.Begin(certificateOf(t, stranger), place(), at), nil, 0, 0},
	} {
		signing, err := keys.OfFile(slog.New(slog.DiscardHandler), row(c.row), file).Signing(t.Context(), "okta")
		if c.signs == nil {
			if reason.Of(err) != reason.OwnKeysUnavailable || signing.Signer != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || !c.signs.PublicKey.Equal(signing.Signer.Public()) || !c.signs.PublicKey.Equal(signing.Certificates[0].PublicKey) ||
			len(signing.Certificates) != c.shown || len(signing.Encryption) != c.encryption {
			t.Errorf("%s: %v, %d certificates, %d to encrypt for", name, err, len(signing.Certificates), len(signing.Encryption))
		}
	}
	if held := keys.OfFile(slog.New(slog.DiscardHandler), row(lagging), file).Held(); !slices.Equal(held, []string{own.ID(file.Encryption[0]), own.ID(file.Encryption[1])}) {
		t.Errorf("of the file it holds %q", held)
	}
	s := newService(t)
	inKMS, _ := own.Begin(certificateOf(t, stranger), place(), at).In(own.Current)
	if held := s.ring(own.Keys{}).Held(); !slices.Equal(held, []string{inKMS.Handle()}) || strings.Contains(held[0], place().Key) {
		t.Errorf("in KMS it holds %q", held)
	}
	if _, err := s.ring(own.Keys{}).Signing(t.Context(), "okta"); reason.Of(err) != reason.OwnKeysUnavailable || !strings.Contains(reason.Detail(err), "ssoctl keys rotate") {
		t.Errorf("KMS without a row: %v", err)
	}
	failing := func(context.Context, string) (own.Keys, error) { return own.Keys{}, errors.New("down") }
	if _, err := keys.OfFile(slog.New(slog.DiscardHandler), failing, file).Signing(t.Context(), "okta"); err == nil {
		t.Error("a key signs though nobody knows which is to")
	}
}

// TestASecretIsReadWhenAMessageNeedsIt: both stages once, then at most each minute,
// and sooner where it could not be had.
func TestASecretIsReadWhenAMessageNeedsIt(t *testing.T) {
	s, now := newService(t), time.Now()
	var texts []string
	for range 3 {
		key := newRSA(t, 2048)
		texts = append(texts, string(pkcs8(t, key))+string(certificate(t, key)))
	}
	ring := keys.OfKMS(slog.New(slog.DiscardHandler), row(own.Begin(certificateOf(t, s.key), place(), now)), s.kms, "key-1", "fc-sso-saml", func() time.Time { return now })
	both := []string{"GetSecretValue ACSCurrent", "GetSecretValue ACSPrevious"}
	for _, step := range []struct {
		what       string
		stages     map[string]string
		after      time.Duration
		trouble    http.HandlerFunc
		newer      bool
		fault      bool
		calls      []string
		decrypters int
	}{
		{"KMS is down", nil, 0, refuse(403, "Forbidden.NoPermission"), false, true, both[:1], 0},
		{"and is not asked at once", nil, time.Second, nil, false, true, nil, 0},
		{"no such secret", nil, 5 * time.Second, nil, false, true, both[:1], 0},
		{"no PEM", map[string]string{"ACSCurrent": "x"}, 5 * time.Second, nil, false, true, both[:1], 0},
		{"one version", map[string]string{"ACSCurrent": texts[0]}, 5 * time.Second, nil, true, false, both, 1},
		{"a minute is not over", map[string]string{"ACSCurrent": texts[1], "ACSPrevious": texts[0]}, 59 * time.Second, nil, false, false, nil, 1},
		{"it is", nil, time.Second, nil, true, false, both, 2},
		{"nothing is new", nil, time.Minute, nil, false, false, both, 2},
		{"a failure leaves what there is", nil, time.Minute, refuse(403, "Forbidden.NoPermission"), false, true, both[:1], 2},
		{"the next version", map[string]string{"ACSCurrent": texts[2], "ACSPrevious": texts[1]}, time.Minute, nil, true, false, both, 2},
		{"a clock that was set back", nil, -time.Hour, nil, false, false, both, 2},
	} {
		s.calls = nil
		s.does(step.trouble)
		if step.stages != nil {
			s.stages = step.stages
		}
		now = now.Add(step.after)
		newer, err := ring.Refresh(t.Context(), ring.Decrypters())
		if newer != step.newer || (err != nil) != step.fault || err != nil && reason.Of(err) != reason.OwnKeysUnavailable ||
			!slices.Equal(s.calls, step.calls) || len(ring.Decrypters()) != step.decrypters {
			t.Errorf("%s: %v, %v after %q, %d keys", step.what, newer, err, s.calls, len(ring.Decrypters()))
		}
		if err != nil && strings.Contains(err.Error(), "BEGIN") {
			t.Error("a secret in an error")
		}
	}
	s.does(nil)
	signing, err := ring.Signing(t.Context(), "okta")
	if err != nil || len(signing.Encryption) != 1 || !strings.Contains(texts[2], string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signing.Encryption[0].Raw}))) {
		t.Errorf("others are told to encrypt for %d keys, %v", len(signing.Encryption), err)
	}
}

// TestASlowKMSHoldsUpNoMessageThatNeedsNoOtherKey: the keys at hand are at hand.
func TestASlowKMSHoldsUpNoMessageThatNeedsNoOtherKey(t *testing.T) {
	s := newService(t)
	ring := keys.OfKMS(slog.New(slog.DiscardHandler), row(own.Keys{}), s.kms, "key-1", "fc-sso-saml", time.Now)
	asked, release, done := make(chan bool, 9), make(chan bool), make(chan error)
	s.does(func(_ http.ResponseWriter, r *http.Request) {
		asked <- true
		select {
		case <-release:
		case <-r.Context().Done():
			t.Error("nobody got keys before KMS was given up")
		}
	})
	go func() {
		_, err := ring.Refresh(t.Context(), nil)
		done <- err
	}()
	<-asked
	if n := len(ring.Decrypters()); n != 0 {
		t.Errorf("%d keys", n)
	}
	close(release)
	if err := <-done; reason.Of(err) != reason.OwnKeysUnavailable {
		t.Error(err)
	}
}

// TestOfTwoMessagesAtOnceBothGetTheNewKey though KMS is asked once: each says which it has.
func TestOfTwoMessagesAtOnceBothGetTheNewKey(t *testing.T) {
	s := newService(t)
	key := newRSA(t, 2048)
	s.stages["ACSCurrent"] = string(pkcs8(t, key)) + string(certificate(t, key))
	ring := keys.OfKMS(slog.New(slog.DiscardHandler), row(own.Keys{}), s.kms, "key-1", "fc-sso-saml", time.Now)
	had := ring.Decrypters()
	for range 2 {
		if newer, err := ring.Refresh(t.Context(), had); !newer || err != nil || len(s.calls) != 2 {
			t.Errorf("%v, %v after %q", newer, err, s.calls)
		}
	}
}
