// Package validate is the guard: the only place that says "verified".
//
// In come a posted SAML response with the trust record that the path names, or
// the metadata of an identity provider. Out go an [Identity], which only this
// package makes, or the source's keys. Refused is everything that does not pass
// each check of one ordered table; the refusal has the code, what was expected
// and what came.
//
// Why a table: the live way stops at the first failure, [Guard.Explain] walks
// on where it can, and both give one verdict, because there is one list. Cheap
// checks stand first, and the two that write (what may be used once) last, so
// that a refused message never spends anything of the honest one's.
package validate

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Expectation is what a response must have been made for.
type Expectation struct {
	EntityID  string // ours for this identity provider: the audience
	ACSURL    string // where it arrived: destination and recipient
	RequestID string // of our AuthnRequest; "" where nobody asked

	// AsksNobody says that it was made for a service that never sends requests, as
	// Alibaba Cloud's role sign-in: that nobody asked is no reason against it then.
	AsksNobody bool
}

// Nonces remembers what was used. Use returns nil for the first caller with a
// key and [reason.Replayed] for every later one, in all instances; expires says
// until when the key would be good otherwise.
type Nonces interface {
	Use(ctx context.Context, key [32]byte, expires time.Time) error
}

// Guard judges messages.
type Guard struct {
	Nonces     Nonces
	Now        func() time.Time
	Decrypters []crypto.Decrypter // our keys for encrypted assertions, each as good as the other
}

// Response judges the form field SAMLResponse.
func (g Guard) Response(ctx context.Context, record trust.Record, want Expectation, encoded string) (Identity, error) {
	t, err := g.trial(record, want, encoded)
	if err != nil {
		return Identity{}, err
	}
	if err := judge(ctx, t, responseChecks(), g.Nonces); err != nil {
		return Identity{}, err
	}
	return t.identity(), nil
}

func (g Guard) trial(record trust.Record, want Expectation, encoded string) (*trial, error) {
	switch {
	case g.Now == nil || g.Nonces == nil:
		return nil, errors.New("validate: a guard without clock or nonces")
	case record.IsZero():
		return nil, errors.New("validate: no trust record")
	case want.EntityID == "" || want.ACSURL == "" || want.AsksNobody && want.RequestID != "":
		return nil, errors.New("validate: nothing to expect")
	}
	return &trial{progress: g.begin(record, encoded), want: want, decrypters: g.Decrypters}, nil
}

// progress is what every message has on its way through its table.
type progress struct {
	record  trust.Record
	encoded string
	now     time.Time
	skew    time.Duration // of the record
	has     need
	spend   func(key [32]byte, until time.Time) error // what is good once; nil while explaining
}

func (g Guard) begin(record trust.Record, encoded string) progress {
	return progress{record: record, encoded: encoded, now: g.Now().UTC(), skew: record.ClockSkew()}
}

// trial is one response on its way through the checks.
type trial struct {
	progress
	want       Expectation
	decrypters []crypto.Decrypter

	xml       []byte
	document  *samldoc.Document
	encrypted bool
	cover     samldoc.Cover // round an encrypted assertion
	verified  samldoc.Verified
	message   samldoc.Message // what verified says; before that what the document claims
}

// need is what a check cannot do without.
type need uint16

const (
	keys       need = 1 << iota // the record's
	field                       // decoded
	document                    // read
	single                      // exactly one assertion, plain or encrypted
	covered                     // by a signature that holds, if it is encrypted and there is one
	assertion                   // readable
	purpose                     // of the record, and the token's fits it
	candidates                  // keys that may have signed a token
	verified                    // by a key of the record
	live                        // may use up what is good once
)

func (t *trial) policy() samldoc.Policy {
	return samldoc.Policy{AllowSHA1: t.record.AllowSHA1(), AllowUnsignedCBC: t.record.AllowUnsignedCBC()}
}

// MessageSHA256 is the hash of a form field by which the decision log names it.
func MessageSHA256(encoded string) string {
	sum := sha256.Sum256([]byte(encoded))
	return hex.EncodeToString(sum[:])
}

// check is one row of a table for messages of one kind: what it demands, what must
// be there before it can, and a function that returns nil or the refusal.
type check[T judged] struct {
	number int
	name   string
	needs  need
	demand func(T) error
}

// judged is a message on its way through its table.
type judged interface{ reached() *progress }

func (p *progress) reached() *progress { return p }

// judge is the live way: it stops at the first check that fails.
func judge[T judged](ctx context.Context, t T, table []check[T], nonces Nonces) error {
	reached := t.reached()
	reached.spend = func(key [32]byte, until time.Time) error { return nonces.Use(ctx, key, until) }
	reached.has |= live
	for _, check := range table {
		if check.needs&^reached.has != 0 {
			return fmt.Errorf("validate: check %d stands too early in the table", check.number)
		}
		if err := check.demand(t); err != nil {
			return err
		}
	}
	return nil
}

// responseChecks is the table. The numbers are part of the README and of
// operators' tickets: a new row takes a new number.
func responseChecks() []check[*trial] {
	return []check[*trial]{
		{1, "the record is active and has keys", 0, requireRecord},
		{2, "the field holds XML in base64, within limits", 0, requireField},
		{3, "the document has one meaning", field, requireDocument},
		{4, "the identity provider reports success", document, requireSuccess},
		{5, "there is exactly one assertion", document, requireAssertion},
		{6, "a signature round an encrypted assertion holds", single, requireCover},
		{7, "an encrypted assertion opens with a key of ours, and nothing inside it is encrypted", single | covered, requireReadable},
		{8, "somebody signed the response or the assertion", assertion, requireSigned},
		{9, "each signature covers its parent alone, by an allowed algorithm", assertion, requireForm},
		{10, "a certificate of the record verifies each signature", assertion | keys, requireVerified},
		{11, "response and assertion are SAML 2.0", assertion, requireVersion},
		{12, "the issuer is the record's entity ID", assertion | keys, requireIssuer},
		{13, "the destination is our assertion consumer service", assertion, requireDestination},
		{14, "response and assertion were issued just now", assertion, requireRecent},
		{15, "the assertion names one subject", assertion, requireSubject},
		{16, "the response answers our request, or was allowed to come unasked", assertion, requireAnswer},
		{17, "a bearer confirmation holds: recipient, request and time", assertion, requireBearer},
		{18, "there are no conditions that we do not know", assertion, requireKnownConditions},
		{19, "the conditions hold at this time", assertion, requireConditionsInTime},
		{20, "every audience restriction names us", assertion, requireAudience},
		{21, "the person has signed in, and the session has not ended", assertion, requireAuthn},
		{22, "the assertion expires within 23 hours", assertion, requireShortLife},
		{23, "our request was not answered before", verified | live, requireFirstAnswer},
		{24, "the assertion was not used before", verified | live, requireFirstUse},
	}
}

func requireRecord(t *trial) error {
	switch {
	case t.record.Kind() != trust.KindSAML:
		return reason.New(reason.IdPUnknown, "the record %q speaks no SAML", t.record.ID())
	case t.record.Suspended():
		return reason.New(reason.IdPSuspended, "the record %q is suspended", t.record.ID())
	case t.record.Pending() || t.record.EntityID() == "":
		return reason.New(reason.KeysUnavailable, "the record %q has no keys yet", t.record.ID())
	}
	t.has |= keys
	return nil
}
