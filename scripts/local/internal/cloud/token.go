package cloud

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// idToken is an OIDCToken, read but not believed.
type idToken struct {
	algorithm, keyID string
	signed           string // what the signature covers
	signature        []byte
	claims           idClaims
}

type idClaims struct {
	Issuer   string  `json:"iss"`
	Subject  string  `json:"sub"`
	Audience words   `json:"aud"`
	Expires  float64 `json:"exp"`
	Issued   float64 `json:"iat"`
}

// unbelieved is STS's answer to a token.
func unbelieved(code, message string) *fault {
	return refuse(http.StatusUnauthorized, "AuthenticationFail.OIDCToken."+code, "%s", message)
}

const maxToken = 20_000

func parseToken(text string) (idToken, *fault) {
	parts := strings.Split(text, ".")
	switch {
	case text == "":
		return idToken{}, unbelieved("Invalid", "The OIDCToken can not empty.")
	case len(text) < 4 || len(text) > maxToken:
		return idToken{}, malformed("OIDCToken")
	case len(parts) != 3:
		return idToken{}, unbelieved("Invalid", "The number of Jwt field should be divided into 3 parts with '.' .")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") { // which Go's decoder passes over
			return idToken{}, unbelieved("Invalid", "Cannot decode base64 encoded response(format invalided).")
		}
	}
	var header struct{ Alg, Kid string }
	made := idToken{signed: parts[0] + "." + parts[1], signature: decoded[2]}
	if json.Unmarshal(decoded[0], &header) != nil || json.Unmarshal(decoded[1], &made.claims) != nil {
		return idToken{}, unbelieved("Invalid", "The Jwt content is invalid that cannot be recognized.")
	}
	made.algorithm, made.keyID = header.Alg, header.Kid
	return made, nil
}

// requireAlgorithm: HS256 is refused in these words. Which others than RS256 the
// real STS takes is documented nowhere; what works here is to work there.
func (t idToken) requireAlgorithm() *fault {
	if t.algorithm != "RS256" {
		return unbelieved("Invalid", "The algorithm "+t.algorithm+" that be specified in Jwt header is unknown.")
	}
	return nil
}

// requireClaims is what RAM says of iss, aud, exp and iat. Its code for a token that
// is too old is not known, nor is a tolerance for clocks.
func (t idToken) requireClaims(p OIDCProvider, now time.Time) *fault {
	switch {
	case t.claims.Issuer != p.Issuer:
		return unbelieved("IssuerNotMatch", "The issuer in the OIDC Token doesn't match the OIDC Provider registered.")
	case !slices.ContainsFunc(t.claims.Audience, func(a string) bool { return slices.Contains(p.ClientIDs, a) }):
		return unbelieved("AudienceNotMatch", "Invalid audience.")
	case t.claims.Subject == "" || t.claims.Expires == 0 || t.claims.Issued == 0:
		return unbelieved("Invalid", "The Jwt content is invalid that cannot be recognized.")
	case !now.Before(date(t.claims.Expires)) || now.Sub(date(t.claims.Issued)) > p.Issuance:
		return unbelieved("Expired", "This JsonWebToken is expired.")
	}
	return nil
}

func (t idToken) requireSignature(keys []publicKey) *fault {
	sum := sha256.Sum256([]byte(t.signed))
	for _, key := range keys {
		if t.keyID != "" && key.id != t.keyID {
			continue
		}
		if rsa.VerifyPKCS1v15(key.PublicKey, crypto.SHA256, sum[:], t.signature) == nil {
			return nil
		}
	}
	return unbelieved("InvalidSignature", "OIDC token validate failed: invalid signature.")
}

func date(seconds float64) time.Time { return time.Unix(int64(seconds), 0) }

// facts are what a role's trust policy may ask of a token, and all of it.
func (t idToken) facts(p OIDCProvider) map[string]string {
	facts := map[string]string{"oidc:iss": t.claims.Issuer, "oidc:sub": t.claims.Subject}
	for _, audience := range t.claims.Audience {
		if slices.Contains(p.ClientIDs, audience) { // that by which the token was let in
			facts["oidc:aud"] = audience
			break
		}
	}
	return facts
}
