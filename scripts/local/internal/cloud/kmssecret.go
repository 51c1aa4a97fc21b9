package cloud

import (
	"net/http"
	"slices"
	"time"
)

// The two stages that KMS moves by itself: a new value becomes ACSCurrent, and the one
// before it ACSPrevious.
const (
	stageCurrent  = "ACSCurrent"
	stagePrevious = "ACSPrevious"
)

type kmsSecret struct {
	Versions []kmsSecretVersion `json:"versions"`
}

type kmsSecretVersion struct {
	ID     string    `json:"id"`
	Data   string    `json:"data"`
	Made   time.Time `json:"made"`
	Stages []string  `json:"stages"`
}

// AddSecret makes the secret of that name where there is none.
func (c *Cloud) AddSecret(name, data string) error {
	c.kms.mu.Lock()
	defer c.kms.mu.Unlock()
	if c.kms.kept.Secrets[name] != nil {
		return nil
	}
	c.kms.kept.Secrets[name] = &kmsSecret{}
	c.kms.kept.Secrets[name].put("1", data, c.now())
	return c.kms.keep()
}

func (s *kmsSecret) put(id, data string, made time.Time) {
	for i, v := range s.Versions {
		s.Versions[i].Stages = nil
		if slices.Contains(v.Stages, stageCurrent) {
			s.Versions[i].Stages = []string{stagePrevious}
		}
	}
	s.Versions = append(s.Versions, kmsSecretVersion{id, data, made.UTC().Truncate(time.Second), []string{stageCurrent}})
}

func (k *kms) createSecret(q rpcRequest, requestID string) (any, *fault) {
	for _, name := range []string{"SecretName", "VersionId", "SecretData"} {
		if q.params.Get(name) == "" {
			return nil, kmsMissing(name)
		}
	}
	name := q.params.Get("SecretName")
	if k.kept.Secrets[name] != nil {
		return nil, refuse(http.StatusBadRequest, "Rejected.ResourceExist", "The resource already exists.") // from memory
	}
	k.kept.Secrets[name] = &kmsSecret{}
	return k.putSecretValue(q, requestID)
}

func (k *kms) putSecretValue(q rpcRequest, requestID string) (any, *fault) {
	secret, f := k.secret(q)
	if f != nil {
		return nil, f
	}
	id := q.params.Get("VersionId")
	if id == "" || q.params.Get("SecretData") == "" {
		return nil, kmsMissing("VersionId")
	}
	if slices.ContainsFunc(secret.Versions, func(v kmsSecretVersion) bool { return v.ID == id }) {
		return nil, refuse(http.StatusBadRequest, "Rejected.ResourceExist", "The resource already exists.") // from memory
	}
	secret.put(id, q.params.Get("SecretData"), k.cloud.now())
	if err := k.keep(); err != nil {
		return nil, kmsFailure()
	}
	return map[string]any{"RequestId": requestID, "SecretName": q.params.Get("SecretName"), "VersionId": id}, nil
}

func (k *kms) secret(q rpcRequest) (*kmsSecret, *fault) {
	secret := k.kept.Secrets[q.params.Get("SecretName")]
	if secret == nil {
		return nil, refuse(http.StatusNotFound, "Forbidden.ResourceNotFound", "Resource not found.")
	}
	return secret, nil
}

// getSecretValue gives the version of that ID and stage; without either ACSCurrent.
func (k *kms) getSecretValue(q rpcRequest, requestID string) (any, *fault) {
	secret, f := k.secret(q)
	if f != nil {
		return nil, f
	}
	id, stage := q.params.Get("VersionId"), q.params.Get("VersionStage")
	if id == "" && stage == "" {
		stage = stageCurrent
	}
	at := slices.IndexFunc(secret.Versions, func(v kmsSecretVersion) bool {
		return (id == "" || v.ID == id) && (stage == "" || slices.Contains(v.Stages, stage))
	})
	if at < 0 {
		return nil, refuse(http.StatusNotFound, "Forbidden.ResourceNotFound", "Resource not found.")
	}
	v := secret.Versions[at]
	return map[string]any{
		"RequestId": requestID, "SecretName": q.params.Get("SecretName"), "SecretType": "Generic",
		"SecretData": v.Data, "SecretDataType": "text", "VersionId": v.ID, "CreateTime": v.Made.Format(time.RFC3339),
		"VersionStages": map[string]any{"VersionStage": v.Stages},
	}, nil
}
