package peers_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	kms "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// TestTheOfficialSDKUsesTheEmulatedKMS: what it makes, signs with and reads back is
// what its types say, and a refusal is one that it understands.
func TestTheOfficialSDKUsesTheEmulatedKMS(t *testing.T) {
	s := stack.Start(t, stack.Options{})
	c, err := kms.NewClient(&openapi.Config{
		AccessKeyId: &s.Cloud.AccessKeyID, AccessKeySecret: &s.Cloud.AccessKeySecret, RegionId: tea.String("cn-hangzhou"),
		Endpoint: tea.String(strings.TrimPrefix(s.Cloud.KMS, "http://")), Protocol: tea.String("HTTP"),
	})
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("a request"))
	for spec, algorithms := range map[string][]string{"RSA_2048": {"RSA_PKCS1_SHA_256", "RSA_PSS_SHA_256"}, "EC_P256": {"ECDSA_SHA_256"}} {
		made, err := c.CreateKey(&kms.CreateKeyRequest{KeySpec: &spec, KeyUsage: tea.String("SIGN/VERIFY")})
		if err != nil {
			t.Fatal(err)
		}
		key := made.Body.KeyMetadata.KeyId
		versions, err := c.ListKeyVersions(&kms.ListKeyVersionsRequest{KeyId: key})
		if err != nil || len(versions.Body.KeyVersions.KeyVersion) != 1 {
			t.Fatalf("%v, %v", versions, err)
		}
		version := versions.Body.KeyVersions.KeyVersion[0].KeyVersionId
		public, err := c.GetPublicKey(&kms.GetPublicKeyRequest{KeyId: key, KeyVersionId: version})
		if err != nil {
			t.Fatal(err)
		}
		for _, algorithm := range algorithms {
			signed, err := c.AsymmetricSign(&kms.AsymmetricSignRequest{
				KeyId: key, KeyVersionId: version, Algorithm: &algorithm, Digest: tea.String(base64.StdEncoding.EncodeToString(digest[:])),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(tea.StringValue(public.Body.PublicKey), algorithm, digest[:], tea.StringValue(signed.Body.Value)); err != nil {
				t.Errorf("%s: %v", algorithm, err)
			}
		}
	}
	secret := tea.String("fc-sso-judged")
	if _, err := c.CreateSecret(&kms.CreateSecretRequest{SecretName: secret, VersionId: tea.String("1"), SecretData: tea.String("one")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutSecretValue(&kms.PutSecretValueRequest{SecretName: secret, VersionId: tea.String("2"), SecretData: tea.String("two")}); err != nil {
		t.Fatal(err)
	}
	for stage, want := range map[string]string{"ACSCurrent": "two", "ACSPrevious": "one"} {
		got, err := c.GetSecretValue(&kms.GetSecretValueRequest{SecretName: secret, VersionStage: &stage})
		if err != nil || tea.StringValue(got.Body.SecretData) != want || len(got.Body.VersionStages.VersionStage) != 1 {
			t.Errorf("%s: %v, %v", stage, got, err)
		}
	}
	_, err = c.GetSecretValue(&kms.GetSecretValueRequest{SecretName: tea.String("another")})
	if refusal, ok := errors.AsType[*tea.SDKError](err); !ok || tea.StringValue(refusal.Code) != "Forbidden.ResourceNotFound" || tea.IntValue(refusal.StatusCode) != 404 {
		t.Errorf("another secret: %#v", err)
	}
}

func verify(public, algorithm string, digest []byte, value string) error {
	block, _ := pem.Decode([]byte(public))
	if block == nil {
		return errors.New("the public key is no PEM")
	}
	signature, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return err
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return err
	}
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(k, digest, signature) {
			return errors.New("the signature does not verify")
		}
		return nil
	case *rsa.PublicKey:
		if algorithm == "RSA_PSS_SHA_256" {
			return rsa.VerifyPSS(k, crypto.SHA256, digest, signature, nil)
		}
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, digest, signature)
	}
	return errors.New("another kind of key")
}
