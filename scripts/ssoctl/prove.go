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

	"github.com/fc-sso/fc-sso/shared/fetch"
	"github.com/fc-sso/fc-sso/shared/own"
)

// mostMetadata is far more than ours is.
const mostMetadata = 256 << 10

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
	encryption, err := o.encryption(ctx)
	if err != nil {
		return fmt.Errorf("cannot see whether the functions have the key: %w", err)
	}
	if !slices.Contains(encryption, base64.StdEncoding.EncodeToString(key.Certificate.Raw)) {
		return fmt.Errorf("the functions do not have key %.16s yet: deploy them with the key file that it is in (%s shows what they have)", key.ID, o.at)
	}
	return nil
}

// encryption are the certificates of our own metadata that others encrypt for.
func (o *ourKeys) encryption(ctx context.Context) ([]string, error) {
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
	var list []string
	for _, key := range document.Keys {
		if key.Use == "encryption" {
			list = append(list, strings.TrimSpace(key.Certificate))
		}
	}
	return list, nil
}
