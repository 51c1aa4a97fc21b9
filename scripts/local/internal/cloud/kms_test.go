package cloud_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

type kmsAnswer struct {
	HttpStatus                            int
	RequestId, Code, Message              string
	KeyId, KeyVersionId, PublicKey, Value string
	SecretData, SecretDataType, VersionId string
	VersionStages                         struct{ VersionStage []string }
	KeyMetadata                           struct{ KeyId, PrimaryKeyVersion string }
	KeyVersion                            struct{ KeyVersionId string }
	KeyVersions                           struct {
		KeyVersion []struct{ KeyVersionId, CreationDate string }
	}
	TotalCount int
}

// kms calls an action as its caller, by the header scheme.
func (w *world) kms(s signer, action string, params ...pair) kmsAnswer {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.KMS().ServeHTTP(rec, s.acs3(action, params, func(h http.Header) { h.Set("x-acs-version", "2016-01-20") }))
	var a kmsAnswer
	w.must(json.Unmarshal(rec.Body.Bytes(), &a))
	if rec.Code != http.StatusOK && a.HttpStatus != rec.Code || a.RequestId == "" {
		w.t.Errorf("%s: %d %s", action, rec.Code, rec.Body)
	}
	return a
}

const signingKey = "fc-sso-signing"

func (w *world) signingVersion() string {
	w.t.Helper()
	w.must(w.AddSigningKey(signingKey))
	return w.kms(w.admin(), "ListKeyVersions", pair{"KeyId", signingKey}).KeyVersions.KeyVersion[0].KeyVersionId
}

