package validate

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"hash"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// TokenWant is what an ID token must have been made for.
type TokenWant struct {
	// Login says that it ends a sign-in that we began in a browser; else a workload
	// brings it to be exchanged.
	Login       bool
	Nonce       string // of the sign-in
	AccessToken string // that came beside it; "" where none did
}

// Token judges an ID token by the record that its issuer, or the path, names.
func (g Guard) Token(ctx context.Context, record trust.Record, want TokenWant, compact string) (Identity, error) {
	t, err := g.tokenTrial(record, want, compact)
	if err != nil {
		return Identity{}, err
	}
	if err := judge(ctx, t, tokenChecks(), g.Nonces); err != nil {
		return Identity{}, err
	}
	return t.identity(), nil
}

// ExplainToken walks the table of [Guard.Token] to its end, without using anything
// up and without ever making an identity.
func (g Guard) ExplainToken(record trust.Record, want TokenWant, compact string) (Report, error) {
	t, err := g.tokenTrial(record, want, compact)
	if err != nil {
		return Report{}, err
	}
	return explain(t, tokenChecks()), nil
}

// TokenChecks lists what an ID token must pass, in order.
func TokenChecks() []Check { return listed(tokenChecks()) }

func (g Guard) tokenTrial(record trust.Record, want TokenWant, compact string) (*tokenTrial, error) {
	switch {
	case g.Now == nil || g.Nonces == nil:
		return nil, errors.New("validate: a guard without clock or nonces")
	case record.IsZero():
		return nil, errors.New("validate: no trust record")
	case want.Login && want.Nonce == "":
		return nil, errors.New("validate: a sign-in without a nonce")
	}
	return &tokenTrial{progress: g.begin(record, compact), oidc: record.OIDC(), want: want}, nil
}

// tokenTrial is one token on its way through the checks.
type tokenTrial struct {
	progress
	oidc   trust.OIDC
	want   TokenWant
	token  jose.Token
	claims jose.Object
	keys   []jose.Key // that may have signed it
	age    time.Time  // iat
	end    time.Time  // exp
}

// tokenChecks is the table, cheap checks first: whose token it is and what for is
// asked of what it claims, before any signature is computed; what was claimed is
// what was signed, for there is one reading of it.
func tokenChecks() []check[*tokenTrial] {
	return []check[*tokenTrial]{
		{1, "the record is active, speaks OpenID Connect and has keys", 0, requireIssuerRecord},
		{2, "the token is a JWS in its one spelling, of type JWT, within limits", 0, requireToken},
		{3, "the record is for this use: people sign in, or workloads exchange", 0, requireUse},
		{4, "iss is the record's issuer, exactly", document, requireTokenIssuer},
		{5, "aud names one of the record's audiences, at a sign-in our client alone", document | purpose, requireTokenAudience},
		{6, "azp is our client, where it or several audiences are there at a sign-in", document | purpose, requireParty},
		{7, "sub names one subject, in at most 255 characters of ASCII", document, requireTokenSubject},
		{8, "exp is there and has not passed", document, requireUnexpired},
		{9, "nbf has come, where it is there", document, requireBegun},
		{10, "iat is there, not ahead, and within the record's maxAge", document, requireFreshToken},
		{11, "nonce is that of the sign-in, and absent from what is exchanged", document, requireNonce},
		{12, "at_hash is that of the access token beside it, where both are there", document, requireAccessToken},
		{13, "what may be used once expires within 23 hours", document, requireShortTokenLife},
		{14, "a key of the issuer goes by its kid, or has none to go by, and fits its algorithm", document | keys, requireTokenKey},
		{15, "that key made the signature", document | candidates, requireTokenSignature},
		{16, "it was not used before, where it may be used once", verified | live, requireTokenFirstUse},
	}
}

func requireIssuerRecord(t *tokenTrial) error {
	switch {
	case t.record.Suspended():
		return reason.New(reason.IdPSuspended, "the record %q is suspended", t.record.ID())
	case t.record.Kind() != trust.KindOIDC:
		return reason.New(reason.IdPUnknown, "the record %q speaks SAML: no token is its", t.record.ID())
	case t.record.Pending():
		return reason.New(reason.KeysUnavailable, "the record %q has no keys yet", t.record.ID())
	}
	t.has |= keys
	return nil
}

