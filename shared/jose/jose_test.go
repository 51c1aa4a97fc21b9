package jose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// compact is a token of these parts, signed by nobody.
func compact(header, payload string) string {
	return encode(header) + "." + encode(payload) + "." + encode("signature")
}

const plainHeader = `{"alg":"RS256","typ":"JWT"}`

func TestAGoodTokenIsRead(t *testing.T) {
	token, err := jose.Parse(compact(`{"alg":"ES256","kid":"a","typ":"JWT","x5t":"b"}`, `{"iss":"https://a.example","n":1.5,"list":["x",2,true,null,{}],"deep":{"er":{"x/y~z":"found"}}}`))
	if err != nil || token.Algorithm != "ES256" || token.KeyID != "a" || token.Type != "JWT" {
		t.Fatalf("%+v, %v", token, err)
	}
	for name, want := range map[string][]string{
		"iss": {"https://a.example"}, "ISS": nil, "n": {"1.5"}, "list": {"x", "2", "true"}, "/deep/er/x~1y~0z": {"found"}, "/deep": nil, "/deep/no": nil, "/iss/x": nil,
	} {
		if got := token.Claims().Texts(name); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// Each of these some library takes; RFC 7515, 7519, 8259 or 8725 says to refuse it.
func TestEverySecondSpellingIsRefused(t *testing.T) {
	good := compact(plainHeader, `{"a":"b"}`)
	parts := strings.Split(good, ".")
	deep := strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17)
	for name, tt := range map[string]struct {
		token string
		want  reason.Code
	}{
		"nothing":                       {"", reason.TokenMalformed},
		"a dot":                         {"aaaaaaaaaaaaaaaaaaaaaaaaa.aaaa", reason.TokenMalformed},
		"a JWE's five parts":            {good + ".a.b", reason.TokenMalformed},
		"JSON serialization":            {`{"payload":"e30","signatures":[{"signature":"e30"}]}`, reason.TokenMalformed},
		"too long":                      {compact(plainHeader, `{"a":"`+strings.Repeat("x", 20_000)+`"}`), reason.TokenMalformed},
		"no signature":                  {parts[0] + "." + parts[1] + ".", reason.TokenMalformed},
		"padding":                       {parts[0] + "==." + parts[1] + "." + parts[2], reason.TokenMalformed},
		"a line break in the signature": {parts[0] + "." + parts[1] + "." + parts[2][:4] + "\n" + parts[2][4:], reason.TokenMalformed},
		"a carriage return before it":   {parts[0] + "." + parts[1] + ".\r" + parts[2], reason.TokenMalformed},
		"a blank around it":             {" " + good, reason.TokenMalformed},
		"bits to spare":                 {parts[0] + "." + parts[1] + "." + encode("ab")[:2] + "J", reason.TokenMalformed},
		"standard base64":               {encode(plainHeader) + "." + base64.RawStdEncoding.EncodeToString([]byte(`{"a":"??>>"}`)) + "." + parts[2], reason.TokenMalformed},
		"a header that is no object":    {compact(`null`, `{}`), reason.TokenMalformed},
		"a payload of null":             {compact(plainHeader, `null`), reason.TokenMalformed},
		"a payload that is a list":      {compact(plainHeader, `[]`), reason.TokenMalformed},
		"something behind the payload":  {compact(plainHeader, `{"a":1}{"a":2}`), reason.TokenMalformed},
		"a NUL behind the payload":      {compact(plainHeader, "{}\x00"), reason.TokenMalformed},
		"an algorithm twice":            {compact(`{"alg":"RS256","alg":"none"}`, `{}`), reason.TokenMalformed},
		"an escaped algorithm twice":    {compact(`{"alg":"RS256","\u0061lg":"none"}`, `{}`), reason.TokenMalformed},
		"a claim twice":                 {compact(plainHeader, `{"sub":"a","sub":"b"}`), reason.TokenMalformed},
		"a claim twice, deep down":      {compact(plainHeader, `{"a":[{"b":{"c":1,"c":2}}]}`), reason.TokenMalformed},
		"no algorithm":                  {compact(`{"typ":"JWT"}`, `{}`), reason.TokenMalformed},
		"an algorithm in other case":    {compact(`{"ALG":"RS256"}`, `{}`), reason.TokenMalformed},
		"an algorithm that is a list":   {compact(`{"alg":["RS256"]}`, `{}`), reason.TokenMalformed},
		"a kid that is a number":        {compact(`{"alg":"RS256","kid":1}`, `{}`), reason.TokenMalformed},
		"a critical header":             {compact(`{"alg":"RS256","crit":["exp"],"exp":1}`, `{}`), reason.TokenMalformed},
		"an empty list of them":         {compact(`{"alg":"RS256","crit":[]}`, `{}`), reason.TokenMalformed},
		"b64":                           {compact(`{"alg":"RS256","b64":false}`, `{}`), reason.TokenMalformed},
		"compressed":                    {compact(`{"alg":"RS256","zip":"DEF"}`, `{}`), reason.TokenMalformed},
		"an access token":               {compact(`{"alg":"RS256","typ":"at+jwt"}`, `{}`), reason.TokenType},
		"one by its media type":         {compact(`{"alg":"RS256","typ":"application/at+jwt"}`, `{}`), reason.TokenType},
		"a logout token":                {compact(`{"alg":"RS256","typ":"logout+jwt"}`, `{}`), reason.TokenType},
		"typ that is no text":           {compact(`{"alg":"RS256","typ":null}`, `{}`), reason.TokenMalformed},
		"no UTF-8":                      {compact(plainHeader, "{\"a\":\"\xff\"}"), reason.TokenMalformed},
		"half a character":              {compact(plainHeader, `{"a":"\ud800"}`), reason.TokenMalformed},
		"a control character":           {compact(plainHeader, "{\"a\":\"\t\"}"), reason.TokenMalformed},
		"an escape that is none":        {compact(plainHeader, `{"a":"\x41"}`), reason.TokenMalformed},
		"a leading zero":                {compact(plainHeader, `{"exp":01}`), reason.TokenMalformed},
		"a leading plus":                {compact(plainHeader, `{"exp":+1}`), reason.TokenMalformed},
		"Infinity":                      {compact(plainHeader, `{"exp":Infinity}`), reason.TokenMalformed},
		"a hexadecimal number":          {compact(plainHeader, `{"exp":0x1}`), reason.TokenMalformed},
		"a trailing comma":              {compact(plainHeader, `{"a":1,}`), reason.TokenMalformed},
		"a comment":                     {compact(plainHeader, `{"a":1/**/}`), reason.TokenMalformed},
		"a byte order mark":             {compact(plainHeader, "\ufeff{}"), reason.TokenMalformed},
		"too deep":                      {compact(plainHeader, deep), reason.TokenMalformed},
		"100,000 lists":                 {compact(plainHeader, `{"a":`+strings.Repeat("[", 7000)), reason.TokenMalformed},
		"too many members":              {compact(plainHeader, `{"a":[`+strings.Repeat("1,", 2100)+`1]}`), reason.TokenMalformed},
	} {
		if token, err := jose.Parse(tt.token); reason.Of(err) != tt.want {
			t.Errorf("%s: %v %+v", name, err, token.Claims())
		}
	}
}

func TestDatesAreNumbersOfThisWorld(t *testing.T) {
	for text, want := range map[string]int64{
		`1700000000`: 1700000000, `1700000000.9`: 1700000000, `1.7e9`: 1700000000, `0`: 0,
		`"1700000000"`: -1, `1e300`: -1, `9223372036854775808`: -1, `-1`: -1, `true`: -1, `null`: -1, `[1]`: -1, `1e400`: -1,
	} {
		o, err := jose.ParseObject([]byte(`{"exp":` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := o.Date("exp")
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
}

// signers are a key of each kind, by the algorithms that follow from it.
func signers(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	list := map[string]crypto.Signer{}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		list[algorithm] = private
	}
	for algorithm, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		if list[algorithm], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	list["EdDSA"] = edwards
	return list
}

func signed(t *testing.T, algorithm string, key any) jose.Token {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), jwt.MapClaims{"sub": "a"}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// published is a public key as a JSON Web Key, with what is to be added or changed.
func published(t *testing.T, public any, change map[string]any) []byte {
	t.Helper()
	number := func(n *big.Int, size int) string {
		return base64.RawURLEncoding.EncodeToString(n.FillBytes(make([]byte, size)))
	}
	members := map[string]any{}
	switch key := public.(type) {
	case *rsa.PublicKey:
		members["kty"], members["n"], members["e"] = "RSA", base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "AQAB"
	case *ecdsa.PublicKey:
		size := (key.Curve.Params().BitSize + 7) / 8
		point, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		x, y := new(big.Int).SetBytes(point[1:1+size]), new(big.Int).SetBytes(point[1+size:])
		members["kty"], members["crv"], members["x"], members["y"] = "EC", key.Curve.Params().Name, number(x, size), number(y, size)
	case ed25519.PublicKey:
		members["kty"], members["crv"], members["x"] = "OKP", "Ed25519", base64.RawURLEncoding.EncodeToString(key)
	}
	for name, value := range change {
		members[name] = value
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEachAlgorithmVerifiesByItsOwnKeyAlone(t *testing.T) {
	all := signers(t)
	for algorithm, signer := range all {
		key, err := jose.ParseKey(published(t, signer.Public(), nil))
		if err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		for other, by := range all {
			rsaBoth := algorithm[1:2] == "S" && other[1:2] == "S" && algorithm[0] != 'E' && other[0] != 'E' // one key of theirs
			if err := key.Verify(signed(t, other, by)); (err == nil) != (rsaBoth || other == algorithm) {
				t.Errorf("the key for %s and a token by %s: %v", algorithm, other, err)
			}
		}
		if key.Verify(jose.Token{Algorithm: algorithm}) == nil {
			t.Errorf("%s: nothing is verified", algorithm)
		}
	}
}

// A key published as RSA must not serve as the secret of an HMAC (CVE-2015-9235),
// and what nobody signed is signed by nobody.
func TestNoneAndSecretsAreNoSignatures(t *testing.T) {
	private := signers(t)["RS256"].(*rsa.PrivateKey)
	text := published(t, private.Public(), nil)
	key, err := jose.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range []string{"none", "None", "HS256", "rs256", "RS256 ", ""} {
		if jose.Known(algorithm) {
			t.Errorf("%q is known", algorithm)
		}
		if err := key.Verify(jose.Token{Algorithm: algorithm}); reason.Of(err) != reason.SignatureAlgorithm {
			t.Errorf("%q: %v", algorithm, err)
		}
	}
	if err := key.Verify(signed(t, "HS256", text)); reason.Of(err) != reason.SignatureAlgorithm {
		t.Error(err)
	}
}

// RFC 7518 section 3.5: the salt is as long as the hash.
func TestPSSWithAnotherSaltIsRefused(t *testing.T) {
	private := signers(t)["PS256"].(*rsa.PrivateKey)
	key, err := jose.ParseKey(published(t, private.Public(), nil))
	if err != nil {
		t.Fatal(err)
	}
	input := encode(`{"alg":"PS256"}`) + "." + encode(`{}`)
	digest := crypto.SHA256.New()
	digest.Write([]byte(input))
	for salt, want := range map[int]bool{32: true, 1: false, 20: false} {
		signature, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest.Sum(nil), &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		token, err := jose.Parse(input + "." + base64.RawURLEncoding.EncodeToString(signature))
		if err != nil {
			t.Fatal(err)
		}
		if got := key.Verify(token) == nil; got != want {
			t.Errorf("a salt of %d bytes: %v", salt, got)
		}
	}
}

// unsalted signs by PSS with no salt at all (RFC 8017 section 9.1.1), which
// crypto/rsa does not.
func unsalted(private *rsa.PrivateKey, input string) []byte {
	digest := sha256.Sum256([]byte(input))
	h := sha256.Sum256(append(make([]byte, 8), digest[:]...))
	encoded := make([]byte, private.Size())
	masked := encoded[:len(encoded)-len(h)-1]
	masked[len(masked)-1] = 1
	for i := range masked {
		block := sha256.Sum256(binary.BigEndian.AppendUint32(h[:], uint32(i/sha256.Size)))
		masked[i] ^= block[i%sha256.Size]
	}
	encoded[0] &= 0x7f
	copy(encoded[len(masked):], h[:])
	encoded[len(encoded)-1] = 0xbc
	return new(big.Int).Exp(new(big.Int).SetBytes(encoded), private.D, private.N).FillBytes(make([]byte, private.Size()))
}

// golang-jwt, go-oidc and zitadel take it.
func TestPSSWithoutSaltIsRefused(t *testing.T) {
	private := signers(t)["PS256"].(*rsa.PrivateKey)
	key, err := jose.ParseKey(published(t, private.Public(), nil))
	if err != nil {
		t.Fatal(err)
	}
	input := encode(`{"alg":"PS256"}`) + "." + encode(`{}`)
	signature := unsalted(private, input)
	if err := jwt.SigningMethodPS256.Verify(input, signature, private.Public()); err != nil {
		t.Fatalf("golang-jwt: %v: this is no signature", err)
	}
	token, err := jose.Parse(input + "." + base64.RawURLEncoding.EncodeToString(signature))
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Verify(token); reason.Of(err) != reason.SignatureInvalid {
		t.Error(err)
	}
}

// CVE-2006-4339: with the exponent 3 the cube root of a padding that ends early is a
// signature for whoever does not look behind it.
func TestACubeRootIsNoSignature(t *testing.T) {
	key, err := jose.ParseKey(published(t, signers(t)["RS256"].Public(), map[string]any{"e": "Aw"}))
	if err != nil {
		t.Fatal(err)
	}
	input := encode(plainHeader) + "." + encode(`{"sub":"admin"}`)
	digest := sha256.Sum256([]byte(input))
	padded := slices.Concat([]byte{0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0},
		[]byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"), digest[:])
	want := new(big.Int).SetBytes(append(slices.Clone(padded), make([]byte, 256-len(padded))...))
	root := new(big.Int)
	for bit := 700; bit >= 0; bit-- { // the largest whose cube is not above, and then one more
		if root.SetBit(root, bit, 1); new(big.Int).Exp(root, big.NewInt(3), nil).Cmp(want) > 0 {
			root.SetBit(root, bit, 0)
		}
	}
	root.Add(root, big.NewInt(1))
	if cube := new(big.Int).Exp(root, big.NewInt(3), nil).FillBytes(make([]byte, 256)); !bytes.HasPrefix(cube, padded) {
		t.Fatal("the cube does not begin as it should")
	}
	token, err := jose.Parse(input + "." + base64.RawURLEncoding.EncodeToString(root.FillBytes(make([]byte, 256))))
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Verify(token); reason.Of(err) != reason.SignatureInvalid {
		t.Error(err)
	}
}

func TestUnusableKeysSaySo(t *testing.T) {
	all := signers(t)
	rsaKey, p256 := all["RS256"].Public(), all["ES256"].Public()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		public any
		change map[string]any
		want   string
	}{
		"for encryption":         {rsaKey, map[string]any{"use": "enc"}, "not for signatures"},
		"for signing only":       {rsaKey, map[string]any{"key_ops": []string{"sign"}}, "not for verifying"},
		"with its private part":  {rsaKey, map[string]any{"d": "AAAA"}, "private part"},
		"1024 bits":              {weak.Public(), nil, "1024 bits"},
		"exponent of 1":          {rsaKey, map[string]any{"e": "AQ"}, "exponent"},
		"even exponent":          {rsaKey, map[string]any{"e": "AQAC"}, "exponent"},
		"n that is no base64":    {rsaKey, map[string]any{"n": "!!"}, "n is missing or not base64url"},
		"another's algorithm":    {rsaKey, map[string]any{"alg": "ES256"}, "none of such a key"},
		"an encryption's":        {rsaKey, map[string]any{"alg": "RSA-OAEP"}, "none of such a key"},
		"off the curve":          {p256, map[string]any{"x": base64.RawURLEncoding.EncodeToString(make([]byte, 32))}, "on"},
		"secp256k1":              {p256, map[string]any{"crv": "secp256k1"}, "no curve"},
		"a short coordinate":     {p256, map[string]any{"y": "AAAA"}, "bytes"},
		"an HMAC's secret":       {rsaKey, map[string]any{"kty": "oct", "k": "AAAA"}, "private part"},
		"Ed448":                  {all["EdDSA"].Public(), map[string]any{"crv": "Ed448"}, "only Ed25519"},
		"an X25519 key":          {all["EdDSA"].Public(), map[string]any{"crv": "X25519"}, "only Ed25519"},
		"a kid that is a number": {rsaKey, map[string]any{"kid": 1}, "kid is no text"},
	} {
		if _, err := jose.ParseKey(published(t, tt.public, tt.change)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// One bad key hides no good one: go-oidc and jwx refuse whole sets for one.
func TestABadKeyHidesNoGoodOne(t *testing.T) {
	all := signers(t)
	good := published(t, all["ES256"].Public(), map[string]any{"kid": "good", "use": "sig", "x5c": []string{"AAAA"}})
	text := `{"keys":[{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"},{"kty":"RSA","n":"!!","e":"AQAB"},[],` + string(good) + `,` + string(good) + `]}`
	keys, skipped, err := jose.ParseSet([]byte(text))
	if err != nil || len(keys) != 1 || len(skipped) != 3 || keys[0].ID() != "good" {
		t.Fatalf("%d keys, %v, %v", len(keys), skipped, err)
	}
	again, err := jose.ParseKey(keys[0].Text())
	if err != nil || !again.Equal(keys[0]) {
		t.Errorf("%s is read back as another: %v", keys[0].Text(), err)
	}
	for _, text := range []string{``, `[]`, `{}`, `{"keys":{}}`, `{"keys":[]}`, `{"keys":[{}]}`, `{"keys":[],"keys":[` + string(good) + `]}`, "<html>", strings.Repeat(" ", jose.MaxSet+1)} {
		if _, _, err := jose.ParseSet([]byte(text)); err == nil {
			t.Errorf("%.40s is a key set", text)
		}
	}
}

// FuzzParse: what is read agrees with encoding/json, and never breaks the reader.
func FuzzParse(f *testing.F) {
	f.Add(`{"a":"b","c":[1,2.5e3,true,null,{"d":"\u00e9\ud83d\ude00"}]}`)
	f.Add(`{"a":1,"a":2}`)
	f.Add(`{"":1E882}`)
	f.Add(`{"\u0061":1,"a":2}`)
	f.Fuzz(func(t *testing.T, payload string) {
		o, err := jose.ParseObject([]byte(payload))
		if err != nil {
			return
		}
		var all map[string]any
		decoder := json.NewDecoder(strings.NewReader(payload))
		decoder.UseNumber() // 1e882 is JSON, and no float64
		if err := decoder.Decode(&all); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", payload, err)
		}
		n := 0
		for name := range o.Names() {
			n++
			value, ok := all[name]
			if !ok {
				t.Fatalf("%q has no %q", payload, name)
			}
			if text, isText := value.(string); isText {
				if got, ok := o.Text(name); ok != (text != "") || got != text && ok {
					t.Fatalf("%q is %q, not %q", name, got, text)
				}
			}
			o.Texts(name)
			_, isObject := value.(map[string]any)
			if inner, ok := o.Object(name); ok != isObject || ok && !json.Valid(inner.Raw()) {
				t.Fatalf("%q is %v, and an object: %v", name, value, ok)
			}
		}
		if n != len(all) {
			t.Fatalf("%d names, not %d", n, len(all))
		}
	})
}
