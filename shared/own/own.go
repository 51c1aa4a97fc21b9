// Package own is what others believe us by: our own signing keys, as everybody was
// told of them, and what becomes of them.
//
// In: the stored row, the time, and who has read which certificate. Out: which key
// signs, which certificates are published, and what may be done next and when. Refused:
// a row that breaks its own rules, a second key on its way while one still is, and a
// switch before everybody who needs the new certificate has it.
//
// It is no part of trust, which is about whom we believe, and holds no private key:
// metadata-rotation, which hands the certificates to accounts, could not link that.
package own

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// State is where one of our keys is in its life.
type State string

// The states, in the order in which a key goes through them.
const (
	Next     State = "next"     // published, so that everybody has it before it signs
	Current  State = "current"  // signs
	Retiring State = "retiring" // signs no more; published while what it signed is under way
	Gone     State = "gone"
)

// mostGone is how many keys that are gone are remembered, for people to read.
const mostGone = 5

// Place is where KMS has the private key; the zero value is the function's key file,
// in which the key is found by its ID.
type Place struct {
	Key     string `json:"key"`
	Version string `json:"version"`
}

// Key is one of ours.
type Key struct {
	ID          string // SHA-256 of the public key, in hex
	State       State
	Certificate *x509.Certificate
	KMS         Place

	Announced, Signed, Left, Ended time.Time // when it became next, current, retiring and gone; zero: it did not
}

// Fingerprint is the SHA-256 of the certificate, in hex.
func (k Key) Fingerprint() string { return sum(k.Certificate.Raw) }

// InKMS says whether KMS has the private key.
func (k Key) InKMS() bool { return k.KMS != Place{} }

// Handle is what a function that can sign with the key calls it, to anybody who asks:
// its ID; in KMS, where a function has all versions of a key, the SHA-256 of that
// key's name.
func (k Key) Handle() string {
	if k.InKMS() {
		return sum([]byte(k.KMS.Key))
	}
	return k.ID
}

// ID names a public key, as its certificate has it.
func ID(c *x509.Certificate) string { return sum(c.RawSubjectPublicKeyInfo) }

func sum(b []byte) string {
	hash := sha256.Sum256(b)
	return hex.EncodeToString(hash[:])
}

// Keys are all of ours. The zero value is that nobody has written down any: then the
// first key of the function's file signs, and all in it are published.
type Keys struct{ keys []Key }

// stored is a key as the row has it.
type stored struct {
	ID          string    `json:"id"`
	State       State     `json:"state"`
	Certificate []byte    `json:"certificate"` // DER
	KMS         *Place    `json:"kms,omitempty"`
	Announced   time.Time `json:"announced,omitzero"`
	Signed      time.Time `json:"signed,omitzero"`
	Left        time.Time `json:"left,omitzero"`
	Ended       time.Time `json:"ended,omitzero"`
}

// Parse reads the row; none is the zero value.
func Parse(row []byte) (Keys, error) {
	if len(row) == 0 {
		return Keys{}, nil
	}
	var list []stored
	if err := json.Unmarshal(row, &list); err != nil {
		return Keys{}, invalid("%w", err)
	}
	var k Keys
	for i, s := range list {
		certificate, err := x509.ParseCertificate(s.Certificate)
		if err != nil {
			return Keys{}, invalid("certificate %d: %w", i+1, err)
		}
		key := Key{ID: s.ID, State: s.State, Certificate: certificate, Announced: s.Announced, Signed: s.Signed, Left: s.Left, Ended: s.Ended}
		if s.KMS != nil {
			key.KMS = *s.KMS
		}
		k.keys = append(k.keys, key)
	}
	if err := k.check(); err != nil {
		return Keys{}, invalid("%w", err)
	}
	return k, nil
}

func invalid(format string, args ...any) error {
	return reason.New(reason.ConfigurationInvalid, "the row of our own keys: "+format, args...)
}

// check demands one key that signs, at most one on its way in or out, and no key twice.
func (k Keys) check() error {
	count, seen := map[State]int{}, map[string]bool{}
	for _, key := range k.keys {
		if !slices.Contains([]State{Next, Current, Retiring, Gone}, key.State) {
			return fmt.Errorf("there is no state %.20q", key.State)
		}
		if key.ID != ID(key.Certificate) || seen[key.ID] {
			return fmt.Errorf("key %.80s is not that of its certificate, or is there twice", key.ID)
		}
		seen[key.ID] = true
		count[key.State]++
	}
	if count[Current] != 1 || count[Next]+count[Retiring] > 1 {
		return fmt.Errorf("%d keys sign, %d are to, %d retire", count[Current], count[Next], count[Retiring])
	}
	return nil
}

// Row is what Parse reads.
func (k Keys) Row() ([]byte, error) {
	if err := k.check(); err != nil {
		return nil, err
	}
	list := make([]stored, 0, len(k.keys))
	for _, key := range k.keys {
		s := stored{ID: key.ID, State: key.State, Certificate: key.Certificate.Raw, Announced: key.Announced, Signed: key.Signed, Left: key.Left, Ended: key.Ended}
		if key.InKMS() {
			s.KMS = &key.KMS
		}
		list = append(list, s)
	}
	return json.Marshal(list)
}

// IsZero says that nobody has written down any key.
func (k Keys) IsZero() bool { return len(k.keys) == 0 }

// All are the keys in the order in which they came, those that are gone too.
func (k Keys) All() []Key { return slices.Clone(k.keys) }

// In is the key in that state, of which there is one at most; not for Gone.
func (k Keys) In(state State) (Key, bool) {
	at := slices.IndexFunc(k.keys, func(key Key) bool { return key.State == state })
	if at < 0 || state == Gone {
		return Key{}, false
	}
	return k.keys[at], true
}

// Published are the keys whose certificates everybody is told, two at most: the one
// that signs comes first, where readers of one certificate look.
func (k Keys) Published() []Key {
	var list []Key
	for _, state := range []State{Current, Next, Retiring} {
		if key, ok := k.In(state); ok {
			list = append(list, key)
		}
	}
	return list
}

// Certificates are those that are published.
func (k Keys) Certificates() []*x509.Certificate {
	var list []*x509.Certificate
	for _, key := range k.Published() {
		list = append(list, key.Certificate)
	}
	return list
}

// Begin writes down the key that signs already, or the first that ever will.
func Begin(certificate *x509.Certificate, at Place, now time.Time) Keys {
	now = now.UTC().Truncate(time.Second)
	return Keys{[]Key{{ID: ID(certificate), State: Current, Certificate: certificate, KMS: at, Announced: now, Signed: now}}}
}

// Announce adds the key that is to sign next. While another is on its way in or out
// there is no room: Alibaba Cloud takes two certificates of one provider.
func (k Keys) Announce(certificate *x509.Certificate, at Place, now time.Time) (Keys, error) {
	for _, key := range k.keys {
		if key.ID == ID(certificate) {
			return Keys{}, fmt.Errorf("key %.16s is one of ours already, and %s", key.ID, key.State)
		}
	}
	if now.After(certificate.NotAfter) || now.Before(certificate.NotBefore) {
		return Keys{}, fmt.Errorf("its certificate is good from %s to %s", certificate.NotBefore.UTC().Format(time.RFC3339), certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	if len(k.Published()) != 1 {
		return Keys{}, errors.New("another key is still on its way")
	}
	added := Key{ID: ID(certificate), State: Next, Certificate: certificate, KMS: at, Announced: now.UTC().Truncate(time.Second)}
	return Keys{append(k.All(), added)}, nil
}
