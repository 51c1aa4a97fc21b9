package cloud

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync"
)

// troubles holds the trouble of each service, and how many requests met it.
type troubles struct {
	accountOf func(accessKeyID string) string

	mu    sync.Mutex
	of    map[string]*Trouble
	count map[string]int
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
	trouble := t.of[service]
	switch {
	case trouble == nil || trouble.Writes && !writes(q.action()) || trouble.Account != "" && trouble.Account != account:
		return ""
	case trouble.After > 1:
		trouble.After--
		return ""
	case trouble.After == 1 && !trouble.Lasting:
		delete(t.of, service)
	}
	t.count[service]++
	return trouble.Kind
}

func (t *troubles) any(service string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of[service] != nil
}

func (t *troubles) met() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.count)
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
