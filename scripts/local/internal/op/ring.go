package op

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// ring holds the keys that are published. One of them signs: the last, or, while the
// last is only announced, the one before it.
type ring struct {
	mu        sync.Mutex
	file      string
	keys      []key
	announced bool
}

type key struct {
	*rsa.PrivateKey

	id string // RFC 7638, so that no two keys share one
}

const announcedBlock = "ANNOUNCED PRIVATE KEY"

func openRing(o Options) (*ring, error) {
	r := &ring{file: filepath.Join(o.DataDir, "op-"+o.ID+".pem")}
	text, err := os.ReadFile(r.file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return r, r.rotate()
	case err != nil:
		return nil, err
	}
	if err := r.read(text); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w); delete it to have a new key made", r.file, err)
	}
	return r, nil
}

func (r *ring) read(text []byte) error {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return err
		}
		private, ok := parsed.(*rsa.PrivateKey)
		if !ok {
			return errors.New("not an RSA key")
		}
		r.keys, r.announced, text = append(r.keys, newKey(private)), block.Type == announcedBlock, rest
	}
	if len(r.keys) == 0 || r.announced && len(r.keys) == 1 {
		return errors.New("no key that signs")
	}
	return nil
}

// write does so by rename: a kill leaves no half key.
func (r *ring) write() error {
	var text []byte
	for i, k := range r.keys {
		private, err := x509.MarshalPKCS8PrivateKey(k.PrivateKey)
		if err != nil {
			return err
		}
		kind := "PRIVATE KEY"
		if r.announced && i == len(r.keys)-1 {
			kind = announcedBlock
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: private})...)
	}
	if err := os.WriteFile(r.file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(r.file+".new", r.file)
}

func newKey(private *rsa.PrivateKey) key {
	k := key{private, ""}
	canonical, _ := json.Marshal(map[string]string{"e": k.exponent(), "kty": "RSA", "n": k.modulus()}) // strings alone: no error
	sum := sha256.Sum256(canonical)
	k.id = encode(sum[:])
	return k
}

func (k key) exponent() string { return encode(big.NewInt(int64(k.E)).Bytes()) }
func (k key) modulus() string  { return encode(k.N.Bytes()) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// announce publishes a further key, by which nothing is signed yet.
func (r *ring) announce() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.announced {
		return errors.New("a key is announced already")
	}
	if err := r.add(); err != nil {
		return err
	}
	r.announced = true
	return r.write()
}

// rotate signs by the announced key, or by one that nobody has heard of; the others
// are still published.
func (r *ring) rotate() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.announced {
		if err := r.add(); err != nil {
			return err
		}
	}
	r.announced = false
	return r.write()
}

// forget publishes no key but that which signs.
func (r *ring) forget() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys, r.announced = []key{r.signing()}, false
	return r.write()
}

func (r *ring) add() error {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	r.keys = append(r.keys, newKey(private))
	return nil
}

func (r *ring) signing() key {
	if r.announced {
		return r.keys[len(r.keys)-2]
	}
	return r.keys[len(r.keys)-1]
}

func (r *ring) signer() key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.signing()
}

func (r *ring) published() []key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.keys)
}

// keys is the JWKS, and where a test wants it, how it fails.
func (p *OP) keys(w http.ResponseWriter, r *http.Request) {
	switch p.habits().Keys {
	case keysFail:
		http.Error(w, "not today", http.StatusInternalServerError)
		return
	case keysHang:
		<-r.Context().Done() // until the client has had enough
		return
	}
	var set []map[string]string
	for _, k := range p.ring.published() {
		set = append(set, map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id, "n": k.modulus(), "e": k.exponent()})
	}
	writeJSON(w, http.StatusOK, map[string]any{"keys": set})
}

// sign makes a JWS in compact form (RFC 7515 section 3.1).
func (k key) sign(claims map[string]any) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": k.id})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	input := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.PrivateKey, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return input + "." + encode(signature), nil
}
