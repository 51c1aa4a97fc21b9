package keys

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	kmsVersion = "2016-01-20"
	// signAlgorithm is XML Signature's rsa-sha256. KMS has no SHA-1.
	signAlgorithm = "RSA_PKCS1_SHA_256"
	mostPages     = 10 // of versions; a key has 50 at most
)

// KMS is Alibaba Cloud's Key Management Service. All fields are needed.
type KMS struct {
	API         *openapi.Client
	Endpoint    string
	Credentials func(ctx context.Context) (ram.Credentials, error) // of the function's role, for this invocation
}

func (k KMS) call(ctx context.Context, action string, params url.Values, out any) error {
	own, err := k.Credentials(ctx)
	if err != nil {
		return err
	}
	return k.API.Call(ctx, openapi.Request{Endpoint: k.Endpoint, Version: kmsVersion, Action: action, Params: params, Credentials: own}, out)
}

func unavailable(format string, args ...any) error {
	return reason.New(reason.OwnKeysUnavailable, "KMS: "+format, args...)
}

// Signer signs with the key at a place within KMS, for as long as the invocation of
// ctx lasts. The public key, as its certificate has it, judges every answer: what does
// not verify has not been signed.
func (k KMS) Signer(ctx context.Context, at own.Place, public crypto.PublicKey) crypto.Signer {
	return remote{ctx: ctx, kms: k, at: at, public: public}
}

// remote is a key that never leaves KMS. It holds the context of one invocation,
// because crypto.Signer has no room for it and a signature must not outlast the
// request that it is for.
type remote struct {
	ctx    context.Context
	kms    KMS
	at     own.Place
	public crypto.PublicKey
}

func (r remote) Public() crypto.PublicKey { return r.public }

func (r remote) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	public, ok := r.public.(*rsa.PublicKey)
	if _, pss := opts.(*rsa.PSSOptions); !ok || pss || opts.HashFunc() != crypto.SHA256 || len(digest) != crypto.SHA256.Size() {
		return nil, errors.New("keys: only RSA, PKCS #1 v1.5, with SHA-256 is signed")
	}
	var answer struct{ Value []byte }
	err := r.kms.call(r.ctx, "AsymmetricSign", url.Values{
		"KeyId": {r.at.Key}, "KeyVersionId": {r.at.Version}, "Algorithm": {signAlgorithm},
		"Digest": {base64.StdEncoding.EncodeToString(digest)},
	}, &answer)
	if err != nil {
		return nil, unavailable("%w", err)
	}
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, answer.Value); err != nil {
		return nil, unavailable("what version %s of key %s answered is no signature by that key", r.at.Version, r.at.Key)
	}
	return answer.Value, nil
}

// PublicKey is that of a version.
func (k KMS) PublicKey(ctx context.Context, at own.Place) (*rsa.PublicKey, error) {
	var answer struct{ PublicKey string }
	if err := k.call(ctx, "GetPublicKey", url.Values{"KeyId": {at.Key}, "KeyVersionId": {at.Version}}, &answer); err != nil {
		return nil, unavailable("%w", err)
	}
	block, _ := pem.Decode([]byte(answer.PublicKey))
	if block == nil {
		return nil, unavailable("the public key of %s is no PEM", at.Key)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, unavailable("the public key of %s: %w", at.Key, err)
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok || public.N.BitLen() < minBits {
		return nil, fmt.Errorf("keys: key %s is %T; RSA of %d bits or more is needed (KeySpec RSA_2048 or RSA_3072)", at.Key, parsed, minBits)
	}
	return public, nil
}

// Version is one of a key.
type Version struct {
	ID   string    `json:"KeyVersionId"`
	Made time.Time `json:"CreationDate"`
}

// Versions are those of a key, in the order in which KMS lists them.
func (k KMS) Versions(ctx context.Context, key string) ([]Version, error) {
	var all []Version
	for page := 1; page <= mostPages; page++ {
		var answer struct {
			KeyVersions struct{ KeyVersion []Version }
			TotalCount  int
		}
		if err := k.call(ctx, "ListKeyVersions", url.Values{"KeyId": {key}, "PageNumber": {fmt.Sprint(page)}, "PageSize": {"100"}}, &answer); err != nil {
			return nil, unavailable("%w", err)
		}
		all = append(all, answer.KeyVersions.KeyVersion...)
		if len(all) >= answer.TotalCount || len(answer.KeyVersions.KeyVersion) == 0 {
			break
		}
	}
	return all, nil
}

// NewVersion adds one to a key. KMS allows that every seven days.
func (k KMS) NewVersion(ctx context.Context, key string) (Version, error) {
	var answer struct{ KeyVersion Version }
	if err := k.call(ctx, "CreateKeyVersion", url.Values{"KeyId": {key}}, &answer); err != nil {
		return Version{}, unavailable("%w", err)
	}
	if answer.KeyVersion.ID == "" {
		return Version{}, unavailable("the new version of key %s has no ID", key)
	}
	return answer.KeyVersion, nil
}
