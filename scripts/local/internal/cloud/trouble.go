package cloud

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Trouble is what a service does instead of its work, until told otherwise.
type Trouble struct {
	Service string `json:"service"` // sts, signin or kms
	Kind    string `json:"kind"`    // "": none any more
}

// kindsOfTrouble are ways in which a service answers too late or nonsense.
func kindsOfTrouble() map[string]http.HandlerFunc {
	const half = `{"RequestId":"4AD8A08A","SigninToken":"cut`
	return map[string]http.HandlerFunc{
		"hang": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"drip": drip,
		"page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html><body>a proxy's page</body></html>")
		},
		"empty": func(http.ResponseWriter, *http.Request) {},
		"null":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "null") },
		"half":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, half) },
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4096") // net/http hangs up when less was written
			_, _ = io.WriteString(w, half)
		},
		"error": func(w http.ResponseWriter, _ *http.Request) {
			writeFault(w, stsHost, newRequestID(), false, refuse(http.StatusInternalServerError, "InternalError", "STS Server Internal Error happened."))
		},
		"lie": lie,
		"throttling": func(w http.ResponseWriter, _ *http.Request) {
			writeFault(w, stsHost, newRequestID(), false, refuse(http.StatusBadRequest, "Throttling.User", "Request was denied due to user flow control."))
		},
	}
}

// drip begins an answer that never ends: each byte comes in time.
func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// troubles holds the trouble of each service.
type troubles struct {
	mu sync.Mutex
	of map[string]http.HandlerFunc
}

// at lets a service do its work where there is no trouble.
func (t *troubles) at(service string, work http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.mu.Lock()
		trouble := t.of[service]
		t.mu.Unlock()
		if trouble == nil {
			work.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)) // or net/http would not notice that the caller left
		trouble(w, r)
	})
}

// Troubles returns the handler by which tests make trouble: POST one as JSON. It
// belongs on the admin address only.
func (c *Cloud) Troubles() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var wish Trouble
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&wish); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		trouble, known := kindsOfTrouble()[wish.Kind]
		if !slices.Contains([]string{"sts", "signin", "kms"}, wish.Service) || !known && wish.Kind != "" {
			http.Error(w, fmt.Sprintf("no trouble %q of service %q", wish.Kind, wish.Service), http.StatusBadRequest)
			return
		}
		c.troubles.mu.Lock()
		defer c.troubles.mu.Unlock()
		c.troubles.of[wish.Service] = trouble
	})
}