// digest is that of the one message that is signed here.
func digest() string {
	sum := sha256.Sum256([]byte("x"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func signIt(key, version, algorithm, digest string) []pair {
	return []pair{{"KeyId", key}, {"KeyVersionId", version}, {"Algorithm", algorithm}, {"Digest", digest}}
}

// TestKMSSignsForWhomItsPoliciesAllow, by a key that survives a restart.
func TestKMSSignsForWhomItsPoliciesAllow(t *testing.T) {
	w := newWorld(t)
	version := w.signingVersion()
	got := w.kms(w.function(samlACS, "sso-saml-acs"), "AsymmetricSign", signIt(signingKey, version, "RSA_PKCS1_SHA_256", digest())...)
	signature, err := base64.StdEncoding.DecodeString(got.Value)
	w.must(err)
	block, _ := pem.Decode([]byte(w.kms(w.admin(), "GetPublicKey", pair{"KeyId", signingKey}, pair{"KeyVersionId", version}).PublicKey))
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	w.must(err)
	sum := sha256.Sum256([]byte("x"))
	if err := rsa.VerifyPKCS1v15(parsed.(*rsa.PublicKey), crypto.SHA256, sum[:], signature); err != nil || got.KeyVersionId != version {
		t.Errorf("%v, %+v", err, got)
	}
	if got := w.kms(w.portal(), "AsymmetricSign", signIt(signingKey, version, "RSA_PKCS1_SHA_256", digest())...); got.Value == "" {
		t.Errorf("the portal: %+v", got)
	}
	scim := w.function("acs:ram::"+bundle+":role/fc-sso-scim", "sso-scim")
	if refused := w.kms(scim, "AsymmetricSign", signIt(signingKey, version, "RSA_PKCS1_SHA_256", digest())...); refused.Code != "Forbidden.NoPermission" {
		t.Errorf("who signs nothing: %+v", refused)
	}
	if refused := w.kms(w.portal(), "GetSecretValue", pair{"SecretName", "fc-sso-decryption"}); refused.Code != "Forbidden.NoPermission" {
		t.Errorf("the portal, which decrypts nothing: %+v", refused)
	}
}

func TestKeysOutliveTheStack(t *testing.T) {
	dir, at := t.TempDir(), time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	var seen []string
	for range 2 {
		made, err := cloud.New(cloud.Options{DataDir: dir, BundleAccount: bundle, SigninURL: "http://localhost:9", Now: func() time.Time { return at }})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{Cloud: made, t: t, now: at}
		seen = append(seen, w.signingVersion())
	}
	if seen[0] != seen[1] {
		t.Errorf("another key after a restart: %q", seen)
	}
}

func TestWhatKMSRefuses(t *testing.T) {
	w := newWorld(t)
	version, good := w.signingVersion(), digest()
	w.must(w.AddSecret("fc-sso-decryption", "pem"))
	curve := w.kms(w.admin(), "CreateKey", pair{"KeySpec", "EC_P256"}).KeyMetadata
	off := w.kms(w.admin(), "CreateKey", pair{"KeySpec", "RSA_2048"}).KeyMetadata
	w.kms(w.admin(), "DisableKey", pair{"KeyId", off.KeyId})
	for name, c := range map[string]struct {
		action string
		params []pair
		want   string
	}{
		"no key":                 {"AsymmetricSign", nil, "MissingParameter"},
		"another key":            {"AsymmetricSign", signIt("fc-sso-other", version, "RSA_PKCS1_SHA_256", good), "Forbidden.KeyNotFound"},
		"no version":             {"AsymmetricSign", signIt(signingKey, "", "RSA_PKCS1_SHA_256", good), "MissingParameter"},
		"another version":        {"AsymmetricSign", signIt(signingKey, "x", "RSA_PKCS1_SHA_256", good), "Forbidden.KeyVersionNotFound"},
		"no algorithm":           {"AsymmetricSign", signIt(signingKey, version, "", good), "MissingParameter"},
		"SHA-1":                  {"AsymmetricSign", signIt(signingKey, version, "RSA_PKCS1_SHA_1", good), "InvalidParameter"},
		"RSA by a curve":         {"AsymmetricSign", signIt(curve.KeyId, curve.PrimaryKeyVersion, "RSA_PSS_SHA_256", good), "InvalidParameter"},
		"a curve by RSA":         {"AsymmetricSign", signIt(signingKey, version, "ECDSA_SHA_256", good), "InvalidParameter"},
		"a message for a digest": {"AsymmetricSign", signIt(signingKey, version, "RSA_PKCS1_SHA_256", base64.StdEncoding.EncodeToString([]byte("message"))), "InvalidParameter"},
		"no base64":              {"AsymmetricSign", signIt(signingKey, version, "RSA_PKCS1_SHA_256", "!"), "InvalidParameter"},
		"a disabled key":         {"AsymmetricSign", signIt(off.KeyId, off.PrimaryKeyVersion, "RSA_PKCS1_SHA_256", good), "Rejected.Disabled"},
		"a version of today":     {"CreateKeyVersion", []pair{{"KeyId", curve.KeyId}}, "Rejected.LimitExceeded"},
		"a key of another kind":  {"CreateKey", []pair{{"KeySpec", "Aliyun_AES_256"}}, "InvalidParameter"},
		"no such secret":         {"GetSecretValue", []pair{{"SecretName", "fc-sso-other"}}, "Forbidden.ResourceNotFound"},
		"no such stage":          {"GetSecretValue", []pair{{"SecretName", "fc-sso-decryption"}, {"VersionStage", "ACSPrevious"}}, "Forbidden.ResourceNotFound"},
		"a secret twice":         {"CreateSecret", []pair{{"SecretName", "fc-sso-decryption"}, {"VersionId", "2"}, {"SecretData", "x"}}, "Rejected.ResourceExist"},
		"no such action":         {"Decrypt", nil, "InvalidAction.NotFound"},
	} {
		if got := w.kms(w.admin(), c.action, c.params...); got.Code != c.want || got.Value != "" {
			t.Errorf("%s: %s %s, want %s", name, got.Code, got.Message, c.want)
		}
	}
}

// TestStagesOfASecretMove: the one before stays to be had, the one before that does not.
func TestStagesOfASecretMove(t *testing.T) {
	w := newWorld(t)
	w.must(w.AddSecret("fc-sso-decryption", "one"))
	who, name := w.function(samlACS, "sso-saml-acs"), pair{"SecretName", "fc-sso-decryption"}
	for _, version := range []string{"two", "three"} {
		w.kms(w.admin(), "PutSecretValue", name, pair{"VersionId", version}, pair{"SecretData", version})
	}
	for stage, want := range map[string]string{"ACSCurrent": "three", "ACSPrevious": "two"} {
		got := w.kms(who, "GetSecretValue", name, pair{"VersionStage", stage})
		if got.SecretData != want || got.SecretDataType != "text" || strings.Join(got.VersionStages.VersionStage, " ") != stage {
			t.Errorf("%s: %+v", stage, got)
		}
	}
	if got := w.kms(who, "GetSecretValue", name); got.VersionId != "three" {
		t.Errorf("without a stage: %+v", got)
	}
	if got := w.kms(who, "PutSecretValue", name, pair{"VersionId", "4"}, pair{"SecretData", "x"}); got.Code != "Forbidden.NoPermission" {
		t.Errorf("a function that writes: %+v", got)
	}
}

// TestAVersionIsAddedAfterSevenDays, and the old one still signs.
func TestAVersionIsAddedAfterSevenDays(t *testing.T) {
	w := newWorld(t)
	first := w.signingVersion()
	second := w.kms(w.admin(), "CreateKeyVersion", pair{"KeyId", signingKey}).KeyVersion.KeyVersionId
	list := w.kms(w.admin(), "ListKeyVersions", pair{"KeyId", signingKey}, pair{"PageSize", "1"}, pair{"PageNumber", "2"})
	if second == "" || second == first || list.TotalCount != 2 || len(list.KeyVersions.KeyVersion) != 1 || list.KeyVersions.KeyVersion[0].KeyVersionId != second {
		t.Errorf("%q after %q: %+v", second, first, list)
	}
	for _, version := range []string{first, second} {
		if got := w.kms(w.admin(), "AsymmetricSign", signIt(signingKey, version, "RSA_PSS_SHA_256", digest())...); got.Value == "" {
			t.Errorf("version %s: %+v", version, got)
		}
	}
}
