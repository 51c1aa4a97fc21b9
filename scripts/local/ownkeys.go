package main

import (
	"context"
	"os"
)

// What the emulated KMS has with -kms.
const (
	kmsKey    = "fc-sso-signing"
	kmsSecret = "fc-sso-decryption" //nolint:gosec // a name
)

// ownKeys are the settings of the service provider's own keys: the file, or the names
// of what KMS has. The secret holds what the file does, and so decrypts what was
// encrypted before.
func (s *station) ownKeys(file string) (map[string]string, error) {
	if !s.options.kms {
		return map[string]string{"SSO_SIGNING_KEY_FILE": file, "SSO_SIGNING_KMS_KEY": "", "SSO_DECRYPTION_SECRET": ""}, nil
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = s.cloud.AddSecret(kmsSecret, string(text))
	}
	if err == nil {
		err = s.cloud.AddSigningKey(kmsKey)
	}
	return map[string]string{"SSO_SIGNING_KEY_FILE": "", "SSO_SIGNING_KMS_KEY": kmsKey, "SSO_DECRYPTION_SECRET": kmsSecret}, s.data.keyFault(err)
}

// signingKMSKey is the key that signs, if KMS has it.
func (s *station) signingKMSKey() string {
	if s.options.kms {
		return kmsKey
	}
	return ""
}

// initKeys has an operator write down which version of the key in KMS signs, unless
// that was done at an earlier start. A file needs nobody to do so.
func (s *station) initKeys(ctx context.Context) error {
	if !s.options.kms {
		return nil
	}
	_, err := s.operator(ctx, "keys", "init")
	return err
}
