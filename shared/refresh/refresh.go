// Package refresh brings the keys of one trust record up to date.
//
// In: what the federation declares of an identity provider. Out: the keys that
// its metadata, or its discovery document and key set, hold now; stored if they
// differ from what was stored. Refused: documents that cannot be had, are not
// usable, or name another entity ID or issuer than before. A refusal changes
// nothing: the old keys stay, and the caller reports it. A key that is published
// no more retires.
//
// Only metadata-rotation and ssoctl call it; a login function reads keys and
// never writes them.
package refresh

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Store keeps keys by identity provider with a version that each write checks.
type Store interface {
	Keys(ctx context.Context, idp string) (body []byte, version int64, err error)
	PutKeys(ctx context.Context, idp string, body []byte, version int64) error
}

// Refresher has what a refresh needs of the world.
type Refresher struct {
	Store         Store
	Fetch         func(ctx context.Context, document Document) (Fetched, error)
	Now           func() time.Time
	AllowLoopback bool // identity providers by http on this machine: the local stack alone
	Forget        bool // keys that are published no more are gone at once: one of them was stolen
}

// Result is what a refresh found.
type Result struct {
	Keys    trust.Keys    // of a SAML identity provider
	Issuer  trust.Issuer  // of an issuer of ID tokens
	Skipped []string      // of the issuer's keys and servers: which are of no use, and why
	Chains  []trust.Chain // of the servers that were asked; none over http
	Changed bool          // and so written
	Change  trust.Change  // what that means for the keys that were known
}

// learned is what is to be stored.
func (r Result) learned() any {
	if r.Issuer.Issuer != "" {
		return r.Issuer
	}
	return r.Keys
}

// compare judges what was fetched beside what is stored.
type compare func(stored []byte) (Result, error)

// Record refreshes the keys of one identity provider. It refuses as keys_held what
// somebody must approve; the result then says what that is.
func (r Refresher) Record(ctx context.Context, source trust.Source) (Result, error) {
	return r.record(ctx, source, "")
}

// Approved refreshes as Record does, and takes keys that are held if this digest, of
// a change that was refused as held, names them still.
func (r Refresher) Approved(ctx context.Context, source trust.Source, digest string) (Result, error) {
	return r.record(ctx, source, digest)
}

func (r Refresher) record(ctx context.Context, source trust.Source, approved string) (Result, error) {
	fetch := r.metadata
	if source.Kind() == trust.KindOIDC {
		fetch = r.issuer
	}
	fetched, err := fetch(ctx, source)
	if err != nil {
		return Result{}, fmt.Errorf("identity provider %s: %w", source.ID, err)
	}
	result, err := r.store(ctx, source, fetched, approved)
	if reason.Of(err) == reason.StoreConflict {
		// Somebody else refreshed it meanwhile: what they wrote decides once more
		// whether there is anything left to write.
		result, err = r.store(ctx, source, fetched, approved)
	}
	if err != nil {
		return result, fmt.Errorf("identity provider %s: %w", source.ID, err)
	}
	return result, nil
}

func (r Refresher) store(ctx context.Context, source trust.Source, fetched compare, approved string) (Result, error) {
	stored, version, err := r.Store.Keys(ctx, source.ID)
	if err != nil {
		return Result{}, err
	}
	if trust.LearnedKind(stored) != source.Kind() { // when it spoke the other protocol
		stored = nil
	}
	result, err := fetched(stored)
	if err != nil || !result.Changed {
		return result, err
	}
	if change := result.Change; change.Held && change.Digest != approved {
		return Result{Change: change}, reason.New(reason.KeysHeld, "all keys were replaced at once, which requireOverlap holds: ask the identity provider's administrator whether that is meant, then ssoctl trust approve %s %s", source.ID, change.Digest)
	}
	body, err := json.Marshal(result.learned())
	if err != nil {
		return Result{}, fmt.Errorf("keys: %w", err)
	}
	return result, r.Store.PutKeys(ctx, source.ID, body, version)
}

func (r Refresher) metadata(ctx context.Context, source trust.Source) (compare, error) {
	signers, err := source.SAML.MetadataSigners()
	if err != nil {
		return nil, reason.New(reason.ConfigurationInvalid, "metadataKey: %w", err)
	}
	xml := source.SAML.Metadata
	var chains chains
	if source.SAML.MetadataURL != "" {
		document, err := r.Fetch(ctx, Document{Address: source.SAML.MetadataURL, How: source.Fetch})
		if err != nil {
			return nil, err
		}
		xml = document.Body
		chains.add(source.SAML.MetadataURL, document)
	}
	return func(stored []byte) (Result, error) {
		known, err := knownKeys(source, stored)
		if err != nil {
			return Result{}, err
		}
		learned, err := validate.Metadata(xml, r.Now(), validate.MetadataWant{
			EntityID: known.EntityID, Signers: signers, AllowLoopback: r.AllowLoopback,
		})
		if err != nil {
			return Result{}, err
		}
		learned.Origin = source.Origin()
		learned, change, err := trust.PlanKeys(source, known, learned, r.Now())
		if r.Forget {
			learned.Retiring = nil
		}
		result := Result{Keys: learned, Changed: true, Change: change, Chains: chains.list, Skipped: chains.skipped}
		if err == nil && same(known, learned) {
			result.Keys, result.Changed = known, false
		}
		return result, err
	}, nil
}

// knownKeys gives the stored keys, or none where the source does not believe them
// any more: an administrator who names another source or pins another certificate
// may mean another issuer too.
func knownKeys(source trust.Source, stored []byte) (trust.Keys, error) {
	if len(stored) == 0 {
		return trust.Keys{}, nil
	}
	var keys trust.Keys
	if err := strict(stored, &keys); err != nil {
		return trust.Keys{}, fmt.Errorf("stored keys: %w", err)
	}
	if !source.Believes(keys) {
		return trust.Keys{}, nil
	}
	return keys, nil
}

func strict(body []byte, keys any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(keys); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// same compares all but the hour at which the keys were fetched.
func same(a, b trust.Keys) bool {
	return a.EntityID == b.EntityID && a.Origin == b.Origin &&
		a.WantAuthnRequestsSigned == b.WantAuthnRequestsSigned && a.SignedBy == b.SignedBy &&
		slices.Equal(a.SSO, b.SSO) && slices.Equal(a.SLO, b.SLO) && slices.Equal(a.Certificates, b.Certificates) &&
		sameRetiring(a.Retiring, b.Retiring, func(a, b string) bool { return a == b }) && sameDates(a.Since, b.Since)
}

func sameRetiring[K any](a, b []trust.Retiring[K], equal func(a, b K) bool) bool {
	return slices.EqualFunc(a, b, func(a, b trust.Retiring[K]) bool { return a.Since.Equal(b.Since) && equal(a.Key, b.Key) })
}

func sameDates(a, b map[string]time.Time) bool { return maps.EqualFunc(a, b, time.Time.Equal) }
