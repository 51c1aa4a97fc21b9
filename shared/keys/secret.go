package keys

import (
	"context"
	"crypto"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fc-sso/fc-sso/shared/openapi"
)

// A secret is read anew when a message needs a key that none has: not oftener than
// this, or strangers would have us ask KMS; sooner where it could not be had at all.
const (
	secretPause = time.Minute
	retryPause  = 5 * time.Second
)

// secret is a KMS secret whose versions are PEM texts like our key file. That of stage
// ACSCurrent is what others are told to encrypt for; that of ACSPrevious still opens
// what was encrypted before. Neither signs.
type secret struct {
	kms  KMS
	name string
	now  func() time.Time

	asking sync.Mutex // guards what follows, while KMS is asked too
	asked  time.Time  // when that was last, by wall time: instances freeze
	pause  time.Duration
	fault  error // of that

	held atomic.Pointer[Signing]
}

// keys are those that were read last, none at first.
func (s *secret) keys() Signing {
	if held := s.held.Load(); held != nil {
		return *held
	}
	return Signing{}
}

// refresh reads the secret if that is allowed again, and says whether it holds others
// than those. Until it is allowed the answer to a failure stays that.
func (s *secret) refresh(ctx context.Context, had []crypto.Decrypter) (newer bool, err error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	now := s.now().Round(0)
	if age := now.Sub(s.asked); age >= 0 && age < s.pause {
		return s.others(had), s.fault
	}
	s.asked, s.pause = now, retryPause
	read, err := s.read(ctx)
	if s.fault = err; err != nil {
		return false, err
	}
	s.held.Store(&read)
	s.pause = secretPause
	return s.others(had), nil
}

func (s *secret) others(had []crypto.Decrypter) bool {
	return !slices.EqualFunc(s.keys().Decrypters, had, sameKey)
}

func (s *secret) read(ctx context.Context) (Signing, error) {
	current, err := s.stage(ctx, "ACSCurrent")
	if err != nil {
		return Signing{}, err
	}
	previous, err := s.stage(ctx, "ACSPrevious")
	if err != nil && !isMissing(err) { // a secret with one version has no previous one
		return Signing{}, err
	}
	return Signing{Encryption: current.Encryption, Decrypters: append(current.Decrypters, previous.Decrypters...)}, nil
}

func (s *secret) stage(ctx context.Context, stage string) (Signing, error) {
	var answer struct{ SecretData, SecretDataType string }
	err := s.kms.call(ctx, "GetSecretValue", url.Values{"SecretName": {s.name}, "VersionStage": {stage}}, &answer)
	if err != nil {
		return Signing{}, unavailable("secret %s, %s: %w", s.name, stage, err)
	}
	if answer.SecretDataType == "binary" {
		return Signing{}, unavailable("secret %s, %s: is binary; store the PEM text", s.name, stage)
	}
	parsed, err := Parse([]byte(answer.SecretData))
	if err != nil {
		return Signing{}, unavailable("secret %s, %s: %w", s.name, stage, err)
	}
	return parsed, nil
}

func isMissing(err error) bool {
	refusal, ok := errors.AsType[*openapi.Error](err)
	return ok && refusal.Status == http.StatusNotFound && refusal.Code == "Forbidden.ResourceNotFound"
}

func sameKey(a, b crypto.Decrypter) bool {
	public, ok := a.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(b.Public())
}
