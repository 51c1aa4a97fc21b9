package op

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Quirks are ways of real providers, and troubles, that a test switches on.
type Quirks struct {
	IssuerSlash  bool   `json:"issuer_slash"`  // the issuer ends with a slash, like Auth0's
	AudienceList bool   `json:"audience_list"` // aud is a list of one, with azp, like zitadel's
	NoID         bool   `json:"no_jti"`        // no jti, like oidc-provider's
	Life         int    `json:"token_life"`    // seconds that ID tokens are good for; 0: five minutes
	Keys         string `json:"keys"`          // what happens to who fetches the keys
}

// What may happen to who fetches the keys: "" gets them.
const (
	keysFail = "fail" // 500
	keysHang = "hang" // no answer, for as long as the client likes to wait
)

func (p *OP) habits() Quirks {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.quirks
}

// Admin is the provider's side door, for tests:
//
//	POST quirks  Quirks, as a whole
//	POST keys    {"do": "announce"}  publish a further key
//	             {"do": "rotate"}    sign by it, or by one that nobody has heard of
//	             {"do": "forget"}    publish no key but that which signs
func (p *OP) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /quirks", func(w http.ResponseWriter, r *http.Request) {
		var wanted Quirks
		if !read(w, r, &wanted) {
			return
		}
		if wanted.Keys != "" && wanted.Keys != keysFail && wanted.Keys != keysHang {
			http.Error(w, fmt.Sprintf("keys %q is none of fail, hang", wanted.Keys), http.StatusBadRequest)
			return
		}
		p.mu.Lock()
		p.quirks = wanted
		p.mu.Unlock()
	})
	mux.HandleFunc("POST /keys", func(w http.ResponseWriter, r *http.Request) {
		var wish struct{ Do string }
		if !read(w, r, &wish) {
			return
		}
		if err := p.turn(wish.Do); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	return mux
}

func (p *OP) turn(wish string) error {
	switch wish {
	case "announce":
		return p.ring.announce()
	case "rotate":
		return p.ring.rotate()
	case "forget":
		return p.ring.forget()
	}
	return fmt.Errorf("%q is none of announce, rotate, forget", wish)
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}
