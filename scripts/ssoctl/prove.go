package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/fetch"
	"github.com/fc-sso/fc-sso/shared/own"
)

const (
	mostMetadata = 256 << 10       // far more than ours has
	unusedLimit  = 2 * time.Second // of functions that may not run at all
)

// prove makes sure that the key which is to sign can: later each sign-in would find out
// that it cannot. KMS signs something; and a function that has a key in its file tells
// others to encrypt for it.
func (o *ourKeys) prove(ctx context.Context, key own.Key) error {
	if key.InKMS() {
		digest := sha256.Sum256(key.Certificate.Raw)
		_, err := o.kms.Signer(ctx, key.KMS, key.Certificate.PublicKey).Sign(rand.Reader, digest[:], crypto.SHA256)
		return err
	}
	if o.at == "" { // no identity provider speaks SAML: nobody is sent anything that is signed
		return nil
	}
	shown, err := o.shown(ctx)
	if err != nil {
		return fmt.Errorf("cannot see whether the functions have the key: %w", err)
	}
	if !slices.Contains(shown["encryption"], encoded(key)) {
		return fmt.Errorf("the functions do not have key %.16s yet: deploy them with the key file that it is in (%s shows what they have)", key.ID, o.at)
	}
	return nil
}

// proveUse makes sure that a key signs which is said to, before the one is gone that
// stands in for it. Functions show first what they sign with.
func (o *ourKeys) proveUse(ctx context.Context, key own.Key) error {
	if o.at == "" {
		return nil
	}
	shown, err := o.shown(ctx)
	if err != nil {
		return fmt.Errorf("cannot see what the functions sign with: %w", err)
	}
	if len(shown["signing"]) == 0 || shown["signing"][0] != encoded(key) {
		return fmt.Errorf("the functions do not sign with key %.16s yet: deploy them with the setting or the key file that has it (%s shows first what they sign with)", key.ID, o.at)
	}
	return nil
}

func encoded(key own.Key) string { return base64.StdEncoding.EncodeToString(key.Certificate.Raw) }

// proveUnused makes sure that nothing signs yet that is not written down: a key in KMS
// which then was said to sign would be one that nobody has heard of.
func (o *ourKeys) proveUnused(ctx context.Context) error {
	if o.at == "" {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, unusedLimit)
	defer cancel()
	if shown, err := o.shown(soon); err == nil && len(shown["signing"]) > 0 {
		return wrong("the functions sign with a key of their file; write ssoctl keys init -key FILE with that first, without SSO_SIGNING_KMS_KEY")
	}
	return nil // functions whose key nobody wrote down show nothing
}

// shown are the certificates of our own metadata by what they are for, in its order.
func (o *ourKeys) shown(ctx context.Context) (map[string][]string, error) {
	answer, err := fetch.Get(ctx, o.at, fetch.Options{AllowLoopback: o.local, Accept: "application/samlmetadata+xml", MaxSize: mostMetadata})
	if err != nil {
		return nil, err
	}
	var document struct {
		Keys []struct {
			Use         string `xml:"use,attr"`
			Certificate string `xml:"KeyInfo>X509Data>X509Certificate"`
		} `xml:"SPSSODescriptor>KeyDescriptor"`
	}
	if err := xml.Unmarshal(answer.Body, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", o.at, err)
	}
	shown := map[string][]string{}
	for _, key := range document.Keys {
		shown[key.Use] = append(shown[key.Use], strings.TrimSpace(key.Certificate))
	}
	return shown, nil
}
