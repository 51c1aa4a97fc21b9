// Package refresh brings the keys of one trust record up to date.
//
// In: what the federation declares of an identity provider. Out: the keys that
// its metadata holds now, stored if they differ from what was stored. Refused:
// metadata that cannot be had, is not usable, or names another entity ID than
// before. A refusal changes nothing: the old keys stay, and the caller reports it.
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
	Fetch         func(ctx context.Context, address string, how trust.Fetch) ([]byte, error)
	Now           func() time.Time
	AllowLoopback bool // identity providers by http on this machine: the local stack alone
}

// Result is what a refresh found.
type Result struct {
	Keys    trust.Keys
	Changed bool // and so written
}

// Record refreshes the keys of one identity provider.
func (r Refresher) Record(ctx context.Context, source trust.Source) (Result, error) {
	if source.Kind() != trust.KindSAML {
		return Result{}, reason.New(reason.NotImplemented, "identity provider %s speaks OpenID Connect: its keys are not fetched yet", source.ID)
	}
	metadata, err := r.metadata(ctx, source)
	if err != nil {
		return Result{}, err
	}
	result, err := r.store(ctx, source, metadata)
	if reason.Of(err) == reason.StoreConflict {
		// Somebody else refreshed it meanwhile: what they wrote decides once more
		// whether there is anything left to write.
		return r.store(ctx, source, metadata)
	}
	return result, err
}

func (r Refresher) metadata(ctx context.Context, source trust.Source) ([]byte, error) {
	if source.SAML.MetadataURL == "" {
		return source.SAML.Metadata, nil
	}
	metadata, err := r.Fetch(ctx, source.SAML.MetadataURL, source.Fetch)
	if err != nil {
		return nil, fmt.Errorf("identity provider %s: %w", source.ID, err)
	}
	return metadata, nil
}

func (r Refresher) store(ctx context.Context, source trust.Source, metadata []byte) (Result, error) {
	known, version, err := r.known(ctx, source)
	if err != nil {
		return Result{}, err
	}
	signers, err := source.SAML.MetadataSigners()
	if err != nil {
		return Result{}, reason.New(reason.ConfigurationInvalid, "identity provider %s: metadataKey: %w", source.ID, err)
	}
	learned, err := validate.Metadata(metadata, r.Now(), validate.MetadataWant{
		EntityID: known.EntityID, Signers: signers, AllowLoopback: r.AllowLoopback,
	})
	if err != nil {
		return Result{}, fmt.Errorf("identity provider %s: %w", source.ID, err)
	}
	learned.Origin = source.Origin()
	if same(known, learned) {
		return Result{Keys: known}, nil
	}
	body, err := json.Marshal(learned)
	if err != nil {
		return Result{}, fmt.Errorf("identity provider %s: keys: %w", source.ID, err)
	}
	if err := r.Store.PutKeys(ctx, source.ID, body, version); err != nil {
		return Result{}, fmt.Errorf("identity provider %s: %w", source.ID, err)
	}
	return Result{Keys: learned, Changed: true}, nil
}

// known gives the stored keys, or none where the source does not believe them any
// more: an administrator who names another source or pins another certificate
// may mean another issuer too.
func (r Refresher) known(ctx context.Context, source trust.Source) (trust.Keys, int64, error) {
	body, version, err := r.Store.Keys(ctx, source.ID)
	if err != nil {
		return trust.Keys{}, 0, fmt.Errorf("identity provider %s: %w", source.ID, err)
	}
	if len(body) == 0 {
		return trust.Keys{}, version, nil
	}
	var keys trust.Keys
	if err := strict(body, &keys); err != nil {
		return trust.Keys{}, 0, fmt.Errorf("identity provider %s: stored keys: %w", source.ID, err)
	}
	if !source.Believes(keys) {
		return trust.Keys{}, version, nil
	}
	return keys, version, nil
}

func strict(body []byte, keys *trust.Keys) error {
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
		slices.Equal(a.SSO, b.SSO) && slices.Equal(a.SLO, b.SLO) && slices.Equal(a.Certificates, b.Certificates)
}
