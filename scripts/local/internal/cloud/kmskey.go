package cloud

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A version of a key is not made oftener than every seven days, and there are 50 at
// most (the SDK's comment on CreateKeyVersion).
const (
	versionPause = 7 * 24 * time.Hour
	mostVersions = 50
)

type kmsKey struct {
	Spec     string          `json:"spec"`
	Disabled bool            `json:"disabled,omitempty"`
	Versions []kmsKeyVersion `json:"versions"` // the oldest first
}

type kmsKeyVersion struct {
	ID   string    `json:"id"`
	Made time.Time `json:"made"`
	DER  []byte    `json:"der"` // PKCS #8
}

// AddSigningKey makes the RSA key of that ID where there is none. It is some weeks
// old, as keys in life are, so that a version may be added.
func (c *Cloud) AddSigningKey(id string) error {
	c.kms.mu.Lock()
	defer c.kms.mu.Unlock()
	if c.kms.kept.Keys[id] != nil {
		return nil
	}
	made, err := newKMSVersion("RSA_2048", c.now().Add(-4*versionPause))
	if err != nil {
		return err
	}
	c.kms.kept.Keys[id] = &kmsKey{Spec: "RSA_2048", Versions: []kmsKeyVersion{made}}
	return c.kms.keep()
}

func newKMSVersion(spec string, made time.Time) (kmsKeyVersion, error) {
	var key crypto.Signer
	var err error
	switch spec {
	case "EC_P256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RSA_3072":
		key, err = rsa.GenerateKey(rand.Reader, 3072)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		return kmsKeyVersion{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return kmsKeyVersion{ID: newRequestID(), Made: made.UTC().Truncate(time.Second), DER: der}, err
}

func (v kmsKeyVersion) private() (crypto.Signer, *fault) {
	parsed, err := x509.ParsePKCS8PrivateKey(v.DER)
	if key, ok := parsed.(crypto.Signer); ok && err == nil {
		return key, nil
	}
	return nil, kmsFailure()
}

type kmsVersionBody struct{ KeyId, KeyVersionId, CreationDate string }

func (v kmsKeyVersion) body(key string) kmsVersionBody {
	return kmsVersionBody{key, v.ID, v.Made.Format(time.RFC3339)}
}

// createKey makes keys that sign. That the ID begins with key- is how newer ones look;
// older ones are UUIDs.
func (k *kms) createKey(q rpcRequest, requestID string) (any, *fault) {
	spec := q.params.Get("KeySpec")
	if !slices.Contains([]string{"RSA_2048", "RSA_3072", "EC_P256"}, spec) {
		return nil, kmsInvalid("KeySpec")
	}
	if usage := q.params.Get("KeyUsage"); usage != "" && usage != "SIGN/VERIFY" {
		return nil, kmsInvalid("KeyUsage")
	}
	made, err := newKMSVersion(spec, k.cloud.now())
	if err != nil {
		return nil, kmsFailure()
	}
	id := "key-" + text(20)
	k.kept.Keys[id] = &kmsKey{Spec: spec, Versions: []kmsKeyVersion{made}}
	if err := k.keep(); err != nil {
		return nil, kmsFailure()
	}
	return map[string]any{"RequestId": requestID, "KeyMetadata": map[string]any{
		"KeyId": id, "KeySpec": spec, "KeyUsage": "SIGN/VERIFY", "KeyState": "Enabled", "PrimaryKeyVersion": made.ID,
		"Arn": "acs:kms:" + kmsRegion + ":" + k.cloud.bundle + ":key/" + id, "CreationDate": made.Made.Format(time.RFC3339),
	}}, nil
}

// key is the one that the call names. A disabled key refuses all that is emulated
// here; of DisableKey itself and of ListKeyVersions the service is not so strict.
func (k *kms) key(q rpcRequest) (*kmsKey, *fault) {
	key := k.kept.Keys[q.params.Get("KeyId")]
	switch {
	case key == nil:
		return nil, refuse(http.StatusNotFound, "Forbidden.KeyNotFound", "The specified Key is not found.")
	case key.Disabled:
		return nil, refuse(http.StatusConflict, "Rejected.Disabled", "The request was rejected because the key state is Disabled.")
	}
	return key, nil
}

func (k *kms) disableKey(q rpcRequest, requestID string) (any, *fault) {
	key, f := k.key(q)
	if f != nil {
		return nil, f
	}
	key.Disabled = true
	if err := k.keep(); err != nil {
		return nil, kmsFailure()
	}
	return map[string]string{"RequestId": requestID}, nil
}

// createKeyVersion refuses as Rejected.LimitExceeded what comes too early or is too
// much: that there are such limits is documented, the code for the pause is from memory.
func (k *kms) createKeyVersion(q rpcRequest, requestID string) (any, *fault) {
	key, f := k.key(q)
	if f != nil {
		return nil, f
	}
	last := key.Versions[len(key.Versions)-1]
	if now := k.cloud.now(); now.Sub(last.Made) < versionPause || len(key.Versions) >= mostVersions {
		return nil, refuse(http.StatusBadRequest, "Rejected.LimitExceeded", "The request was rejected because user create resource limit was exceeded.")
	}
	made, err := newKMSVersion(key.Spec, k.cloud.now())
	if err != nil {
		return nil, kmsFailure()
	}
	key.Versions = append(key.Versions, made)
	if err := k.keep(); err != nil {
		return nil, kmsFailure()
	}
	return map[string]any{"RequestId": requestID, "KeyVersion": made.body(q.params.Get("KeyId"))}, nil
}

func (k *kms) listKeyVersions(q rpcRequest, requestID string) (any, *fault) {
	key, f := k.key(q)
	if f != nil {
		return nil, f
	}
	page, size := 1, 10
	for name, value := range map[string]*int{"PageNumber": &page, "PageSize": &size} {
		if given := q.params.Get(name); given != "" {
			n, err := strconv.Atoi(given)
			if err != nil || n < 1 || n > 100 {
				return nil, kmsInvalid(name)
			}
			*value = n
		}
	}
	shown := []kmsVersionBody{}
	for i := (page - 1) * size; i < min(page*size, len(key.Versions)); i++ {
		shown = append(shown, key.Versions[i].body(q.params.Get("KeyId")))
	}
	return map[string]any{
		"RequestId": requestID, "PageNumber": page, "PageSize": size, "TotalCount": len(key.Versions),
		"KeyVersions": map[string]any{"KeyVersion": shown},
	}, nil
}

// version is the one that the call names: KMS takes none for granted.
func (k *kms) version(q rpcRequest) (*kmsKey, crypto.Signer, *fault) {
	key, f := k.key(q)
	if f != nil {
		return nil, nil, f
	}
	id := q.params.Get("KeyVersionId")
	if id == "" {
		return nil, nil, kmsMissing("KeyVersionId")
	}
	at := slices.IndexFunc(key.Versions, func(v kmsKeyVersion) bool { return v.ID == id })
	if at < 0 {
		return nil, nil, refuse(http.StatusNotFound, "Forbidden.KeyVersionNotFound", "The specified Key version is not found.")
	}
	private, f := key.Versions[at].private()
	return key, private, f
}

func (k *kms) getPublicKey(q rpcRequest, requestID string) (any, *fault) {
	_, private, f := k.version(q)
	if f != nil {
		return nil, f
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, kmsFailure()
	}
	return map[string]string{
		"RequestId": requestID, "KeyId": q.params.Get("KeyId"), "KeyVersionId": q.params.Get("KeyVersionId"),
		"PublicKey": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	}, nil
}

func (k *kms) asymmetricSign(q rpcRequest, requestID string) (any, *fault) {
	key, private, f := k.version(q)
	if f != nil {
		return nil, f
	}
	for _, name := range []string{"Algorithm", "Digest"} {
		if q.params.Get(name) == "" {
			return nil, kmsMissing(name)
		}
	}
	digest, err := base64.StdEncoding.DecodeString(q.params.Get("Digest"))
	if err != nil || len(digest) != 32 {
		return nil, kmsInvalid("Digest")
	}
	var how crypto.SignerOpts = crypto.SHA256
	switch algorithm := q.params.Get("Algorithm"); {
	case algorithm == "RSA_PKCS1_SHA_256" && key.Spec != "EC_P256", algorithm == "ECDSA_SHA_256" && key.Spec == "EC_P256":
	case algorithm == "RSA_PSS_SHA_256" && key.Spec != "EC_P256":
		how = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	default:
		return nil, kmsInvalid("Algorithm")
	}
	value, err := private.Sign(rand.Reader, digest, how)
	if err != nil {
		return nil, kmsFailure()
	}
	return map[string]string{
		"RequestId": requestID, "KeyId": q.params.Get("KeyId"), "KeyVersionId": q.params.Get("KeyVersionId"),
		"Value": base64.StdEncoding.EncodeToString(value),
	}, nil
}
