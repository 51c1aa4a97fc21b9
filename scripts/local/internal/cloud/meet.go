package cloud

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// troubles holds the trouble of each service and its shares, and how many requests met
// them.
type troubles struct {
	accountOf func(accessKeyID string) string

	mu     sync.Mutex
	of     map[string]*Trouble
	shares map[string][]*share
	count  map[string]int // by service
	kinds  map[string]int // by service and kind
}

// share is a trouble for some of the requests.
type share struct {
	Trouble
	seen int // requests that counted
}

func newTroubles() *troubles {
	return &troubles{of: map[string]*Trouble{}, shares: map[string][]*share{}, count: map[string]int{}, kinds: map[string]int{}}
}

func (t *troubles) make(wish Trouble) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case wish.Kind == "":
		delete(t.of, wish.Service)
		delete(t.shares, wish.Service)
	case wish.Percent == 0:
		t.of[wish.Service] = &wish
	default:
		others := slices.DeleteFunc(t.shares[wish.Service], func(s *share) bool { return s.Kind == wish.Kind })
		t.shares[wish.Service] = append(others, &share{Trouble: wish})
	}
}

// at lets a service do its work where there is no trouble.
func (t *troubles) at(service string, work http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch kind := t.meet(service, r); kind {
		case "":
			work.ServeHTTP(w, r)
		case lost:
			work.ServeHTTP(nowhere{}, r)
			panic(http.ErrAbortHandler) // net/http's word for: hang up
		default:
			_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)) // or net/http would not notice that the caller left
			kindsOfTrouble()[kind](w, r)
		}
	})
}

// nowhere takes an answer that will not arrive.
type nowhere struct{}

func (nowhere) Header() http.Header { return http.Header{} }

func (nowhere) Write(text []byte) (int, error) { return len(text), nil }

func (nowhere) WriteHeader(int) {}

// meet gives the kind of trouble that a request meets, "" for none.
func (t *troubles) meet(service string, r *http.Request) string {
	if !t.any(service) {
		return ""
	}
	q := peek(r)
	account := t.accountOf(q.accessKeyID())
	t.mu.Lock()
	defer t.mu.Unlock()
	kind := t.single(service, q, account)
	for _, s := range t.shares[service] {
		if kind == "" && s.counts(q, account) && s.hits() {
			kind = s.Kind
		}
	}
	if kind != "" {
		t.count[service]++
		t.kinds[service+" "+kind]++
	}
	return kind
}

// single gives the kind of the trouble that is no share.
func (t *troubles) single(service string, q rpcRequest, account string) string {
	trouble := t.of[service]
	switch {
	case trouble == nil || !trouble.counts(q, account):
		return ""
	case trouble.After > 1:
		trouble.After--
		return ""
	case trouble.After == 1 && !trouble.Lasting:
		delete(t.of, service)
	}
	return trouble.Kind
}

// counts answers whether a request is of those that may meet it.
func (t Trouble) counts(q rpcRequest, account string) bool {
	return (!t.Writes || writes(q.action())) && (t.Account == "" || t.Account == account)
}

// hits draws for the next request. It would be a poor share that met every twentieth:
// always the same step of who takes five.
func (s *share) hits() bool {
	s.seen++
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %d", s.Seed, s.Service, s.Kind, s.seen))
	return binary.BigEndian.Uint64(sum[:8])%100 < uint64(s.Percent) //nolint:gosec // 1 to 100
}

func (t *troubles) any(service string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of[service] != nil || len(t.shares[service]) > 0
}

func (t *troubles) met() (count, kinds map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.count), maps.Clone(t.kinds)
}

// peek reads of a request that is yet to be served who signs it and what it asks for.
func peek(r *http.Request) rpcRequest {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody)) // what cannot be read now cannot be read later
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	q := rpcRequest{header: r.Header, params: r.URL.Query()}
	form, err := parseForm(r.Header.Get("Content-Type"), body)
	if err != nil {
		form = url.Values{}
	}
	for name, values := range form {
		q.params[name] = append(q.params[name], values...)
	}
	return q
}

func (q rpcRequest) accessKeyID() string {
	if parts := acs3Authorization.FindStringSubmatch(q.header.Get("Authorization")); parts != nil {
		return parts[1]
	}
	return q.params.Get("AccessKeyId")
}