func requireToken(t *tokenTrial) (err error) {
	if t.token, err = jose.Parse(t.encoded); err != nil {
		return err
	}
	if !jose.Known(t.token.Algorithm) {
		return reason.New(reason.SignatureAlgorithm, "alg is %.40q; RS, PS and ES with 256, 384, 512 and EdDSA are known", t.token.Algorithm)
	}
	t.claims = t.token.Claims()
	if t.claims.Has("events") { // a logout token that has no typ would pass for an ID token without a nonce
		return reason.New(reason.TokenType, "the token tells of events (RFC 8417 section 2.2), an ID token does not")
	}
	t.has |= document
	return nil
}

// requireUse keeps tokens that end a person's sign-in out of the exchange: they
// travel through browsers, and whoever finds one would have its roles.
func requireUse(t *tokenTrial) error {
	switch {
	case t.want.Login && t.oidc.Login == nil:
		return reason.New(reason.IdPUnknown, "nobody signs in by the record %q: it has no login", t.record.ID())
	case !t.want.Login && t.oidc.Login != nil && !t.oidc.Exchange:
		return reason.New(reason.LoginOnly, "the record %q is for sign-ins and does not say exchange: true", t.record.ID())
	}
	t.has |= purpose
	return nil
}

func requireTokenIssuer(t *tokenTrial) error {
	if issuer, ok := t.claims.Text("iss"); !ok || issuer != t.oidc.Issuer {
		return reason.New(reason.IssuerMismatch, "iss is %.300q, the record's issuer is %q", issuer, t.oidc.Issuer)
	}
	return nil
}

func requireTokenAudience(t *tokenTrial) error {
	named, ok := t.claims.TextList("aud")
	wanted := t.oidc.Audiences
	if t.want.Login {
		wanted = []string{t.oidc.Login.ClientID}
	}
	for _, audience := range named {
		if ok && slices.Contains(wanted, audience) {
			return nil
		}
	}
	return reason.New(reason.AudienceMismatch, "aud is %.300q, one of %q is wanted", t.claims.Texts("aud"), wanted)
}

// requireParty (OpenID Connect Core 3.1.3.7, 4 and 5) is for a sign-in: a workload's
// token is issued to the workload, whose azp is its own.
func requireParty(t *tokenTrial) error {
	if !t.want.Login {
		return nil
	}
	party, ok := t.claims.Text("azp")
	several, _ := t.claims.TextList("aud")
	if !t.claims.Has("azp") && len(several) == 1 || ok && party == t.oidc.Login.ClientID {
		return nil
	}
	return reason.New(reason.PartyMismatch, "azp is %.300q beside %d audiences, our client is %q", party, len(several), t.oidc.Login.ClientID)
}

func requireTokenSubject(t *tokenTrial) error {
	const most = 255
	subject, ok := t.claims.Text("sub")
	if !ok || len(subject) > most || !visible(subject) {
		return reason.New(reason.SubjectMissing, "sub is %.80q: 1 to %d characters of ASCII are wanted", subject, most)
	}
	return nil
}

