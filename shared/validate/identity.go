package validate

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// Identity is a person of whom an identity provider said, verifiably, here and
// just now, who it is. Its makers are [Guard.Response], [Guard.Token] and [Unseal]; the zero
// value is nobody.
type Identity struct {
	says     says
	claims   jose.Object // of an ID token, instead of attributes
	warnings []string
}

// says is the content, in the form that is sealed.
type says struct {
	IdentityProvider    string              `json:"idp"`
	Revision            string              `json:"rev"`
	Subject             string              `json:"sub"`
	NameIDFormat        string              `json:"fmt,omitempty"`
	Attributes          map[string][]string `json:"attr,omitempty"`
	Claims              json.RawMessage     `json:"claims,omitempty"` // the identity's, in a seal alone
	AuthenticatedAt     time.Time           `json:"at"`
	AuthnContext        string              `json:"acr,omitempty"`
	SessionNotOnOrAfter time.Time           `json:"end,omitzero"`
}

func (t *trial) identity() Identity {
	a := t.message.Assertion
	newest := slices.MaxFunc(a.AuthnStatements, func(x, y samldoc.AuthnStatement) int {
		return x.AuthnInstant.Compare(y.AuthnInstant)
	})
	who := Identity{says: says{
		IdentityProvider:    t.record.ID(),
		Revision:            t.record.Revision(),
		Subject:             a.Subject.NameID,
		NameIDFormat:        a.Subject.NameIDFormat,
		Attributes:          indexed(a.Attributes),
		AuthenticatedAt:     newest.AuthnInstant,
		AuthnContext:        newest.ContextClass,
		SessionNotOnOrAfter: sessionEnd(a.AuthnStatements),
	}}
	if warning := t.certificateDates(); warning != "" {
		who.warnings = []string{warning}
	}
	return who
}

// certificateDates warns of a signing certificate outside its dates. It is no
// refusal: the record trusts the key, not the certificate, and identity
// providers go on signing with expired ones until somebody is told.
func (t *trial) certificateDates() string {
	signer := t.verified.Signer()
	switch {
	case signer == nil:
		return ""
	case t.now.After(signer.NotAfter):
		return "the signing certificate expired on " + stamp(signer.NotAfter)
	case t.now.Before(signer.NotBefore):
		return "the signing certificate is not valid before " + stamp(signer.NotBefore)
	}
	return ""
}

// indexed joins the values of attributes that bear the same Name.
func indexed(list []samldoc.Attribute) map[string][]string {
	index := make(map[string][]string, len(list))
	for _, a := range list {
		index[a.Name] = append(index[a.Name], a.Values...)
	}
	return index
}

// IsZero says that i is nobody.
func (i Identity) IsZero() bool { return i.says.Subject == "" || i.says.IdentityProvider == "" }

// IdentityProvider is the ID of the trust record.
func (i Identity) IdentityProvider() string { return i.says.IdentityProvider }

// Revision is that of the trust record at the sign-in.
func (i Identity) Revision() string { return i.says.Revision }

// Subject is the NameID, exactly as it was written.
func (i Identity) Subject() string { return i.says.Subject }

// NameIDFormat is the format of the subject, "" if none was named.
func (i Identity) NameIDFormat() string { return i.says.NameIDFormat }

// Attribute returns all values of the attribute, or the claim, of exactly this
// name. Of a claim that is an object a JSON pointer names what is in it:
// /realm_access/roles.
func (i Identity) Attribute(name string) []string {
	if !i.claims.IsZero() {
		return i.claims.Texts(name)
	}
	return slices.Clone(i.says.Attributes[name])
}

// AttributeNames returns the names in order.
func (i Identity) AttributeNames() []string {
	if !i.claims.IsZero() {
		return slices.Sorted(i.claims.Names())
	}
	return slices.Sorted(maps.Keys(i.says.Attributes))
}

// AuthenticatedAt is when the person signed in at the identity provider; zero where
// it does not say.
func (i Identity) AuthenticatedAt() time.Time { return i.says.AuthenticatedAt }

// AuthnContext is the class of how, "" if none was named.
func (i Identity) AuthnContext() string { return i.says.AuthnContext }

// SessionNotOnOrAfter is when the session here must end; zero: no such bound.
func (i Identity) SessionNotOnOrAfter() time.Time { return i.says.SessionNotOnOrAfter }

// Authn is the sign-in as SAML states one, for who passes it on. came is when it came
// here, for an identity provider that does not say when it was.
func (i Identity) Authn(came time.Time) samldoc.AuthnStatement {
	at := i.AuthenticatedAt()
	if at.IsZero() {
		at = came
	}
	return samldoc.AuthnStatement{AuthnInstant: at, ContextClass: i.AuthnContext(), SessionNotOnOrAfter: i.SessionNotOnOrAfter()}
}

// TokenEnds is when the ID token was over, or will be, that i was read from; zero where
// it was none.
func (i Identity) TokenEnds() time.Time {
	seconds, ok := i.claims.Date("exp")
	if !ok {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Warnings are sentences for the operator about a sign-in that was accepted.
// They are not sealed: they belong to the event of that sign-in.
func (i Identity) Warnings() []string { return slices.Clone(i.warnings) }

const sealLabel = "fc-sso identity 1"

// Seal encrypts the identity with AES-256-GCM. A key seals few boxes (session
// derives one for each session), so a random nonce is safe.
func (i Identity) Seal(key [32]byte, random io.Reader) ([]byte, error) {
	if i.IsZero() {
		return nil, errors.New("validate: nobody to seal")
	}
	content := i.says
	content.Claims = i.claims.Raw()
	plain, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := sealer(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return aead.Seal(nonce, nonce, plain, []byte(sealLabel)), nil
}

// Unseal is the only other maker of an identity. A box of another key, or one
// that was changed, is no session.
func Unseal(key [32]byte, box []byte) (Identity, error) {
	aead, err := sealer(key)
	if err != nil {
		return Identity{}, err
	}
	if len(box) < aead.NonceSize() {
		return Identity{}, reason.New(reason.SessionMissing, "the sealed identity is cut short")
	}
	plain, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], []byte(sealLabel))
	if err != nil {
		return Identity{}, reason.New(reason.SessionMissing, "the sealed identity does not open: %w", err)
	}
	var i Identity
	if err := json.Unmarshal(plain, &i.says); err != nil || i.IsZero() {
		return Identity{}, reason.New(reason.SessionMissing, "the sealed identity is nobody's: %w", err)
	}
	claims := i.says.Claims
	if i.says.Claims = nil; len(claims) == 0 {
		return i, nil
	}
	if i.claims, err = jose.ParseObject(claims); err != nil {
		return Identity{}, reason.New(reason.SessionMissing, "the sealed identity has no claims: %w", err)
	}
	return i, nil
}

func sealer(key [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return cipher.NewGCM(block)
}
