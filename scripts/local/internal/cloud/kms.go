package cloud

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
)

const (
	kmsVersion = "2016-01-20"
	kmsRegion  = "cn-hangzhou" // where the local stack says that it is
)

// kms is the Key Management Service of the bundle's account: asymmetric keys with
// versions, which sign and are never given out, and secrets with versions that stages
// point at. Its codes and statuses are those of the service's own table of common
// errors; what is from memory says so where it is made.
type kms struct {
	cloud *Cloud
	file  string // kms.json in the data folder: keys must survive a restart, as trust in them does

	mu   sync.Mutex
	kept kmsContent
}

// kmsContent is all that is kept.
type kmsContent struct {
	Keys    map[string]*kmsKey    `json:"keys"`
	Secrets map[string]*kmsSecret `json:"secrets"`
}

func openKMS(c *Cloud, dir string) (*kms, error) {
	k := &kms{cloud: c, file: filepath.Join(dir, "kms.json"), kept: kmsContent{map[string]*kmsKey{}, map[string]*kmsSecret{}}}
	content, err := readFileIfAny(k.file)
	if err != nil || content == nil {
		return k, err
	}
	if err := json.Unmarshal(content, &k.kept); err != nil {
		return nil, fmt.Errorf("%s is damaged; delete it to have new keys made", k.file)
	}
	return k, nil
}

// keep writes everything; the caller holds the lock.
func (k *kms) keep() error {
	content, err := json.MarshalIndent(k.kept, "", "  ")
	if err != nil {
		return err
	}
	return writeSecret(k.file, content)
}

// kmsAction is one that a caller with this right, on the thing that the parameter
// names, may call.
type kmsAction struct {
	kind, parameter string // of the resource: key/KeyId, secret/SecretName
	do              func(*kms, rpcRequest, string) (any, *fault)
}

func kmsActions() map[string]kmsAction {
	return map[string]kmsAction{
		"CreateKey":        {"key", "", (*kms).createKey},
		"CreateKeyVersion": {"key", "KeyId", (*kms).createKeyVersion},
		"ListKeyVersions":  {"key", "KeyId", (*kms).listKeyVersions},
		"GetPublicKey":     {"key", "KeyId", (*kms).getPublicKey},
		"AsymmetricSign":   {"key", "KeyId", (*kms).asymmetricSign},
		"DisableKey":       {"key", "KeyId", (*kms).disableKey},
		"CreateSecret":     {"secret", "", (*kms).createSecret},
		"PutSecretValue":   {"secret", "SecretName", (*kms).putSecretValue},
		"GetSecretValue":   {"secret", "SecretName", (*kms).getSecretValue},
	}
}

// KMS answers at every host name and at path /, as a region's endpoint.
func (c *Cloud) KMS() http.Handler {
	return c.troubles.at("kms", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		q, f := readRequest(w, r)
		if f != nil {
			writeKMSFault(w, id, f)
			return
		}
		who, answer, f := c.kms.call(q, id)
		c.log.InfoContext(r.Context(), "kms", "request_id", id, "action", q.action(), "caller", who.arn, "session", who.session, "refusal", codeOf(f))
		if f != nil {
			writeKMSFault(w, id, f)
			return
		}
		write(w, http.StatusOK, false, "", answer) // KMS answers in JSON alone
	}))
}

func (k *kms) call(q rpcRequest, requestID string) (caller, any, *fault) {
	action, known := kmsActions()[q.action()]
	switch {
	case q.path != "/" && q.path != "" || q.version() != kmsVersion || !known:
		return caller{}, nil, noSuchAPI()
	}
	who, f := k.cloud.authenticate(q)
	if f != nil {
		return caller{}, nil, f
	}
	resource := "*"
	if action.parameter != "" {
		if resource = q.params.Get(action.parameter); resource == "" {
			return who, nil, kmsMissing(action.parameter)
		}
	}
	arn := "acs:kms:" + kmsRegion + ":" + k.cloud.bundle + ":" + action.kind + "/" + resource
	if who.account != k.cloud.bundle || !k.cloud.may(who, "kms:"+q.action(), arn) {
		return who, nil, refuse(http.StatusForbidden, "Forbidden.NoPermission", "This operation for %s is forbidden by permission system.", arn)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	answer, f := action.do(k, q, requestID)
	return who, answer, f
}

func kmsMissing(name string) *fault {
	return refuse(http.StatusBadRequest, "MissingParameter", "The parameter %q is needed but not provided.", name)
}

func kmsInvalid(name string) *fault {
	return refuse(http.StatusBadRequest, "InvalidParameter", "The specified parameter %q is not valid.", name)
}

func kmsFailure() *fault {
	return refuse(http.StatusInternalServerError, "InternalFailure", "Internal Failure.")
}

// writeKMSFault writes KMS's own form of an error, which has the status too.
func writeKMSFault(w http.ResponseWriter, requestID string, f *fault) {
	write(w, f.status, false, "", map[string]any{"HttpStatus": f.status, "Code": f.code, "Message": f.message, "RequestId": requestID})
}

// lie answers AsymmetricSign as it should be answered, but for the signature.
func lie(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	write(w, http.StatusOK, false, "", map[string]string{
		"RequestId": newRequestID(), "KeyId": q.Get("KeyId"), "KeyVersionId": q.Get("KeyVersionId"),
		"Value": base64.StdEncoding.EncodeToString(random(256)),
	})
}