func visible(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

func (t *tokenTrial) date(name string) (time.Time, error) {
	seconds, ok := t.claims.Date(name)
	if !ok {
		return time.Time{}, reason.New(reason.TokenMalformed, "%s is missing or no number of seconds since 1970", name)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func requireUnexpired(t *tokenTrial) (err error) {
	if t.end, err = t.date("exp"); err != nil {
		return err
	}
	return t.within("the token", time.Time{}, t.end)
}

func requireBegun(t *tokenTrial) error {
	if !t.claims.Has("nbf") {
		return nil
	}
	begin, err := t.date("nbf")
	if err != nil {
		return err
	}
	return t.notAhead("the token", "begins", begin)
}

func requireFreshToken(t *tokenTrial) (err error) {
	if t.age, err = t.date("iat"); err != nil {
		return err
	}
	if err := t.notAhead("the token", "is issued", t.age); err != nil {
		return err
	}
	most := time.Duration(t.oidc.MaxAgeSeconds) * time.Second
	if age := t.now.Sub(t.age); age > most+t.skew {
		return reason.New(reason.TokenTooOld, "the token was issued %s ago (%s), the record's maxAge is %s", ago(age), stamp(t.age), most)
	}
	return nil
}

func requireNonce(t *tokenTrial) error {
	if !t.want.Login {
		if t.claims.Has("nonce") {
			return reason.New(reason.NonceUnexpected, "the token has a nonce: it was made for a sign-in in a browser")
		}
		return nil
	}
	if nonce, ok := t.claims.Text("nonce"); !ok || nonce != t.want.Nonce {
		return reason.New(reason.NonceMismatch, "nonce is not the one of this sign-in")
	}
	return nil
}

// requireAccessToken (OpenID Connect Core 3.1.3.8).
func requireAccessToken(t *tokenTrial) error {
	if t.want.AccessToken == "" || !t.claims.Has("at_hash") {
		return nil
	}
	h := hashOf(t.token.Algorithm)
	h.Write([]byte(t.want.AccessToken))
	sum := h.Sum(nil)
	if got, _ := t.claims.Text("at_hash"); got != base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) {
		return reason.New(reason.AccessTokenMismatch, "at_hash is not that of the access token that came beside it")
	}
	return nil
}

// hashOf is the hash of an algorithm; of EdDSA with Ed25519 it is SHA-512.
func hashOf(algorithm string) hash.Hash {
	switch algorithm[len(algorithm)-3:] {
	case "256":
		return sha256.New()
	case "384":
		return sha512.New384()
	}
	return sha512.New()
}

func requireShortTokenLife(t *tokenTrial) error {
	if t.once() && t.end.After(t.now.Add(longestLife)) {
		return reason.New(reason.LifetimeTooLong, "the token lives until %s, longer than what was used is remembered: 23h", stamp(t.end))
	}
	return nil
}

// once: a sign-in's token always is.
func (t *tokenTrial) once() bool { return t.want.Login || t.oidc.TokenUse == trust.Once }

// requireTokenKey finds who may have signed. A token without kid is tried with each
// key that fits: few issuers have more than three.
func requireTokenKey(t *tokenTrial) error {
	named := false
	for key := range t.record.TokenKeys(t.now) {
		if t.token.HasKeyID && key.ID() != t.token.KeyID {
			continue
		}
		named = true
		if key.Fits(t.token) {
			t.keys = append(t.keys, key)
		}
	}
	switch {
	case len(t.keys) > 0:
		t.has |= candidates
		return nil
	case named && t.token.HasKeyID:
		return reason.New(reason.SignatureAlgorithm, "alg is %.40q, and the issuer's key %.80q is not for it", t.token.Algorithm, t.token.KeyID)
	case t.token.HasKeyID:
		return reason.New(reason.KeyUnknown, "the issuer has no key %.80q", t.token.KeyID)
	}
	return reason.New(reason.KeyUnknown, "the token names no key, and none of the issuer's is for %.40q", t.token.Algorithm)
}

func requireTokenSignature(t *tokenTrial) (err error) {
	for _, key := range t.keys {
		if err = key.Verify(t.token); err == nil {
			t.has |= verified
			return nil
		}
	}
	return err
}

const (
	kindTokenID    = "oidc-jti"
	kindTokenInput = "oidc-input"
)

// requireTokenFirstUse remembers jti, else what was signed: never the token as it
// came, whose signature can be spelled anew (RFC 8725, ECDSA's twin).
func requireTokenFirstUse(t *tokenTrial) error {
	if !t.once() {
		return nil
	}
	kind, name := kindTokenInput, t.token.SigningInput()
	if id, ok := t.claims.Text("jti"); ok {
		kind, name = kindTokenID, id
	}
	return t.spend(nonceKey(kind, t.oidc.Issuer, name), t.end.Add(t.skew))
}

// authenticatedAt is when the subject proved who it is; zero where the token does
// not say. When it was issued is no answer: that is now, also by a session at the
// identity provider that is a week old. So what a rule's maxAge asks for is asked of
// the identity provider, which then has to say it (OpenID Connect Core 2, auth_time).
func (t *tokenTrial) authenticatedAt() time.Time {
	seconds, ok := t.claims.Date("auth_time")
	at := time.Unix(seconds, 0).UTC()
	if !ok || t.notAhead("the sign-in", "was", at) != nil {
		return time.Time{}
	}
	return at
}

// identity keeps all claims: rules may ask for any.
func (t *tokenTrial) identity() Identity {
	subject, _ := t.claims.Text("sub")
	class, _ := t.claims.Text("acr")
	return Identity{
		says: says{
			IdentityProvider: t.record.ID(),
			Revision:         t.record.Revision(),
			Subject:          subject,
			AuthenticatedAt:  t.authenticatedAt(),
			AuthnContext:     class,
		},
		claims: t.claims,
	}
}
