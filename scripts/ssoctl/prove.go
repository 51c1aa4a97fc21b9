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

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/fetch"
	"github.com/fc-sso/fc-sso/shared/own"
)

const (
	mostMetadata = 256 << 10       // far more than ours has
	mostHealth   = 4 << 10         // three keys, a line each
	soonEnough   = 2 * time.Second // of functions that may not run at all
)

// signer is a function that signs for accounts which take us for an identity provider.
type signer struct{ name, health string }

// signers are those that somebody could need.
func signers(url string, revision federation.Revision) []signer {
	portal, exchange := false, false
	for _, account := range revision.Accounts() {
		_, users := account.UserSSO()
		federated := account.Issue() == federation.Federated
		portal, exchange = portal || federated || users, exchange || federated
	}
	var list []signer
	if portal {
		list = append(list, signer{"portal", url + "/healthz"})
	}
	if exchange {
		list = append(list, signer{"oidc-exchange", url + "/oidc/healthz"})
	}
	return list
}

// prove makes sure that the key which is to sign can, or that it does before the one is
// gone that stands in for it: later each sign-in would find out that it cannot. KMS
// signs something; and each function shows which keys it can sign with.
func (o *ourKeys) prove(ctx context.Context, plan own.Plan) error {
	if plan.Move == own.Current && plan.Key.InKMS() {
		key := plan.Key
		digest := sha256.Sum256(key.Certificate.Raw)
		_, err := o.kms.Signer(ctx, key.KMS, key.Certificate.PublicKey).Sign(rand.Reader, digest[:], crypto.SHA256)
		return err
	}
	return o.proveHeld(ctx, plan)
}

// proveHeld names the functions that cannot sign with the key as they are deployed.
func (o *ourKeys) proveHeld(ctx context.Context, plan own.Plan) error {
	current, _ := o.row.In(own.Current)
	key, asked := plan.Key, o.signers
	switch {
	case plan.Move == own.Gone:
		key = current
	case key.InKMS() != current.InKMS():
		asked = nil // they have a file or KMS, not both: the old key stands in until they have the new one
	}
	var lack []string
	if shows, err := o.shows(ctx, key, plan.Move); err != nil {
		return unseen("saml-acs", key, err)
	} else if !shows {
		lack = append(lack, "saml-acs")
	}
	for _, f := range asked {
		held, err := o.held(ctx, f)
		if err != nil {
			return unseen(f.name, key, err)
		}
		if !slices.Contains(held, key.Handle()) {
			lack = append(lack, f.name)
		}
	}
	if len(lack) == 0 {
		return nil
	}
	with := "the key file that has it"
	if key.InKMS() {
		with = "SSO_SIGNING_KMS_KEY=" + key.KMS.Key
	}
	return fmt.Errorf("%s cannot sign with key %.16s yet: deploy with %s", strings.Join(lack, ", "), key.ID, with)
}

func unseen(function string, key own.Key, err error) error {
	return fmt.Errorf("cannot see whether %s can sign with key %.16s: %w", function, key.ID, err)
}

// shows says whether saml-acs shows the key in our metadata: one that is to sign as one
// to encrypt for, which it has in its file; one that is said to sign as the first.
func (o *ourKeys) shows(ctx context.Context, key own.Key, move own.State) (bool, error) {
	if o.at == "" { // no identity provider speaks SAML: nobody is sent anything that is signed
		return true, nil
	}
	shown, err := o.shown(ctx)
	list := shown["encryption"]
	if move == own.Gone {
		list = shown["signing"][:min(1, len(shown["signing"]))]
	}
	return slices.Contains(list, base64.StdEncoding.EncodeToString(key.Certificate.Raw)), err
}

// held are the handles of the keys that a function says it can sign with.
func (o *ourKeys) held(ctx context.Context, f signer) ([]string, error) {
	answer, err := fetch.Get(ctx, f.health, fetch.Options{AllowLoopback: o.local, Accept: "text/plain", MaxSize: mostHealth})
	if err != nil {
		return nil, err
	}
	_, held, _ := strings.Cut(string(answer.Body), "\n") // "ok" comes first
	return strings.Fields(held), nil
}

// proveUnused makes sure that nothing signs yet that is not written down: a key in KMS
// which then was said to sign would be one that nobody has heard of.
func (o *ourKeys) proveUnused(ctx context.Context) error {
	soon, cancel := context.WithTimeout(ctx, soonEnough)
	defer cancel()
	if o.signUnwritten(soon) {
		return wrong("the functions sign with a key of their file; write ssoctl keys init -key FILE with that first, without SSO_SIGNING_KMS_KEY")
	}
	return nil
}

// signUnwritten believes functions that cannot be asked: they may not run at all. Of
// those that sign in KMS, saml-acs shows nothing before a key is written down.
func (o *ourKeys) signUnwritten(ctx context.Context) bool {
	if o.at != "" {
		if shown, err := o.shown(ctx); err == nil && len(shown["signing"]) > 0 {
			return true
		}
	}
	inKMS := own.Key{KMS: own.Place{Key: o.key}}.Handle()
	return slices.ContainsFunc(o.signers, func(f signer) bool {
		held, err := o.held(ctx, f)
		return err == nil && len(held) > 0 && !slices.Contains(held, inKMS)
	})
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
